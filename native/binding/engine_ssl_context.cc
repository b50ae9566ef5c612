#include "native/binding/engine_ssl_context.h"

#include <climits>

#include "native/binding/addon_state.h"
#include "native/binding/engine_ssl.h"
#include "native/binding/guarded.h"

namespace close_notify::binding {
namespace {

// Bytes that one SSL_CTX costs outside of the JavaScript heap, roughly.
constexpr size_t kExternalBytes = 20 * 1024;

constexpr double kMaxSafeInteger = 9007199254740991;

Napi::Value to_number(const Napi::CallbackInfo& info, int result) { return Napi::Number::New(info.Env(), result); }

}  // namespace

Napi::Function EngineSslContext::define(Napi::Env env) {
  return DefineClass(env, "EngineSslContext",
                     {
                         method<EngineSslContext, &EngineSslContext::use_certificate_chain>("useCertificateChain"),
                         method<EngineSslContext, &EngineSslContext::use_private_key>("usePrivateKey"),
                         method<EngineSslContext, &EngineSslContext::check_private_key>("checkPrivateKey"),
                         method<EngineSslContext, &EngineSslContext::add_trusted>("addTrusted"),
                         method<EngineSslContext, &EngineSslContext::set_default_verify_paths>("setDefaultVerifyPaths"),
                         method<EngineSslContext, &EngineSslContext::set_verify>("setVerify"),
                         method<EngineSslContext, &EngineSslContext::set_min_proto_version>("setMinProtoVersion"),
                         method<EngineSslContext, &EngineSslContext::set_max_proto_version>("setMaxProtoVersion"),
                         method<EngineSslContext, &EngineSslContext::set_cipher_list>("setCipherList"),
                         method<EngineSslContext, &EngineSslContext::set_ciphersuites>("setCiphersuites"),
                         method<EngineSslContext, &EngineSslContext::set_groups_list>("setGroupsList"),
                         method<EngineSslContext, &EngineSslContext::set_alpn>("setAlpn"),
                         method<EngineSslContext, &EngineSslContext::set_session_cache_mode>("setSessionCacheMode"),
                         method<EngineSslContext, &EngineSslContext::set_session_id_context>("setSessionIdContext"),
                         method<EngineSslContext, &EngineSslContext::set_num_tickets>("setNumTickets"),
                         method<EngineSslContext, &EngineSslContext::set_options>("setOptions"),
                         method<EngineSslContext, &EngineSslContext::set_mode>("setMode"),
                         method<EngineSslContext, &EngineSslContext::set_read_ahead>("setReadAhead"),
                         method<EngineSslContext, &EngineSslContext::set_post_handshake_auth>("setPostHandshakeAuth"),
                         method<EngineSslContext, &EngineSslContext::record_keylog>("recordKeylog"),
                         method<EngineSslContext, &EngineSslContext::get_quiet_shutdown>("getQuietShutdown"),
                         method<EngineSslContext, &EngineSslContext::set_quiet_shutdown>("setQuietShutdown"),
                         method<EngineSslContext, &EngineSslContext::create_ssl>("createSsl"),
                         method<EngineSslContext, &EngineSslContext::take_queue>("takeQueue"),
                         method<EngineSslContext, &EngineSslContext::free>("free"),
                         method<EngineSslContext, &EngineSslContext::is_freed>("isFreed"),
                     });
}

Napi::Value EngineSslContext::create(Napi::Env env, const openssl::Library& library, bool is_server) {
  auto context = engine::SslContext::create(library, is_server);
  if (context == nullptr) {
    static_cast<void>(openssl::drain_error_queue(library.functions()));
    throw coded_error(env, "ERR_OPENSSL_CALL_FAILED", "SSL_CTX_new failed");
  }
  return engine_state(env).ssl_context.New({Napi::External<std::shared_ptr<engine::SslContext>>::New(env, &context)});
}

EngineSslContext::EngineSslContext(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    throw invalid_argument(info.Env(), "a context is made by createContext() only");
  }
  context_ = *info[0].As<Napi::External<std::shared_ptr<engine::SslContext>>>().Data();
  reported_.report(info.Env(), kExternalBytes);
}

EngineSslContext::~EngineSslContext() { reported_.report(Env(), 0); }

const std::shared_ptr<engine::SslContext>& EngineSslContext::shared(Napi::Env env) const {
  if (context_ == nullptr) throw freed(env, "this SSL_CTX");
  return context_;
}

engine::SslContext& EngineSslContext::live(const Napi::CallbackInfo& info) const { return *shared(info.Env()); }

template <typename T>
T EngineSslContext::supported(const Napi::CallbackInfo& info, const char* call, const std::optional<T>& result) const {
  return require(info.Env(), context_->library(), call, result);
}

Napi::Value EngineSslContext::use_certificate_chain(const Napi::CallbackInfo& info) {
  return to_number(info, live(info).use_certificate_chain(copied_argument(info, 0)));
}

