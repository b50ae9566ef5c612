#include "native/binding/engine_ssl.h"

#include <algorithm>
#include <climits>

#include "native/binding/addon_state.h"
#include "native/binding/engine_session.h"
#include "native/binding/engine_ssl_context.h"
#include "native/binding/guarded.h"

namespace close_notify::binding {
namespace {

namespace call = openssl::function;

const char* event_name(engine::EventKind kind) {
  switch (kind) {
    case engine::EventKind::kAlert: return "alert";
    case engine::EventKind::kHandshake: return "handshake";
    case engine::EventKind::kChangeCipherSpec: return "change_cipher_spec";
    case engine::EventKind::kKeylog: return "keylog";
    case engine::EventKind::kNewSession: return "new_session";
  }
  return "unknown";
}

Napi::Object to_object(Napi::Env env, const engine::Event& event) {
  auto object = Napi::Object::New(env);
  object["kind"] = event_name(event.kind);
  object["at"] = static_cast<double>(event.at_ns) / 1e6;
  switch (event.kind) {
    case engine::EventKind::kNewSession:
      if (!event.bytes.empty()) object["der"] = to_bytes(env, event.bytes);
      break;
    case engine::EventKind::kKeylog: object["line"] = std::string(event.bytes.begin(), event.bytes.end()); break;
    case engine::EventKind::kAlert:
    case engine::EventKind::kHandshake:
    case engine::EventKind::kChangeCipherSpec:
      object["sent"] = event.sent;
      object["version"] = event.version;
      object["recordVersion"] = event.record_version;
      // A connection has two alerts, as it closes: an array of bytes takes longer than all else of one.
      if (event.kind == engine::EventKind::kAlert) {
        object["level"] = event.bytes.size() > 0 ? event.bytes[0] : 0;
        object["code"] = event.bytes.size() > 1 ? event.bytes[1] : 0;
      } else {
        object["bytes"] = to_bytes(env, event.bytes);
      }
      break;
  }
  return object;
}

Napi::Value to_string_or_undefined(Napi::Env env, const std::optional<std::string>& text) {
  return text.has_value() ? Napi::Value(Napi::String::New(env, *text)) : env.Undefined();
}

Napi::Array to_array(Napi::Env env, const std::vector<std::vector<uint8_t>>& certificates) {
  auto array = Napi::Array::New(env, certificates.size());
  for (uint32_t i = 0; i < certificates.size(); i++) array[i] = to_bytes(env, certificates[i]);
  return array;
}

Napi::Value to_value(Napi::Env env, int number) { return Napi::Number::New(env, number); }
Napi::Value to_value(Napi::Env env, const char* text) {
  return text == nullptr ? env.Undefined() : Napi::Value(Napi::String::New(env, text));
}

}  // namespace

template <typename Function>
Napi::Value EngineSsl::move(const Napi::CallbackInfo& info) {
  engine::Ssl& ssl = live(info);
  return answer(info, supported(info, Function::kName, ssl.move<Function>()));
}

template <typename Function>
Napi::Value EngineSsl::ask(const Napi::CallbackInfo& info) {
  return to_value(info.Env(), supported(info, Function::kName, live(info).ask<Function>()));
}

template <typename Function>
Napi::Value EngineSsl::ask_whether(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), supported(info, Function::kName, live(info).ask<Function>()) != 0);
}

