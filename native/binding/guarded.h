// Methods and functions of the addon that no C++ exception leaves: what runs out of memory below one is a typed error,
// where node-addon-api alone would end the process.
#pragma once

#include <napi.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "native/binding/addon_state.h"

namespace close_notify::binding {

inline void throw_coded(Napi::Env env, const char* code, const std::string& message) {
  try {
    coded_error(env, code, message).ThrowAsJavaScriptException();
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  }
}

// Gives what the call gives, or throws in JavaScript what it throws.
template <typename Call>
napi_value guard(napi_env env, Call call) {
  try {
    return call();
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (const std::bad_alloc&) {
    throw_coded(env, "ERR_CLOSURE_OUT_OF_MEMORY", "There is no memory left for this call");
  } catch (const std::length_error&) {
    throw_coded(env, "ERR_CLOSURE_OUT_OF_MEMORY", "What this call would need is more than any memory");
  }
  return nullptr;
}

// The value of a method of any kind; undefined for one that gives none.
template <auto kMethod, typename Object>
napi_value value_of(Object& object, const Napi::CallbackInfo& info) {
  if constexpr (std::is_void_v<decltype((object.*kMethod)(info))>) {
    (object.*kMethod)(info);
    return nullptr;
  } else {
    return (object.*kMethod)(info);
  }
}

template <typename Object, auto kMethod>
napi_value call_method(napi_env env, napi_callback_info raw) {
  return guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, raw);
    Object* object = Object::Unwrap(info.This().As<Napi::Object>());
    const napi_value value = value_of<kMethod>(*object, info);
    if constexpr (requires { object->called(info.Env()); }) object->called(info.Env());
    return value;
  });
}

// For DefineClass().
template <typename Object, auto kMethod>
Napi::ClassPropertyDescriptor<Object> method(const char* name) {
  napi_property_descriptor descriptor{};
  descriptor.utf8name = name;
  descriptor.method = &call_method<Object, kMethod>;
  descriptor.attributes = napi_default;
  return descriptor;
}

template <typename Object, auto kMethod>
Napi::ClassPropertyDescriptor<Object> accessor(const char* name) {
  napi_property_descriptor descriptor{};
  descriptor.utf8name = name;
  descriptor.getter = &call_method<Object, kMethod>;
  descriptor.attributes = napi_default;
  return descriptor;
}

template <auto kFunction>
napi_value call_function(napi_env env, napi_callback_info raw) {
  return guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, raw);
    if constexpr (std::is_void_v<decltype(kFunction(info))>) {
      kFunction(info);
      return nullptr;
    } else {
      return kFunction(info);
    }
  });
}

template <auto kFunction>
Napi::Function function(Napi::Env env, const char* name) {
  napi_value made = nullptr;
  const napi_status status =
      napi_create_function(env, name, NAPI_AUTO_LENGTH, &call_function<kFunction>, nullptr, &made);
  if (status != napi_ok) throw Napi::Error::New(env);
  return Napi::Function(env, made);
}

}  // namespace close_notify::binding
