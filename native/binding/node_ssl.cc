#include "native/binding/node_ssl.h"

#include <type_traits>

#include "native/binding/addon_state.h"
#include "native/binding/guarded.h"
#include "native/openssl/error_queue.h"

namespace close_notify::binding {

namespace {

using node::Observation;
using openssl::NodeFunctions;
using openssl::Ssl;

// One call by id, in JavaScript's terms.
struct Call {
  napi_env env;
  uint32_t id;
  napi_value argument;
  AddonState& state;
  Observation& observation;

  const NodeFunctions& openssl() const { return state.registry->openssl(); }

  Ssl* live() const {
    if (observation.ssl() == nullptr) {
      throw coded_error(env, "ERR_CLOSURE_CLOSED", "OpenSSL has freed this connection: the socket was closed");
    }
    return observation.ssl();
  }
};

napi_value to_value(napi_env env, bool value) { return Napi::Boolean::New(env, value); }
napi_value to_value(napi_env env, int value) { return Napi::Number::New(env, value); }
napi_value to_value(napi_env env, double value) { return Napi::Number::New(env, value); }
napi_value to_value(napi_env env, const char* value) { return Napi::String::New(env, value); }
napi_value to_value(napi_env, Napi::Value value) { return value; }

template <auto kCall>
napi_value by_id(napi_env env, napi_callback_info info) {
  return guard(env, [&]() -> napi_value {
    size_t count = 2;
    napi_value arguments[2] = {};  // undefined where none was passed
    void* data = nullptr;
    uint32_t id = 0;
    if (napi_get_cb_info(env, info, &count, arguments, nullptr, &data) != napi_ok ||
        napi_get_value_uint32(env, arguments[0], &id) != napi_ok) {
      throw invalid_argument(env, "Expected the id of an SSL");
    }
    auto& state = *static_cast<AddonState*>(data);
    Observation* observation = state.node_ssls.find(id).get();
    if (observation == nullptr) throw invalid_argument(env, "Expected the id of an SSL that was not given back");
    const Call call{env, id, arguments[1], state, *observation};
    if constexpr (std::is_void_v<decltype(kCall(call))>) {
      kCall(call);
      return nullptr;
    } else {
      return to_value(env, kCall(call));
    }
  });
}

double pending(const NodeFunctions& openssl, openssl::Bio* bio) {
  if (bio == nullptr) return 0;
  return static_cast<double>(openssl.BIO_ctrl(bio, openssl::kBioCtrlPending, 0, nullptr));
}

// --- Calls of OpenSSL ---

Napi::Value ssl_shutdown(const Call& call) {
  Ssl* ssl = call.live();
  if (call.observation.inside_callback()) {
    throw coded_error(call.env, "ERR_CLOSURE_INSIDE_OPENSSL",
                      "SSL_shutdown was called while OpenSSL is reading this connection: call it from setImmediate");
  }
  const NodeFunctions& api = call.openssl();
  api.ERR_clear_error();
  const int value = api.SSL_shutdown(ssl);
  const int error = api.SSL_get_error(ssl, value);
  auto answer = Napi::Object::New(call.env);
  answer["value"] = value;
  answer["error"] = error;
  answer["queue"] = to_queue(call.env, openssl::drain_error_queue(api));
  return answer;
}

int get_shutdown(const Call& call) { return call.observation.shutdown(); }

void set_shutdown(const Call& call) {
  Ssl* ssl = call.live();
  double mask = -1;
  const bool is_number = napi_get_value_double(call.env, call.argument, &mask) == napi_ok;
  constexpr int kBoth = openssl::kSentShutdown | openssl::kReceivedShutdown;
  const bool is_mask =
      mask == 0 || mask == openssl::kSentShutdown || mask == openssl::kReceivedShutdown || mask == kBoth;
  if (!is_number || !is_mask) {
    throw invalid_argument(call.env, "Expected 0, 1 (SENT), 2 (RECEIVED) or 3 (both) for the shutdown mask");
  }
  call.openssl().SSL_set_shutdown(ssl, static_cast<int>(mask));
}

bool get_quiet_shutdown(const Call& call) { return call.observation.quiet_shutdown(); }

void set_quiet_shutdown(const Call& call) {
  Ssl* ssl = call.live();
  bool quiet = false;
  if (napi_get_value_bool(call.env, call.argument, &quiet) != napi_ok) {
    throw invalid_argument(call.env, "Expected a boolean for quiet shutdown");
  }
  call.openssl().SSL_set_quiet_shutdown(ssl, quiet ? 1 : 0);
}

bool get_context_quiet_shutdown(const Call& call) {
  const NodeFunctions& api = call.openssl();
  return api.SSL_CTX_get_quiet_shutdown(api.SSL_get_SSL_CTX(call.live())) != 0;
}

// Indexes of the status block, as in lib/native/addon.ts.
enum StatusIndex {
  kStatusInInit,
  kStatusServer,
  kStatusVersion,
  kStatusTotal,
  kStatusPending,
  kStatusShutdown,
  kStatusQuiet,
  kStatusShutdownAtStart,
  kStatusAlertCount,
  kStatusKnownFrom,
  kStatusHandshakeFrom,
  kStatusHandshakeTo,
  kStatusMayBeginWithData,
  kStatusAlerts,
  kStatusLength = kStatusAlerts + 2 * Observation::kMaxAlerts,
};

const StatusBlock& set_up_block(const Call& call) {
  const StatusBlock& block = call.state.node_ssl_status;
  if (block.values == nullptr) throw invalid_argument(call.env, "Expected setUp() to be called before");
  return block;
}

// setUp(status): gives the status block of this environment, which is the first one that it was given: copies of the
// package may share this binary.
Napi::Value set_up(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsTypedArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array ||
      info[0].As<Napi::TypedArray>().ElementLength() < kStatusLength) {
    throw invalid_argument(env, "Expected a Float64Array with room for the status of an SSL");
  }
  StatusBlock& block = env.GetInstanceData<AddonState>()->node_ssl_status;
  if (block.values == nullptr) {
    block.array = Napi::Persistent(info[0].As<Napi::Object>());
    block.values = info[0].As<Napi::Float64Array>().Data();
  }
  return block.array.Value();
}

bool status(const Call& call) {
  set_up_block(call);
  return write_status(call.state, call.observation);
}

bool in_init(const Call& call) { return call.openssl().SSL_in_init(call.live()) != 0; }
int version(const Call& call) { return call.openssl().SSL_version(call.live()); }

// Plaintext that a record can hold at most: RFC 6066 section 4, or SSL_set_max_send_fragment(3), of which there is no
// getter. SSL_set_split_send_fragment(3) refuses what is above it, and nobody asks for less: in the end it is set to
// what it was, the same.
int max_fragment(const Call& call) {
  const NodeFunctions& api = call.openssl();
  Ssl* ssl = call.live();
  const openssl::SslSession* session = api.SSL_get_session(ssl);
  const int mode = session == nullptr ? 0 : api.SSL_SESSION_get_max_fragment_length(session);
  if (mode >= 1 && mode <= 4) return 256 << mode;
  const auto accepts = [&](int length) {
    return api.SSL_ctrl(ssl, openssl::kCtrlSetSplitSendFragment, length, nullptr) == 1;
  };
  constexpr int kLeast = 512;
  constexpr int kMost = 16384;
  if (accepts(kMost)) return kMost;
  int accepted = kLeast;
  for (int refused = kMost; refused - accepted > 1;) {
    const int middle = accepted + (refused - accepted) / 2;
    (accepts(middle) ? accepted : refused) = middle;
  }
  accepts(accepted);
  return accepted;
}

bool has_pending(const Call& call) { return call.openssl().SSL_has_pending(call.live()) != 0; }
const char* record_state(const Call& call) { return call.openssl().SSL_rstate_string(call.live()); }

// What has to be known before SSL_shutdown(3) is called or left to Node, as a sum of bits (lib/native/addon.ts).
int readiness(const Call& call) {
  enum Bit { kAlive = 1, kInsideCallback = 2, kInInit = 4, kOutput = 8, kInput = 16, kSent = 32, kReceived = 64 };
  Ssl* ssl = call.observation.ssl();
  if (ssl == nullptr) return 0;
  const NodeFunctions& api = call.openssl();
  const int shutdown = api.SSL_get_shutdown(ssl);
  const bool has_input = api.SSL_has_pending(ssl) != 0 || pending(api, api.SSL_get_rbio(ssl)) > 0;
  return kAlive | (call.observation.inside_callback() ? kInsideCallback : 0) |
         (api.SSL_in_init(ssl) != 0 ? kInInit : 0) | (pending(api, api.SSL_get_wbio(ssl)) > 0 ? kOutput : 0) |
         (has_input ? kInput : 0) | ((shutdown & openssl::kSentShutdown) != 0 ? kSent : 0) |
         ((shutdown & openssl::kReceivedShutdown) != 0 ? kReceived : 0);
}

double input_pending(const Call& call) {
  const NodeFunctions& api = call.openssl();
  return pending(api, api.SSL_get_rbio(call.live()));
}

double output_pending(const Call& call) {
  const NodeFunctions& api = call.openssl();
  return pending(api, api.SSL_get_wbio(call.live()));
}

double output_total(const Call& call) {
  const NodeFunctions& api = call.openssl();
  openssl::Bio* bio = api.SSL_get_wbio(call.live());
  return bio == nullptr ? 0 : static_cast<double>(api.BIO_number_written(bio));
}

// What is known of the output of handshakes goes into the status block.
void handshake_output(const Call& call) {
  double* const values = set_up_block(call).values;
  const auto range = call.state.registry->handshake_output(call.live());
  values[kStatusKnownFrom] = static_cast<double>(range.known_from);
  values[kStatusHandshakeFrom] = static_cast<double>(range.from);
  values[kStatusHandshakeTo] = static_cast<double>(range.to);
  values[kStatusMayBeginWithData] = range.may_begin_with_data ? 1 : 0;
}

// --- The observation ---

bool alive(const Call& call) { return call.observation.ssl() != nullptr; }
bool inside_callback(const Call& call) { return call.observation.inside_callback(); }
int shutdown_at_start(const Call& call) { return call.observation.shutdown_at_start(); }
int alert_count(const Call& call) { return static_cast<int>(call.observation.alert_count()); }

// Writes the alerts that are kept, the first ones and the last, into the status block, a pair of numbers for each: the
// two bytes of its record, and 0x10000 if it was sent; and its time. Gives how many they are.
int alerts(const Call& call) {
  double* value = set_up_block(call).values + kStatusAlerts;
  const auto& kept = call.observation.alerts();
  for (const node::Alert& alert : kept) {
    *value++ = (alert.sent ? 0x10000 : 0) | alert.level << 8 | alert.description;
    *value++ = static_cast<double>(alert.at_ns) / 1e6;
  }
  return static_cast<int>(kept.size());
}

// What is to stay readable goes into the status block.
void release(const Call& call) {
  double* const values = set_up_block(call).values;
  values[kStatusShutdown] = call.observation.shutdown();
  values[kStatusQuiet] = call.observation.quiet_shutdown() ? 1 : 0;
  values[kStatusShutdownAtStart] = call.observation.shutdown_at_start();
  values[kStatusAlertCount] = static_cast<double>(call.observation.alert_count());
  call.state.node_ssls.remove(call.id);
}

template <auto kCall>
void define_call(Napi::Object calls, const char* name) {
  const Napi::Env env = calls.Env();
  napi_value function = nullptr;
  const napi_status status =
      napi_create_function(env, name, NAPI_AUTO_LENGTH, &by_id<kCall>, env.GetInstanceData<AddonState>(), &function);
  if (status != napi_ok) throw Napi::Error::New(env);
  calls[name] = Napi::Value(env, function);
}

}  // namespace

