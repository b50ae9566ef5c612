// The JavaScript view of an SSL_CTX of the engine: one call of OpenSSL each.
#pragma once

#include <napi.h>

#include <memory>

#include "native/binding/engine.h"
#include "native/engine/ssl_context.h"

namespace close_notify::binding {

class EngineSslContext : public Napi::ObjectWrap<EngineSslContext> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value create(Napi::Env env, const openssl::Library& library, bool is_server);

  explicit EngineSslContext(const Napi::CallbackInfo& info);
  ~EngineSslContext() override;

  // Throws once it is freed.
  const std::shared_ptr<engine::SslContext>& shared(Napi::Env env) const;

 private:
  Napi::Value use_certificate_chain(const Napi::CallbackInfo& info);
  Napi::Value use_private_key(const Napi::CallbackInfo& info);
  Napi::Value check_private_key(const Napi::CallbackInfo& info);
  Napi::Value add_trusted(const Napi::CallbackInfo& info);
  Napi::Value set_default_verify_paths(const Napi::CallbackInfo& info);
  void set_verify(const Napi::CallbackInfo& info);
  Napi::Value set_min_proto_version(const Napi::CallbackInfo& info);
  Napi::Value set_max_proto_version(const Napi::CallbackInfo& info);
  Napi::Value set_cipher_list(const Napi::CallbackInfo& info);
  Napi::Value set_ciphersuites(const Napi::CallbackInfo& info);
  Napi::Value set_groups_list(const Napi::CallbackInfo& info);
  Napi::Value set_alpn(const Napi::CallbackInfo& info);
  void set_session_cache_mode(const Napi::CallbackInfo& info);
  Napi::Value set_session_id_context(const Napi::CallbackInfo& info);
  Napi::Value set_num_tickets(const Napi::CallbackInfo& info);
  void set_options(const Napi::CallbackInfo& info);
  void set_mode(const Napi::CallbackInfo& info);
  void set_read_ahead(const Napi::CallbackInfo& info);
  void set_post_handshake_auth(const Napi::CallbackInfo& info);
  void record_keylog(const Napi::CallbackInfo& info);
  Napi::Value get_quiet_shutdown(const Napi::CallbackInfo& info);
  void set_quiet_shutdown(const Napi::CallbackInfo& info);
  Napi::Value create_ssl(const Napi::CallbackInfo& info);
  Napi::Value take_queue(const Napi::CallbackInfo& info);
  void free(const Napi::CallbackInfo& info);
  Napi::Value is_freed(const Napi::CallbackInfo& info);

  engine::SslContext& live(const Napi::CallbackInfo& info) const;

  template <typename T>
  T supported(const Napi::CallbackInfo& info, const char* call, const std::optional<T>& result) const;

  ReportedMemory reported_;
  std::shared_ptr<engine::SslContext> context_;
};

}  // namespace close_notify::binding
