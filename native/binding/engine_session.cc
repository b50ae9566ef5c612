#include "native/binding/engine_session.h"

#include "native/binding/addon_state.h"
#include "native/binding/guarded.h"

namespace close_notify::binding {
namespace {

// Bytes that one SSL_SESSION costs outside of the JavaScript heap, roughly.
constexpr size_t kExternalBytes = 6 * 1024;

}  // namespace

Napi::Function EngineSession::define(Napi::Env env) {
  return DefineClass(env, "EngineSession",
                     {
                         method<EngineSession, &EngineSession::is_resumable>("isResumable"),
                         method<EngineSession, &EngineSession::to_bytes>("toBytes"),
                         method<EngineSession, &EngineSession::free>("free"),
                         method<EngineSession, &EngineSession::is_freed>("isFreed"),
                     });
}

Napi::Value EngineSession::wrap(Napi::Env env, const std::shared_ptr<engine::Session>& session) {
  // The constructor copies the pointer before this frame ends.
  auto share = session;
  return engine_state(env).session.New({Napi::External<std::shared_ptr<engine::Session>>::New(env, &share)});
}

EngineSession::EngineSession(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    throw invalid_argument(info.Env(), "a session is made by getSession() and sessionFrom() only");
  }
  session_ = *info[0].As<Napi::External<std::shared_ptr<engine::Session>>>().Data();
  reported_.report(info.Env(), kExternalBytes);
}

EngineSession::~EngineSession() { reported_.report(Env(), 0); }

const engine::Session& EngineSession::live(Napi::Env env) const {
  if (session_ == nullptr) throw freed(env, "this SSL_SESSION");
  return *session_;
}

Napi::Value EngineSession::is_resumable(const Napi::CallbackInfo& info) {
  const engine::Session& session = live(info.Env());
  const bool resumable = require(info.Env(), session.library(), "SSL_SESSION_is_resumable", session.is_resumable());
  return Napi::Boolean::New(info.Env(), resumable);
}

Napi::Value EngineSession::to_bytes(const Napi::CallbackInfo& info) {
  return binding::to_bytes(info.Env(), live(info.Env()).to_bytes());
}

void EngineSession::free(const Napi::CallbackInfo& info) {
  session_.reset();
  reported_.report(info.Env(), 0);
}

Napi::Value EngineSession::is_freed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), session_ == nullptr);
}

}  // namespace close_notify::binding