Napi::Function EngineSsl::define(Napi::Env env) {
  return DefineClass(
      env, "EngineSsl",
      {
          method<EngineSsl, &EngineSsl::move<call::SSL_do_handshake>>("doHandshake"),
          method<EngineSsl, &EngineSsl::peek>("peek"),
          method<EngineSsl, &EngineSsl::shutdown_ex>("shutdownEx"),
          method<EngineSsl, &EngineSsl::key_update>("keyUpdate"),
          method<EngineSsl, &EngineSsl::move<call::SSL_renegotiate>>("renegotiate"),
          method<EngineSsl, &EngineSsl::move<call::SSL_verify_client_post_handshake>>("verifyClientPostHandshake"),
          method<EngineSsl, &EngineSsl::set_session>("setSession"),
          method<EngineSsl, &EngineSsl::set_servername>("setServername"),
          method<EngineSsl, &EngineSsl::set_verify_host>("setVerifyHost"),
          method<EngineSsl, &EngineSsl::receive_eof>("receiveEof"),
          method<EngineSsl, &EngineSsl::input_pending>("inputPending"),
          method<EngineSsl, &EngineSsl::output_pending>("outputPending"),
          method<EngineSsl, &EngineSsl::set_output_limit>("setOutputLimit"),
          method<EngineSsl, &EngineSsl::ask<call::SSL_get_shutdown>>("getShutdown"),
          method<EngineSsl, &EngineSsl::set_shutdown>("setShutdown"),
          method<EngineSsl, &EngineSsl::ask_whether<call::SSL_get_quiet_shutdown>>("getQuietShutdown"),
          method<EngineSsl, &EngineSsl::set_quiet_shutdown>("setQuietShutdown"),
          method<EngineSsl, &EngineSsl::ask<call::SSL_pending>>("pending"),
          method<EngineSsl, &EngineSsl::ask_whether<call::SSL_has_pending>>("hasPending"),
          method<EngineSsl, &EngineSsl::ask_whether<call::SSL_in_init>>("inInit"),
          method<EngineSsl, &EngineSsl::ask_whether<call::SSL_renegotiate_pending>>("renegotiatePending"),
          method<EngineSsl, &EngineSsl::ask<call::SSL_get_version>>("getVersion"),
          method<EngineSsl, &EngineSsl::ask<call::SSL_state_string_long>>("getStateString"),
          method<EngineSsl, &EngineSsl::ask<call::SSL_rstate_string>>("getRecordState"),
          method<EngineSsl, &EngineSsl::cipher_name>("getCipher"),
          method<EngineSsl, &EngineSsl::alpn_selected>("getAlpn"),
          method<EngineSsl, &EngineSsl::servername>("getServername"),
          method<EngineSsl, &EngineSsl::set_verify>("setVerify"),
          method<EngineSsl, &EngineSsl::verify_result>("getVerifyResult"),
          method<EngineSsl, &EngineSsl::ask<call::SSL_get_verify_mode>>("getVerifyMode"),
          method<EngineSsl, &EngineSsl::peer_certificate>("getPeerCertificate"),
          method<EngineSsl, &EngineSsl::certificate>("getCertificate"),
          method<EngineSsl, &EngineSsl::peer_chain>("getPeerChain"),
          method<EngineSsl, &EngineSsl::trusted_issuers>("getTrustedIssuers"),
          method<EngineSsl, &EngineSsl::hold_client_hello>("holdClientHello"),
          method<EngineSsl, &EngineSsl::client_hello>("getClientHello"),
          method<EngineSsl, &EngineSsl::answer_client_hello>("answerClientHello"),
          method<EngineSsl, &EngineSsl::export_keying_material>("exportKeyingMaterial"),
          method<EngineSsl, &EngineSsl::ask_whether<call::SSL_session_reused>>("sessionReused"),
          method<EngineSsl, &EngineSsl::get_session>("getSession"),
          method<EngineSsl, &EngineSsl::record_messages>("recordMessages"),
          method<EngineSsl, &EngineSsl::tell_tickets>("tellTickets"),
          method<EngineSsl, &EngineSsl::take_events>("takeEvents"),
          method<EngineSsl, &EngineSsl::events_dropped>("eventsDropped"),
          method<EngineSsl, &EngineSsl::take_queue>("takeQueue"),
          accessor<EngineSsl, &EngineSsl::id>("id"),
          method<EngineSsl, &EngineSsl::free>("free"),
          method<EngineSsl, &EngineSsl::is_freed>("isFreed"),
      });
}

