// The JavaScript view of an SSL of the engine. What there is to know of a call of OpenSSL stands in the status block of
// the environment, so that the common case makes no object at all.
//
// A call that a connection makes over and over is no method but a function of the SSL whose id stands there, too: a
// method would find its object by napi_unwrap, which searches JavaScript properties, and with what surrounds it that
// took as long as half an SSL_shutdown. To be given the id would take two more calls of Node-API.
#pragma once

#include <napi.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "native/binding/engine.h"
#include "native/engine/ssl.h"

namespace close_notify::binding {

class EngineSsl : public Napi::ObjectWrap<EngineSsl> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value create(Napi::Env env, const std::shared_ptr<engine::SslContext>& context);
  // Those functions.
  static Napi::Object define_calls(Napi::Env env);

  explicit EngineSsl(const Napi::CallbackInfo& info);
  ~EngineSsl() override;

  // After each call: tells the garbage collector what the SSL holds outside of the JavaScript heap, where that has
  // changed by much.
  void called(Napi::Env env) { reported_.report(env, ssl_ == nullptr ? 0 : kExternalBytes + ssl_->memory()); }

 private:
  // Bytes that one SSL costs outside the JavaScript heap besides those that wait in it, roughly: the garbage collector
  // cannot see it otherwise.
  static constexpr size_t kExternalBytes = 32 * 1024;

  // Functions of the SSL whose id stands in the status block, and of one argument or two for some
  static EngineSsl& of_status(Napi::Env env, const EngineState& state);
  template <auto call>
  static napi_value by_status(napi_env env, napi_callback_info info);
  template <auto call>
  static void define_call(Napi::Object calls, const char* name);
  void read(Napi::Env env, napi_value length);
  void write(Napi::Env env, napi_value bytes);
  void shutdown();
  void pump(Napi::Env env, napi_value bytes, napi_value into);
  void write_and_transmit(Napi::Env env, napi_value bytes, napi_value into);
  void shutdown_and_transmit();
  void receive(Napi::Env env, napi_value bytes);
  void transmit();
  void free_buffers();

  // Calls of openssl::function that take the SSL alone. What they are in JavaScript is said once, where the class is
  // defined: a move of the state machine, whose result is noted; or a question, answered as OpenSSL has it or by a
  // boolean.
  template <typename Function>
  Napi::Value move(const Napi::CallbackInfo& info);
  template <typename Function>
  Napi::Value ask(const Napi::CallbackInfo& info);
  template <typename Function>
  Napi::Value ask_whether(const Napi::CallbackInfo& info);

  // Other calls that can move the state machine
  Napi::Value peek(const Napi::CallbackInfo& info);
  Napi::Value shutdown_ex(const Napi::CallbackInfo& info);
  Napi::Value key_update(const Napi::CallbackInfo& info);
  Napi::Value set_session(const Napi::CallbackInfo& info);
  Napi::Value set_servername(const Napi::CallbackInfo& info);
  Napi::Value set_verify_host(const Napi::CallbackInfo& info);

  // The transport
  void receive_eof(const Napi::CallbackInfo& info);
  Napi::Value input_pending(const Napi::CallbackInfo& info);
  Napi::Value output_pending(const Napi::CallbackInfo& info);
  void set_output_limit(const Napi::CallbackInfo& info);

  // State
  void set_shutdown(const Napi::CallbackInfo& info);
  void set_quiet_shutdown(const Napi::CallbackInfo& info);
  Napi::Value cipher_name(const Napi::CallbackInfo& info);
  Napi::Value alpn_selected(const Napi::CallbackInfo& info);
  Napi::Value servername(const Napi::CallbackInfo& info);
  void set_verify(const Napi::CallbackInfo& info);
  Napi::Value verify_result(const Napi::CallbackInfo& info);
  Napi::Value peer_certificate(const Napi::CallbackInfo& info);
  Napi::Value certificate(const Napi::CallbackInfo& info);
  Napi::Value peer_chain(const Napi::CallbackInfo& info);
  Napi::Value trusted_issuers(const Napi::CallbackInfo& info);
  Napi::Value export_keying_material(const Napi::CallbackInfo& info);
  Napi::Value get_session(const Napi::CallbackInfo& info);

  // The ClientHello
  void hold_client_hello(const Napi::CallbackInfo& info);
  Napi::Value client_hello(const Napi::CallbackInfo& info);
  Napi::Value answer_client_hello(const Napi::CallbackInfo& info);

  // Events and errors
  void record_messages(const Napi::CallbackInfo& info);
  void tell_tickets(const Napi::CallbackInfo& info);
  Napi::Value take_events(const Napi::CallbackInfo& info);
  Napi::Value events_dropped(const Napi::CallbackInfo& info);
  Napi::Value take_queue(const Napi::CallbackInfo& info);

  void free(const Napi::CallbackInfo& info);
  Napi::Value is_freed(const Napi::CallbackInfo& info);

  Napi::Value id(const Napi::CallbackInfo& info);

  engine::Ssl& live(const Napi::CallbackInfo& info) const;
  void release(Napi::Env env);
  void require_open(Napi::Env env) const;
  void note(int result, size_t plaintext = 0, size_t output = 0) const {
    int32_t* status = state_.status;
    status[kStatusError] = ssl_->error_or_none();
    status[kStatusQueue] = ssl_->queue().empty() ? 0 : static_cast<int32_t>(ssl_->queue().size());
    status[kStatusOutput] = static_cast<int32_t>(output);
    status[kStatusPlaintext] = static_cast<int32_t>(plaintext);
    status[kStatusOutputPending] = static_cast<int32_t>(ssl_->transport().output_pending());
    status[kStatusEvents] = static_cast<int32_t>(ssl_->events().size());
    status[kStatusInputPending] = static_cast<int32_t>(std::min<size_t>(ssl_->transport().input_pending(), INT32_MAX));
    status[kStatusValue] = result;
  }
  Napi::Value answer(const Napi::CallbackInfo& info, int result, size_t plaintext = 0, size_t output = 0) const;
  template <typename T>
  T supported(const Napi::CallbackInfo& info, const char* call, const std::optional<T>& result) const;

  EngineState& state_;
  std::shared_ptr<SslTable> table_;
  uint32_t id_ = 0;
  ReportedMemory reported_;
  std::unique_ptr<engine::Ssl> ssl_;
};

}  // namespace close_notify::binding
