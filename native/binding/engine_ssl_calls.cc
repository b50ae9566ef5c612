// The calls that a connection makes over and over, of the SSL whose id stands in the status block: see engine_ssl.h for
// why they are no methods.
#include <algorithm>
#include <climits>
#include <type_traits>

#include "native/binding/addon_state.h"
#include "native/binding/engine_ssl.h"
#include "native/binding/guarded.h"

namespace close_notify::binding {

template <auto call>
void EngineSsl::define_call(Napi::Object calls, const char* name) {
  const Napi::Env env = calls.Env();
  napi_value function = nullptr;
  const napi_status status =
      napi_create_function(env, name, NAPI_AUTO_LENGTH, &EngineSsl::by_status<call>, &engine_state(env), &function);
  if (status != napi_ok) throw Napi::Error::New(env);
  calls[name] = Napi::Value(env, function);
}

Napi::Object EngineSsl::define_calls(Napi::Env env) {
  auto calls = Napi::Object::New(env);
  define_call<&EngineSsl::read>(calls, "read");
  define_call<&EngineSsl::write>(calls, "write");
  define_call<&EngineSsl::shutdown>(calls, "shutdown");
  define_call<&EngineSsl::pump>(calls, "pump");
  define_call<&EngineSsl::shutdown_and_transmit>(calls, "shutdownAndTransmit");
  define_call<&EngineSsl::receive>(calls, "receive");
  define_call<&EngineSsl::transmit>(calls, "transmit");
  return calls;
}

EngineSsl& EngineSsl::of_status(Napi::Env env, const EngineState& state) {
  if (state.status == nullptr) throw coded_error(env, "ERR_OPENSSL_STATE", "setUp() was not called");
  EngineSsl* ssl = state.ssls->find(static_cast<uint32_t>(state.status[kStatusSsl]));
  if (ssl == nullptr || ssl->ssl_ == nullptr) throw freed(env, "this SSL");
  return *ssl;
}

// Neither for the id nor for the result is there a JavaScript value: they stand in the status block.
template <auto call>
napi_value EngineSsl::by_status(napi_env env, napi_callback_info info) {
  constexpr bool kTakesArgument = std::is_invocable_v<decltype(call), EngineSsl&, Napi::Env, napi_value>;
  size_t count = kTakesArgument ? 1 : 0;
  napi_value argument = nullptr;  // undefined where none was passed
  void* data = nullptr;
  return guard(env, [&]() -> napi_value {
    if (napi_get_cb_info(env, info, &count, &argument, nullptr, &data) != napi_ok) throw Napi::Error::New(env);
    EngineSsl& self = of_status(env, *static_cast<const EngineState*>(data));
    if constexpr (kTakesArgument) {
      (self.*call)(env, argument);
    } else {
      (self.*call)();
    }
    self.called(env);
    return nullptr;
  });
}

void EngineSsl::read(Napi::Env env, napi_value length) {
  uint32_t wanted = 0;
  if (napi_get_value_uint32(env, length, &wanted) != napi_ok) throw invalid_argument(env, "expected a length");
  const int result = ssl_->read(state_.plaintext.first(std::min<size_t>(wanted, state_.plaintext.size())));
  note(result, static_cast<size_t>(std::max(result, 0)));
}

void EngineSsl::write(Napi::Env env, napi_value bytes) {
  const auto given = bytes_of(env, bytes);
  if (given.size() > INT_MAX) throw invalid_argument(env, "expected less than 2 GiB");
  note(ssl_->write(given));
}

void EngineSsl::shutdown() { note(ssl_->shutdown()); }

void EngineSsl::pump(Napi::Env env, napi_value bytes) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, bytes, &type);
  const auto input = type == napi_undefined ? std::span<const uint8_t>() : bytes_of(env, bytes);
  if (!input.empty()) require_open(env);
  const auto pumped = ssl_->pump(input, state_.plaintext, state_.output);
  note(pumped.result, pumped.plaintext, pumped.output);
}

void EngineSsl::shutdown_and_transmit() {
  const auto done = ssl_->shutdown_and_transmit(state_.output);
  note(done.result, 0, done.output);
}

void EngineSsl::receive(Napi::Env env, napi_value bytes) {
  const auto given = bytes_of(env, bytes);
  require_open(env);
  ssl_->transport().feed(given);
}

void EngineSsl::transmit() {
  state_.status[kStatusOutput] = static_cast<int32_t>(ssl_->transport().take(state_.output));
  state_.status[kStatusOutputPending] = static_cast<int32_t>(ssl_->transport().output_pending());
}

}  // namespace close_notify::binding
