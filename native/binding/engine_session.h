// The JavaScript view of an SSL_SESSION.
#pragma once

#include <napi.h>

#include <memory>

#include "native/binding/engine.h"
#include "native/engine/session.h"

namespace close_notify::binding {

class EngineSession : public Napi::ObjectWrap<EngineSession> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value wrap(Napi::Env env, const std::shared_ptr<engine::Session>& session);

  explicit EngineSession(const Napi::CallbackInfo& info);
  ~EngineSession() override;

  // Throws the typed error when it was freed.
  const engine::Session& live(Napi::Env env) const;

 private:
  Napi::Value is_resumable(const Napi::CallbackInfo& info);
  Napi::Value to_bytes(const Napi::CallbackInfo& info);
  void free(const Napi::CallbackInfo& info);
  Napi::Value is_freed(const Napi::CallbackInfo& info);

  ReportedMemory reported_;
  std::shared_ptr<engine::Session> session_;
};

}  // namespace close_notify::binding
