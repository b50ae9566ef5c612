// The instance data that one JavaScript environment (the main thread, or a worker) keeps of this addon.
#pragma once

#include <napi.h>

#include <string>

#include "native/binding/engine.h"
#include "native/binding/node_ssl.h"
#include "native/node/registry.h"

namespace close_notify::binding {

struct AddonState {
  const node::Registry* registry = nullptr;
  Napi::FunctionReference create_error;  // (code, message) => ClosureError, given by lib/native/addon.ts
  Napi::FunctionReference context_handle;
  NodeSsls node_ssls;
  StatusBlock node_ssl_status;
  EngineState engine;
};

// An error of the public class with that code, to be thrown.
inline Napi::Error coded_error(Napi::Env env, const char* code, const std::string& message) {
  const auto* state = env.GetInstanceData<AddonState>();
  const Napi::Value error = state->create_error.Call({Napi::String::New(env, code), Napi::String::New(env, message)});
  return Napi::Error(env, error);
}

inline Napi::Error invalid_argument(Napi::Env env, const std::string& message) {
  return coded_error(env, "ERR_CLOSURE_INVALID_ARGUMENT", message);
}

}  // namespace close_notify::binding