bool write_status(const AddonState& state, const Observation& observation) {
  double* const values = state.node_ssl_status.values;
  Ssl* ssl = observation.ssl();
  if (ssl == nullptr || values == nullptr) return false;
  const NodeFunctions& api = state.registry->openssl();
  openssl::Bio* output = api.SSL_get_wbio(ssl);
  values[kStatusInInit] = api.SSL_in_init(ssl) != 0 ? 1 : 0;
  values[kStatusServer] = api.SSL_is_server(ssl) != 0 ? 1 : 0;
  values[kStatusVersion] = api.SSL_version(ssl);
  values[kStatusTotal] = output == nullptr ? 0 : static_cast<double>(api.BIO_number_written(output));
  values[kStatusPending] = pending(api, output);
  return true;
}

Napi::Object define_node_ssl(Napi::Env env) {
  auto calls = Napi::Object::New(env);
  define_call<&ssl_shutdown>(calls, "sslShutdown");
  define_call<&get_shutdown>(calls, "getShutdown");
  define_call<&set_shutdown>(calls, "setShutdown");
  define_call<&get_quiet_shutdown>(calls, "getQuietShutdown");
  define_call<&set_quiet_shutdown>(calls, "setQuietShutdown");
  define_call<&get_context_quiet_shutdown>(calls, "getContextQuietShutdown");
  calls["setUp"] = function<&set_up>(env, "setUp");
  define_call<&status>(calls, "status");
  define_call<&in_init>(calls, "inInit");
  define_call<&version>(calls, "version");
  define_call<&max_fragment>(calls, "maxFragment");
  define_call<&has_pending>(calls, "hasPending");
  define_call<&record_state>(calls, "recordState");
  define_call<&readiness>(calls, "readiness");
  define_call<&input_pending>(calls, "inputPending");
  define_call<&output_pending>(calls, "outputPending");
  define_call<&output_total>(calls, "outputTotal");
  define_call<&handshake_output>(calls, "handshakeOutput");
  define_call<&alive>(calls, "alive");
  define_call<&inside_callback>(calls, "insideCallback");
  define_call<&shutdown_at_start>(calls, "shutdownAtStart");
  define_call<&alert_count>(calls, "alertCount");
  define_call<&alerts>(calls, "alerts");
  define_call<&release>(calls, "release");
  return calls;
}

}  // namespace close_notify::binding
