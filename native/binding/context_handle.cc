#include "native/binding/context_handle.h"

#include "native/binding/addon_state.h"
#include "native/binding/guarded.h"

namespace close_notify::binding {

Napi::Function ContextHandle::define(Napi::Env env) {
  return DefineClass(env, "ContextHandle",
                     {
                         method<ContextHandle, &ContextHandle::get_quiet_shutdown>("getQuietShutdown"),
                         method<ContextHandle, &ContextHandle::set_quiet_shutdown>("setQuietShutdown"),
                     });
}

Napi::Value ContextHandle::capture(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto* state = env.GetInstanceData<AddonState>();
  if (info.Length() != 1 || !info[0].IsFunction()) throw invalid_argument(env, "Expected a function to run");
  if (state->registry == nullptr) throw invalid_argument(env, "Expected a runtime with OpenSSL");
  const node::ContextCapture capture;
  info[0].As<Napi::Function>().Call({});
  auto handles = Napi::Array::New(env);
  for (uint32_t i = 0; i < capture.captured().size(); i++) {
    auto share = capture.captured()[i];
    handles[i] = state->context_handle.New({Napi::External<std::shared_ptr<node::CapturedContext>>::New(env, &share)});
  }
  return handles;
}

ContextHandle::ContextHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    throw invalid_argument(info.Env(), "ContextHandle is made by captureContexts() only");
  }
  captured_ = *info[0].As<Napi::External<std::shared_ptr<node::CapturedContext>>>().Data();
}

Napi::Value ContextHandle::get_quiet_shutdown(const Napi::CallbackInfo& info) {
  const auto& openssl = info.Env().GetInstanceData<AddonState>()->registry->openssl();
  return Napi::Boolean::New(info.Env(), openssl.SSL_CTX_get_quiet_shutdown(live(info)) != 0);
}

void ContextHandle::set_quiet_shutdown(const Napi::CallbackInfo& info) {
  if (info.Length() != 1 || !info[0].IsBoolean()) {
    throw invalid_argument(info.Env(), "Expected a boolean for quiet shutdown");
  }
  const auto& openssl = info.Env().GetInstanceData<AddonState>()->registry->openssl();
  openssl.SSL_CTX_set_quiet_shutdown(live(info), info[0].As<Napi::Boolean>().Value() ? 1 : 0);
}

openssl::SslCtx* ContextHandle::live(const Napi::CallbackInfo& info) const {
  if (captured_->context == nullptr) {
    throw coded_error(info.Env(), "ERR_CLOSURE_CLOSED", "OpenSSL has freed this context");
  }
  return captured_->context;
}

}  // namespace close_notify::binding
