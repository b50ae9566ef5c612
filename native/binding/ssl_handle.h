// The JavaScript view of one controlled SSL: OpenSSL's calls one for one, and the evidence. Every call checks that the
// SSL still lives; arguments are checked here too, for lib/ is not the only thing that can go wrong.
#pragma once

#include <napi.h>

#include <memory>

#include "native/node/observation.h"

namespace close_notify::binding {

class SslHandle : public Napi::ObjectWrap<SslHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object wrap(Napi::Env env, const std::shared_ptr<node::Observation>& observation);

  explicit SslHandle(const Napi::CallbackInfo& info);

 private:
  // Calls of OpenSSL
  Napi::Value ssl_shutdown(const Napi::CallbackInfo& info);
  Napi::Value get_shutdown(const Napi::CallbackInfo& info);
  void set_shutdown(const Napi::CallbackInfo& info);
  Napi::Value get_quiet_shutdown(const Napi::CallbackInfo& info);
  void set_quiet_shutdown(const Napi::CallbackInfo& info);
  Napi::Value get_context_quiet_shutdown(const Napi::CallbackInfo& info);
  Napi::Value in_init(const Napi::CallbackInfo& info);
  Napi::Value is_server(const Napi::CallbackInfo& info);
  Napi::Value version(const Napi::CallbackInfo& info);
  Napi::Value has_pending(const Napi::CallbackInfo& info);
  Napi::Value record_state(const Napi::CallbackInfo& info);
  Napi::Value input_pending(const Napi::CallbackInfo& info);
  Napi::Value output_pending(const Napi::CallbackInfo& info);
  Napi::Value output_total(const Napi::CallbackInfo& info);

  // The observation
  Napi::Value alive(const Napi::CallbackInfo& info);
  Napi::Value inside_callback(const Napi::CallbackInfo& info);
  Napi::Value shutdown_at_start(const Napi::CallbackInfo& info);
  Napi::Value alert_count(const Napi::CallbackInfo& info);
  Napi::Value alerts(const Napi::CallbackInfo& info);

  const openssl::NodeFunctions& openssl(const Napi::CallbackInfo& info) const;
  openssl::Ssl* live(const Napi::CallbackInfo& info) const;

  std::shared_ptr<node::Observation> observation_;
};

}  // namespace close_notify::binding