Napi::Value EngineSsl::create(Napi::Env env, const std::shared_ptr<engine::SslContext>& context) {
  auto ssl = engine::Ssl::create(context);
  if (ssl == nullptr) {
    static_cast<void>(context->take_queue());
    throw coded_error(env, "ERR_OPENSSL_CALL_FAILED", "SSL_new failed");
  }
  return engine_state(env).ssl.New({Napi::External<std::unique_ptr<engine::Ssl>>::New(env, &ssl)});
}

EngineSsl::EngineSsl(const Napi::CallbackInfo& info)
    : ObjectWrap(info), state_(engine_state(info.Env())), table_(state_.ssls) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    throw invalid_argument(info.Env(), "an SSL is made by createSsl() only");
  }
  id_ = table_->add(this);
  ssl_ = std::move(*info[0].As<Napi::External<std::unique_ptr<engine::Ssl>>>().Data());
  called(info.Env());
}

EngineSsl::~EngineSsl() {
  table_->remove(id_);
  release(Env());
}

// --- Calls that can move the state machine ---

Napi::Value EngineSsl::peek(const Napi::CallbackInfo& info) {
  engine::Ssl& ssl = live(info);
  const auto length = static_cast<size_t>(integer_argument(info, 0, INT_MAX));
  const int result = ssl.peek(state_.plaintext.first(std::min(length, state_.plaintext.size())));
  return answer(info, result, static_cast<size_t>(std::max(result, 0)));
}

Napi::Value EngineSsl::shutdown_ex(const Napi::CallbackInfo& info) {
  engine::Ssl& ssl = live(info);
  const auto flags = static_cast<uint64_t>(integer_argument(info, 0, INT_MAX));
  return answer(info, supported(info, "SSL_shutdown_ex", ssl.shutdown_ex(flags)));
}

Napi::Value EngineSsl::key_update(const Napi::CallbackInfo& info) {
  engine::Ssl& ssl = live(info);
  const int type = static_cast<int>(integer_argument(info, 0, INT_MAX));
  return answer(info, supported(info, "SSL_key_update", ssl.key_update(type)));
}

Napi::Value EngineSsl::set_session(const Napi::CallbackInfo& info) {
  engine::Ssl& ssl = live(info);
  if (!info[0].IsObject() || !info[0].As<Napi::Object>().InstanceOf(state_.session.Value())) {
    throw invalid_argument(info.Env(), "expected a session");
  }
  const engine::Session& session = EngineSession::Unwrap(info[0].As<Napi::Object>())->live(info.Env());
  if (&session.library() != &ssl.context().library()) {
    throw invalid_argument(info.Env(),
                           "expected a session of the library of this SSL, received one of another library");
  }
  const auto result = ssl.set_session(session);
  if (!result.has_value()) {
    throw coded_error(info.Env(), "ERR_OPENSSL_STATE",
                      "SSL_set_session is for a client before its handshake has begun");
  }
  return answer(info, *result);
}

Napi::Value EngineSsl::set_servername(const Napi::CallbackInfo& info) {
  engine::Ssl& ssl = live(info);
  return answer(info, supported(info, "SSL_set_tlsext_host_name", ssl.set_servername(string_argument(info, 0))));
}

Napi::Value EngineSsl::set_verify_host(const Napi::CallbackInfo& info) {
  engine::Ssl& ssl = live(info);
  return answer(info, supported(info, "SSL_set1_host", ssl.set_verify_host(string_argument(info, 0))));
}

// --- The transport ---

void EngineSsl::receive_eof(const Napi::CallbackInfo& info) { live(info).transport().end(); }

Napi::Value EngineSsl::input_pending(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(live(info).transport().input_pending()));
}

Napi::Value EngineSsl::output_pending(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(live(info).transport().output_pending()));
}

void EngineSsl::set_output_limit(const Napi::CallbackInfo& info) {
  live(info).transport().set_output_limit(static_cast<size_t>(integer_argument(info, 0, INT_MAX)));
}

// --- State ---

