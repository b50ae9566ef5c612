// The JavaScript view of one captured SSL_CTX.
#pragma once

#include <napi.h>

#include <memory>

#include "native/node/context_capture.h"

namespace close_notify::binding {

class ContextHandle : public Napi::ObjectWrap<ContextHandle> {
 public:
  static Napi::Function define(Napi::Env env);

  // Runs a JavaScript function and gives a handle for each SSL_CTX that it made.
  static Napi::Value capture(const Napi::CallbackInfo& info);

  explicit ContextHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value get_quiet_shutdown(const Napi::CallbackInfo& info);
  void set_quiet_shutdown(const Napi::CallbackInfo& info);

  openssl::SslCtx* live(const Napi::CallbackInfo& info) const;

  std::shared_ptr<node::CapturedContext> captured_;
};

}  // namespace close_notify::binding
