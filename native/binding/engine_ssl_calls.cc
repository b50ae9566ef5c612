// The calls that a connection makes over and over, of the SSL whose id stands in the status block: see engine_ssl.h for
// why they are no methods.
#include <algorithm>
#include <array>
#include <climits>
#include <functional>
#include <type_traits>

#include "native/binding/addon_state.h"
#include "native/binding/engine_ssl.h"
#include "native/binding/guarded.h"

namespace close_notify::binding {
namespace {

bool is_undefined(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_undefined;
}

// OpenSSL reads the one while it writes the other.
void require_apart(Napi::Env env, std::span<const uint8_t> input, std::span<const uint8_t> output) {
  if (output.empty()) throw invalid_argument(env, "expected room for a byte or more");
  const std::less<> before;
  if (before(input.data(), output.data() + output.size()) && before(output.data(), input.data() + input.size())) {
    throw invalid_argument(env, "expected memory apart from that of the bytes");
  }
}

}  // namespace

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
  define_call<&EngineSsl::write_and_transmit>(calls, "writeAndTransmit");
  define_call<&EngineSsl::shutdown_and_transmit>(calls, "shutdownAndTransmit");
  define_call<&EngineSsl::receive>(calls, "receive");
  define_call<&EngineSsl::transmit>(calls, "transmit");
  define_call<&EngineSsl::free_buffers>(calls, "freeBuffers");
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
  constexpr bool kTakesOne = std::is_invocable_v<decltype(call), EngineSsl&, Napi::Env, napi_value>;
  constexpr bool kTakesTwo = std::is_invocable_v<decltype(call), EngineSsl&, Napi::Env, napi_value, napi_value>;
  size_t count = kTakesTwo ? 2 : kTakesOne ? 1 : 0;
  std::array<napi_value, 2> arguments{};  // undefined where none was passed
  void* data = nullptr;
  return guard(env, [&]() -> napi_value {
    if (napi_get_cb_info(env, info, &count, arguments.data(), nullptr, &data) != napi_ok) throw Napi::Error::New(env);
    EngineSsl& self = of_status(env, *static_cast<const EngineState*>(data));
    if constexpr (kTakesTwo) {
      (self.*call)(env, arguments[0], arguments[1]);
    } else if constexpr (kTakesOne) {
      (self.*call)(env, arguments[0]);
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

void EngineSsl::pump(Napi::Env env, napi_value bytes, napi_value into) {
  const auto input = is_undefined(env, bytes) ? std::span<const uint8_t>() : bytes_of(env, bytes);
  const auto plaintext = is_undefined(env, into) ? state_.plaintext : room_of(env, into);
  require_apart(env, input, plaintext);
  if (!input.empty()) require_open(env);
  const auto pumped = ssl_->pump(input, plaintext, state_.output);
  note(pumped.result, pumped.plaintext, pumped.output);
}

void EngineSsl::write_and_transmit(Napi::Env env, napi_value bytes, napi_value into) {
  const auto input = bytes_of(env, bytes);
  if (input.size() > INT_MAX) throw invalid_argument(env, "expected less than 2 GiB");
  const auto output = is_undefined(env, into) ? state_.output : room_of(env, into);
  require_apart(env, input, output);
  const auto done = ssl_->write_and_transmit(input, output);
  note(done.result, 0, done.output);
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

void EngineSsl::free_buffers() {
  state_.status[kStatusValue] = require(Env(), ssl_->context().library(), "SSL_free_buffers", ssl_->free_buffers());
}

}  // namespace close_notify::binding