void EngineSsl::set_shutdown(const Napi::CallbackInfo& info) {
  engine::Ssl& ssl = live(info);
  constexpr int kBoth = openssl::kSentShutdown | openssl::kReceivedShutdown;
  const int mask = static_cast<int>(integer_argument(info, 0, kBoth));
  if (!ssl.set_shutdown(mask)) {
    throw coded_error(info.Env(), "ERR_OPENSSL_STATE",
                      "SSL_set_shutdown(" + std::to_string(mask) + ") would clear a flag of " +
                          std::to_string(ssl.get_shutdown()) + ": this build asserts that flags are only added");
  }
}

void EngineSsl::set_quiet_shutdown(const Napi::CallbackInfo& info) {
  live(info).set_quiet_shutdown(boolean_argument(info, 0));
}

Napi::Value EngineSsl::cipher_name(const Napi::CallbackInfo& info) {
  return to_string_or_undefined(info.Env(), live(info).cipher_name());
}

Napi::Value EngineSsl::alpn_selected(const Napi::CallbackInfo& info) {
  return to_string_or_undefined(info.Env(), live(info).alpn_selected());
}

Napi::Value EngineSsl::servername(const Napi::CallbackInfo& info) {
  return to_string_or_undefined(info.Env(), live(info).servername());
}

void EngineSsl::set_verify(const Napi::CallbackInfo& info) {
  live(info).set_verify(static_cast<int>(integer_argument(info, 0, 0xf)), boolean_argument(info, 1));
}

Napi::Value EngineSsl::verify_result(const Napi::CallbackInfo& info) {
  const engine::Ssl& ssl = live(info);
  auto answer = Napi::Object::New(info.Env());
  answer["code"] = static_cast<double>(ssl.verify_result());
  answer["text"] = ssl.verify_result_text();
  return answer;
}

Napi::Value EngineSsl::peer_certificate(const Napi::CallbackInfo& info) {
  const auto der = supported(info, "SSL_get1_peer_certificate", live(info).peer_certificate());
  return der.empty() ? info.Env().Undefined() : to_bytes(info.Env(), der);
}

Napi::Value EngineSsl::certificate(const Napi::CallbackInfo& info) {
  const auto der = live(info).certificate();
  return der.has_value() ? to_bytes(info.Env(), *der) : info.Env().Undefined();
}

Napi::Value EngineSsl::peer_chain(const Napi::CallbackInfo& info) {
  return to_array(info.Env(), live(info).peer_chain());
}

Napi::Value EngineSsl::trusted_issuers(const Napi::CallbackInfo& info) {
  return to_array(info.Env(), supported(info, "X509_STORE_CTX_get1_issuer", live(info).trusted_issuers()));
}

Napi::Value EngineSsl::export_keying_material(const Napi::CallbackInfo& info) {
  engine::Ssl& ssl = live(info);
  constexpr double kMaxMaterial = 64 * 1024;
  const auto length = static_cast<size_t>(integer_argument(info, 0, kMaxMaterial));
  const std::string label = string_argument(info, 1);
  std::optional<std::span<const uint8_t>> context;
  if (!is_absent(info, 2)) context = bytes_argument(info, 2);
  const auto material = ssl.export_keying_material(length, label, context);
  if (!material.has_value()) {
    throw coded_error(info.Env(), "ERR_OPENSSL_STATE",
                      "SSL_export_keying_material is for when the handshake has brought the keys");
  }
  static_cast<void>(answer(info, material->empty() ? 0 : 1));
  return material->empty() ? info.Env().Undefined() : to_bytes(info.Env(), *material);
}

Napi::Value EngineSsl::get_session(const Napi::CallbackInfo& info) {
  const auto session = live(info).get_session();
  return session == nullptr ? info.Env().Undefined() : EngineSession::wrap(info.Env(), session);
}

// --- The ClientHello ---

