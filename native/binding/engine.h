// The engine's part of the addon: libraries, and what its classes share in one environment.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "native/binding/id_table.h"
#include "native/openssl/library.h"

namespace close_notify::binding {

class EngineSsl;

// The SSLs of one environment. An id is given back once the object that had it is collected, so that whoever still
// holds that object never reaches another one by it.
using SslTable = IdTable<EngineSsl*>;

// Memory that this environment's JavaScript and the engine share: of which SSL a call is, what it left behind, and the
// bytes that it gave.
// The references keep the buffers; they are shared buffers, so nobody can detach them.
struct EngineState {
  Napi::FunctionReference library;
  Napi::FunctionReference ssl_context;
  Napi::FunctionReference ssl;
  Napi::FunctionReference session;

  // Shared with the SSLs, whose finalizers may run after the end of this state.
  std::shared_ptr<SslTable> ssls = std::make_shared<SslTable>();

  Napi::ObjectReference slabs;
  int32_t* status = nullptr;
  std::span<uint8_t> output;
  std::span<uint8_t> plaintext;
};

// Indexes of the status block, as in lib/native/engine.ts.
enum StatusIndex {
  kStatusError,
  kStatusQueue,
  kStatusOutput,
  kStatusPlaintext,
  kStatusOutputPending,
  kStatusValue,
  kStatusSsl,
  kStatusEvents,
  kStatusInputPending,
  kStatusLength
};

EngineState& engine_state(Napi::Env env);

// The object `engine` of the addon's exports.
Napi::Object define_engine(Napi::Env env);

// The memory that an object holds outside of the JavaScript heap, as the garbage collector was told: it sees nothing of
// it otherwise, and would let such objects lie.
class ReportedMemory {
 public:
  // A change by less than that waits for a later one: each report takes a call. The first and the last never wait.
  static constexpr int64_t kStep = 64 * 1024;

  void report(napi_env env, size_t bytes) {
    const auto held = static_cast<int64_t>(bytes);
    const int64_t change = held - reported_;
    if (change == 0 || (held != 0 && reported_ != 0 && change > -kStep && change < kStep)) return;
    int64_t total = 0;
    if (napi_adjust_external_memory(env, change, &total) == napi_ok) reported_ = held;
  }

 private:
  int64_t reported_ = 0;
};

// --- Arguments and results, for the classes of the engine ---

std::span<const uint8_t> bytes_argument(const Napi::CallbackInfo& info, size_t index);
std::span<const uint8_t> bytes_of(napi_env env, napi_value value);
// To be written to for the length of a call.
std::span<uint8_t> room_of(napi_env env, napi_value value);
// For what OpenSSL parses where it lies: another thread may write to shared memory meanwhile.
std::vector<uint8_t> copied_argument(const Napi::CallbackInfo& info, size_t index);
std::string string_argument(const Napi::CallbackInfo& info, size_t index);
double integer_argument(const Napi::CallbackInfo& info, size_t index, double max);
bool boolean_argument(const Napi::CallbackInfo& info, size_t index);
bool is_absent(const Napi::CallbackInfo& info, size_t index);

Napi::Value to_bytes(Napi::Env env, std::span<const uint8_t> bytes);
Napi::Array to_queue(Napi::Env env, const std::vector<openssl::QueuedError>& errors);
Napi::Error unsupported_call(Napi::Env env, const openssl::Library& library, const char* call);
Napi::Error freed(Napi::Env env, const char* what);

// The result of a call, or the typed error that this build lacks it.
template <typename T>
T require(Napi::Env env, const openssl::Library& library, const char* call, const std::optional<T>& result) {
  if (!result.has_value()) throw unsupported_call(env, library, call);
  return *result;
}

}  // namespace close_notify::binding
