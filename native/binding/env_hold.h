// Keeps the napi_env of this addon for as long as Node may still run finalizers in it.
#pragma once

#include <napi.h>

namespace close_notify::binding {

// Node's queue of finalizers is emptied by an immediate that gives its reference to the napi_env back and then uses it:
// where that was the last one, as in a worker that is terminated with garbage of ours, the memory is freed by then
// (Node 24, and 26 until it was mended there). A thread-safe function has a reference too, and Node closes it behind
// those immediates. It is never called, and keeps no process alive.
inline void hold_env(Napi::Env env) {
  const auto never_called = [](napi_env, napi_value, void*, void*) {};
  napi_threadsafe_function hold = nullptr;
  const auto name = Napi::String::New(env, "close-notify: hold of the environment");
  const auto status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr,
                                                      never_called, &hold);
  if (status == napi_ok) napi_unref_threadsafe_function(env, hold);
}

}  // namespace close_notify::binding