void EngineSsl::hold_client_hello(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  switch (live(info).hold_client_hello()) {
    case engine::Ssl::Holding::kDone: return;
    case engine::Ssl::Holding::kLacking:
      throw unsupported_call(env, ssl_->context().library(), "SSL_CTX_set_client_hello_cb");
    case engine::Ssl::Holding::kTooLate:
      throw coded_error(env, "ERR_OPENSSL_STATE", "a ClientHello is held by a server before its handshake has begun");
  }
}

Napi::Value EngineSsl::client_hello(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto& hello = live(info).client_hello();
  if (!hello.has_value()) return env.Undefined();
  auto answer = Napi::Object::New(env);
  if (hello->server_name.has_value()) answer["serverName"] = to_bytes(env, *hello->server_name);
  if (hello->alpn.has_value()) answer["alpn"] = to_bytes(env, *hello->alpn);
  return answer;
}

Napi::Value EngineSsl::answer_client_hello(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  engine::Ssl& ssl = live(info);
  std::shared_ptr<engine::SslContext> context;
  if (!is_absent(info, 0)) {
    if (!info[0].IsObject() || !info[0].As<Napi::Object>().InstanceOf(state_.ssl_context.Value())) {
      throw invalid_argument(env, "expected a context");
    }
    context = EngineSslContext::Unwrap(info[0].As<Napi::Object>())->shared(env);
    if (&context->library() != &ssl.context().library() || !context->is_server()) {
      throw invalid_argument(env, "expected a server's context of the library of this SSL");
    }
  }
  std::optional<std::vector<uint8_t>> alpn;
  if (!is_absent(info, 1)) alpn = copied_argument(info, 1);
  if (alpn.has_value() && alpn->size() > UCHAR_MAX) throw invalid_argument(env, "expected at most 255 bytes");
  const auto result = ssl.answer_client_hello(std::move(context), std::move(alpn));
  if (!result.has_value()) throw coded_error(env, "ERR_OPENSSL_STATE", "no ClientHello waits for its answer");
  return answer(info, *result);
}

// --- Events and errors ---

void EngineSsl::record_messages(const Napi::CallbackInfo& info) { live(info).events().record_messages(); }

void EngineSsl::tell_tickets(const Napi::CallbackInfo& info) { live(info).tell_tickets(boolean_argument(info, 0)); }

Napi::Value EngineSsl::take_events(const Napi::CallbackInfo& info) {
  const auto events = live(info).events().take();
  auto array = Napi::Array::New(info.Env(), events.size());
  for (uint32_t i = 0; i < events.size(); i++) array[i] = to_object(info.Env(), events[i]);
  return array;
}

Napi::Value EngineSsl::events_dropped(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(live(info).events().dropped()));
}

Napi::Value EngineSsl::take_queue(const Napi::CallbackInfo& info) {
  return to_queue(info.Env(), live(info).take_queue());
}

Napi::Value EngineSsl::id(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), id_); }

void EngineSsl::free(const Napi::CallbackInfo& info) { release(info.Env()); }

Napi::Value EngineSsl::is_freed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), ssl_ == nullptr);
}

engine::Ssl& EngineSsl::live(const Napi::CallbackInfo& info) const {
  if (ssl_ == nullptr) throw freed(info.Env(), "this SSL");
  return *ssl_;
}

void EngineSsl::release(Napi::Env env) {
  ssl_.reset();
  called(env);
}

// The peer's stream has not ended.
void EngineSsl::require_open(Napi::Env env) const {
  if (ssl_->transport().ended()) throw coded_error(env, "ERR_OPENSSL_STATE", "bytes were received after receiveEof()");
}

Napi::Value EngineSsl::answer(const Napi::CallbackInfo& info, int result, size_t plaintext, size_t output) const {
  note(result, plaintext, output);
  return Napi::Number::New(info.Env(), result);
}

template <typename T>
T EngineSsl::supported(const Napi::CallbackInfo& info, const char* call, const std::optional<T>& result) const {
  return require(info.Env(), ssl_->context().library(), call, result);
}

}  // namespace close_notify::binding
