// Module initialisation: one AddonState per environment, and the functions that lib/native/addon.ts types.
#include <napi.h>

#include <chrono>

#include "native/binding/addon_state.h"
#include "native/binding/context_handle.h"
#include "native/binding/engine.h"
#include "native/binding/env_hold.h"
#include "native/binding/guarded.h"
#include "native/binding/node_ssl.h"
#include "native/platform/tcp.h"

namespace close_notify::binding {
namespace {

const node::Registry& registry_of(Napi::Env env) {
  const auto* state = env.GetInstanceData<AddonState>();
  if (state->registry == nullptr) {
    throw Napi::Error::New(env, "close-notify: initialize() has not succeeded in this environment");
  }
  return *state->registry;
}

// initialize(opensslVersion, createError): starts tracking. Gives undefined, or the reason why this runtime is unfit.
Napi::Value initialize(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsString() || !info[1].IsFunction()) {
    throw Napi::TypeError::New(env, "Expected initialize(opensslVersion: string, createError: function)");
  }
  auto* state = env.GetInstanceData<AddonState>();
  state->create_error = Napi::Persistent(info[1].As<Napi::Function>());
  const auto& started = node::Registry::of_process(info[0].As<Napi::String>().Utf8Value());
  if (const auto* unavailable = std::get_if<openssl::Unavailable>(&started)) {
    return Napi::String::New(env, unavailable->reason);
  }
  state->registry = &std::get<node::Registry>(started);
  return env.Undefined();
}

// An id for the functions of `ssl`, to be given back by release(); -1 where there is no such SSL.
Napi::Value new_id(Napi::Env env, const std::shared_ptr<node::Observation>& observation) {
  if (observation == nullptr) return Napi::Number::New(env, -1);
  return Napi::Number::New(env, env.GetInstanceData<AddonState>()->node_ssls.add(observation));
}

// find(finished): a new id of this thread's SSL with that Finished message, or -1; its status is in the block.
Napi::Value find(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  napi_typedarray_type type{};
  size_t length = 0;
  void* data = nullptr;
  // One call for all of it, for this is where closureOf() begins.
  if (info.Length() != 1 ||
      napi_get_typedarray_info(env, info[0], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    throw Napi::TypeError::New(env, "Expected a Uint8Array with a Finished message");
  }
  const auto observation = registry_of(env).find(static_cast<const uint8_t*>(data), length);
  if (observation != nullptr) write_status(*env.GetInstanceData<AddonState>(), *observation);
  return new_id(env, observation);
}

// madeSince(count): a new id of the SSL that this thread made last, where it has made one and no more since it had made
// so many; -1 otherwise.
Napi::Value made_since(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsNumber()) throw Napi::TypeError::New(env, "Expected a number of SSLs");
  const node::Registry& registry = registry_of(env);
  const double before = info[0].As<Napi::Number>().DoubleValue();
  if (static_cast<double>(registry.counts().made) != before + 1) return new_id(env, nullptr);
  return new_id(env, registry.newest());
}

// running(): a new id of the SSL whose info callback has called us, or -1.
Napi::Value running(const Napi::CallbackInfo& info) { return new_id(info.Env(), registry_of(info.Env()).running()); }

// meet(): makes running() know the SSLs that this thread has made so far.
Napi::Value meet(const Napi::CallbackInfo& info) {
  registry_of(info.Env()).meet();
  return info.Env().Undefined();
}

// made(): how many SSLs this thread has made.
Napi::Value made(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(registry_of(info.Env()).counts().made));
}

Napi::Value counts(const Napi::CallbackInfo& info) {
  const auto counts = registry_of(info.Env()).counts();
  auto answer = Napi::Object::New(info.Env());
  answer["live"] = static_cast<double>(counts.live);
  answer["indexed"] = static_cast<double>(counts.indexed);
  answer["held"] = static_cast<double>(info.Env().GetInstanceData<AddonState>()->node_ssls.held());
  answer["bytesPerSsl"] = static_cast<double>(counts.bytes_per_ssl);
  return answer;
}

Napi::Value openssl_version(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), registry_of(info.Env()).openssl().OpenSSL_version(openssl::kOpenSslVersion));
}

// now(): ms on the clock of the alerts, to relate it to performance.now().
Napi::Value now(const Napi::CallbackInfo& info) {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return Napi::Number::New(info.Env(), std::chrono::duration<double, std::milli>(since_start).count());
}

int file_descriptor(const Napi::CallbackInfo& info) {
  if (info.Length() != 1 || !info[0].IsNumber()) throw Napi::TypeError::New(info.Env(), "Expected a file descriptor");
  return info[0].As<Napi::Number>().Int32Value();
}

// tcpState(fd): what the kernel says of that TCP connection; undefined where it does not tell.
Napi::Value tcp_state(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  switch (platform::tcp_state(file_descriptor(info))) {
    case platform::TcpState::kOpen: return Napi::String::New(env, "open");
    case platform::TcpState::kPeerEnded: return Napi::String::New(env, "peer-ended");
    case platform::TcpState::kClosed: return Napi::String::New(env, "closed");
    case platform::TcpState::kUnknown: break;
  }
  return env.Undefined();
}

// endToRead(fd): the peer's end of that TCP connection, with nothing left to read before it; undefined where there is
// none.
Napi::Value end_to_read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  switch (platform::end_to_read(file_descriptor(info))) {
    case platform::TcpEnd::kFin: return Napi::String::New(env, "fin");
    case platform::TcpEnd::kReset: return Napi::String::New(env, "reset");
    case platform::TcpEnd::kUnknown: break;
  }
  return env.Undefined();
}

// unacknowledged(fd): bytes that the peer's TCP has not acknowledged; undefined where the kernel does not tell.
Napi::Value unacknowledged(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto bytes = platform::unacknowledged(file_descriptor(info));
  return bytes.has_value() ? Napi::Number::New(env, *bytes) : env.Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto state = std::make_unique<AddonState>();
  state->context_handle = Napi::Persistent(ContextHandle::define(env));
  env.SetInstanceData(state.release());
  hold_env(env);
  exports["initialize"] = function<&initialize>(env, "initialize");
  exports["find"] = function<&find>(env, "find");
  exports["madeSince"] = function<&made_since>(env, "madeSince");
  exports["running"] = function<&running>(env, "running");
  exports["meet"] = function<&meet>(env, "meet");
  exports["made"] = function<&made>(env, "made");
  exports["captureContexts"] = function<&ContextHandle::capture>(env, "captureContexts");
  exports["counts"] = function<&counts>(env, "counts");
  exports["opensslVersion"] = function<&openssl_version>(env, "opensslVersion");
  exports["tcpState"] = function<&tcp_state>(env, "tcpState");
  exports["endToRead"] = function<&end_to_read>(env, "endToRead");
  exports["unacknowledged"] = function<&unacknowledged>(env, "unacknowledged");
  exports["ssl"] = define_node_ssl(env);
  exports["engine"] = define_engine(env);
  exports["now"] = function<&now>(env, "now");
  return exports;
}

NODE_API_MODULE(close_notify, init)

}  // namespace
}  // namespace close_notify::binding