Napi::Value EngineSslContext::use_private_key(const Napi::CallbackInfo& info) {
  std::optional<std::string> passphrase;
  if (!is_absent(info, 1)) passphrase = string_argument(info, 1);
  return to_number(info, live(info).use_private_key(copied_argument(info, 0), passphrase));
}

Napi::Value EngineSslContext::check_private_key(const Napi::CallbackInfo& info) {
  return to_number(info, live(info).check_private_key());
}

Napi::Value EngineSslContext::add_trusted(const Napi::CallbackInfo& info) {
  return to_number(info, live(info).add_trusted(copied_argument(info, 0)));
}

Napi::Value EngineSslContext::set_default_verify_paths(const Napi::CallbackInfo& info) {
  return to_number(info, live(info).set_default_verify_paths());
}

void EngineSslContext::set_verify(const Napi::CallbackInfo& info) {
  live(info).set_verify(static_cast<int>(integer_argument(info, 0, 0xf)), boolean_argument(info, 1));
}

Napi::Value EngineSslContext::set_min_proto_version(const Napi::CallbackInfo& info) {
  const int version = static_cast<int>(integer_argument(info, 0, 0xffff));
  return to_number(info, supported(info, "SSL_CTX_set_min_proto_version", live(info).set_min_proto_version(version)));
}

Napi::Value EngineSslContext::set_max_proto_version(const Napi::CallbackInfo& info) {
  const int version = static_cast<int>(integer_argument(info, 0, 0xffff));
  return to_number(info, supported(info, "SSL_CTX_set_max_proto_version", live(info).set_max_proto_version(version)));
}

Napi::Value EngineSslContext::set_cipher_list(const Napi::CallbackInfo& info) {
  return to_number(info, live(info).set_cipher_list(string_argument(info, 0)));
}

Napi::Value EngineSslContext::set_ciphersuites(const Napi::CallbackInfo& info) {
  const std::string list = string_argument(info, 0);
  return to_number(info, supported(info, "SSL_CTX_set_ciphersuites", live(info).set_ciphersuites(list)));
}

Napi::Value EngineSslContext::set_groups_list(const Napi::CallbackInfo& info) {
  const std::string list = string_argument(info, 0);
  return to_number(info, supported(info, "SSL_CTX_set1_groups_list", live(info).set_groups_list(list)));
}

Napi::Value EngineSslContext::set_alpn(const Napi::CallbackInfo& info) {
  return to_number(info, live(info).set_alpn(copied_argument(info, 0)));
}

void EngineSslContext::set_session_cache_mode(const Napi::CallbackInfo& info) {
  const int mode = static_cast<int>(integer_argument(info, 0, 0xffff));
  supported(info, "SSL_CTX_set_session_cache_mode", live(info).set_session_cache_mode(mode));
}

Napi::Value EngineSslContext::set_session_id_context(const Napi::CallbackInfo& info) {
  return to_number(info, live(info).set_session_id_context(copied_argument(info, 0)));
}

Napi::Value EngineSslContext::set_num_tickets(const Napi::CallbackInfo& info) {
  const auto count = static_cast<size_t>(integer_argument(info, 0, INT_MAX));
  return to_number(info, supported(info, "SSL_CTX_set_num_tickets", live(info).set_num_tickets(count)));
}

void EngineSslContext::set_options(const Napi::CallbackInfo& info) {
  live(info).set_options(static_cast<uint64_t>(integer_argument(info, 0, kMaxSafeInteger)));
}

void EngineSslContext::set_mode(const Napi::CallbackInfo& info) {
  const auto bits = static_cast<uint32_t>(integer_argument(info, 0, INT_MAX));
  supported(info, "SSL_CTX_set_mode", live(info).set_mode(bits));
}

void EngineSslContext::set_read_ahead(const Napi::CallbackInfo& info) {
  const bool on = boolean_argument(info, 0);
  supported(info, "SSL_CTX_set_read_ahead", live(info).set_read_ahead(on));
}

void EngineSslContext::set_post_handshake_auth(const Napi::CallbackInfo& info) {
  const bool on = boolean_argument(info, 0);
  supported(info, "SSL_CTX_set_post_handshake_auth", live(info).set_post_handshake_auth(on));
}

void EngineSslContext::record_keylog(const Napi::CallbackInfo& info) { live(info).record_keylog(); }

Napi::Value EngineSslContext::get_quiet_shutdown(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), live(info).quiet_shutdown());
}

void EngineSslContext::set_quiet_shutdown(const Napi::CallbackInfo& info) {
  live(info).set_quiet_shutdown(boolean_argument(info, 0));
}

Napi::Value EngineSslContext::create_ssl(const Napi::CallbackInfo& info) {
  live(info);
  return EngineSsl::create(info.Env(), context_);
}

Napi::Value EngineSslContext::take_queue(const Napi::CallbackInfo& info) {
  return to_queue(info.Env(), live(info).take_queue());
}

void EngineSslContext::free(const Napi::CallbackInfo& info) {
  context_.reset();
  reported_.report(info.Env(), 0);
}

Napi::Value EngineSslContext::is_freed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), context_ == nullptr);
}

}  // namespace close_notify::binding
