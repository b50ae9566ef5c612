#include "native/binding/engine.h"

#include "native/binding/addon_state.h"
#include "native/binding/engine_session.h"
#include "native/binding/engine_ssl.h"
#include "native/binding/engine_ssl_context.h"
#include "native/binding/guarded.h"

namespace close_notify::binding {
namespace {

using openssl::Library;

const char* kind_name(openssl::LibraryKind kind) {
  switch (kind) {
    case openssl::LibraryKind::kOpenSsl: return "OpenSSL";
    case openssl::LibraryKind::kBoringSsl: return "BoringSSL";
    case openssl::LibraryKind::kLibreSsl: return "LibreSSL";
    case openssl::LibraryKind::kAwsLc: return "AWS-LC";
  }
  return "unknown";
}

const char* failure_name(openssl::LoadFailure failure) {
  switch (failure) {
    case openssl::LoadFailure::kSonameInUse: return "soname-in-use";
    case openssl::LoadFailure::kLibcrypto: return "libcrypto";
    case openssl::LoadFailure::kLibssl: return "libssl";
    case openssl::LoadFailure::kWrongLibcrypto: return "wrong-libcrypto";
    case openssl::LoadFailure::kLacksFunction: return "lacks-function";
    case openssl::LoadFailure::kUnsupportedSystem: return "unsupported-system";
  }
  return "unknown";
}

Napi::Array names_array(Napi::Env env, const std::vector<std::string>& names) {
  auto array = Napi::Array::New(env, names.size());
  for (uint32_t i = 0; i < names.size(); i++) array[i] = names[i];
  return array;
}

class EngineLibrary : public Napi::ObjectWrap<EngineLibrary> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "EngineLibrary",
                       {
                           accessor<EngineLibrary, &EngineLibrary::kind>("kind"),
                           accessor<EngineLibrary, &EngineLibrary::version>("version"),
                           accessor<EngineLibrary, &EngineLibrary::version_number>("versionNumber"),
                           accessor<EngineLibrary, &EngineLibrary::lacking>("lacking"),
                           method<EngineLibrary, &EngineLibrary::create_context>("createContext"),
                           method<EngineLibrary, &EngineLibrary::session_from>("sessionFrom"),
                           method<EngineLibrary, &EngineLibrary::take_queue>("takeQueue"),
                       });
  }

  static Napi::Value wrap(Napi::Env env, const Library::Opened& opened) {
    if (const auto* error = std::get_if<openssl::LoadError>(&opened)) {
      auto failure = Napi::Object::New(env);
      failure["failure"] = failure_name(error->failure);
      failure["message"] = error->message;
      failure["library"] = error->library;
      failure["soname"] = error->soname;
      failure["holder"] = error->holder;
      failure["functions"] = names_array(env, error->functions);
      return failure;
    }
    auto* library = const_cast<Library*>(std::get<const Library*>(opened));
    return engine_state(env).library.New({Napi::External<Library>::New(env, library)});
  }

  explicit EngineLibrary(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    if (info.Length() != 1 || !info[0].IsExternal()) {
      throw invalid_argument(info.Env(), "a library is made by ownLibrary() and openLibrary() only");
    }
    library_ = info[0].As<Napi::External<Library>>().Data();
  }

 private:
  Napi::Value kind(const Napi::CallbackInfo& info) {
    return Napi::String::New(info.Env(), kind_name(library_->kind()));
  }

  Napi::Value version(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), library_->version()); }

  Napi::Value version_number(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(library_->functions().OpenSSL_version_num()));
  }

  Napi::Value lacking(const Napi::CallbackInfo& info) { return names_array(info.Env(), library_->lacking()); }

  Napi::Value create_context(const Napi::CallbackInfo& info) {
    return EngineSslContext::create(info.Env(), *library_, boolean_argument(info, 0));
  }

  Napi::Value session_from(const Napi::CallbackInfo& info) {
    const auto session = engine::Session::parse(*library_, copied_argument(info, 0));
    return session == nullptr ? info.Env().Null() : EngineSession::wrap(info.Env(), session);
  }

  Napi::Value take_queue(const Napi::CallbackInfo& info) {
    return to_queue(info.Env(), openssl::drain_error_queue(library_->functions()));
  }

  const Library* library_ = nullptr;
};

Napi::TypedArray typed_array(const Napi::Object& slabs, const char* name, napi_typedarray_type type) {
  const Napi::Value value = slabs.Get(name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw invalid_argument(slabs.Env(), std::string("expected a typed array of the right type for ") + name);
  }
  return value.As<Napi::TypedArray>();
}

std::span<uint8_t> slab(const Napi::Object& slabs, const char* name) {
  auto array = typed_array(slabs, name, napi_uint8_array).As<Napi::Uint8Array>();
  constexpr size_t kMinSlab = 32 * 1024;  // a record of the greatest length, with room to spare
  if (array.ByteLength() < kMinSlab) {
    throw invalid_argument(slabs.Env(), std::string("expected 32 KiB or more for ") + name);
  }
  return {array.Data(), array.ByteLength()};
}

// setUp(slabs)
void set_up(const Napi::CallbackInfo& info) {
  if (info.Length() != 1 || !info[0].IsObject()) throw invalid_argument(info.Env(), "expected setUp(slabs)");
  EngineState& state = engine_state(info.Env());
  const auto slabs = info[0].As<Napi::Object>();
  auto status = typed_array(slabs, "status", napi_int32_array).As<Napi::Int32Array>();
  if (status.ElementLength() < kStatusLength) throw invalid_argument(info.Env(), "the status block is too short");
  state.output = slab(slabs, "output");
  state.plaintext = slab(slabs, "plaintext");
  state.status = status.Data();
  state.slabs = Napi::Persistent(slabs);
}

void require_set_up(Napi::Env env) {
  if (engine_state(env).status == nullptr) throw coded_error(env, "ERR_OPENSSL_STATE", "setUp() was not called");
}

Napi::Value own_library(const Napi::CallbackInfo& info) {
  require_set_up(info.Env());
  return EngineLibrary::wrap(info.Env(), Library::of_process());
}

// openLibrary({ libssl, libsslSoname, libcrypto, libcryptoSoname })
Napi::Value open_library(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  require_set_up(env);
  if (info.Length() != 1 || !info[0].IsObject()) throw invalid_argument(env, "expected openLibrary(request)");
  const auto request = info[0].As<Napi::Object>();
  const auto text = [&](const char* name) {
    const Napi::Value value = request.Get(name);
    if (!value.IsString()) throw invalid_argument(env, std::string("expected a string for ") + name);
    return value.As<Napi::String>().Utf8Value();
  };
  return EngineLibrary::wrap(
      env, Library::open({text("libssl"), text("libsslSoname"), text("libcrypto"), text("libcryptoSoname")}));
}

// externalMemory(): all that V8 was told of in this environment, ours included.
Napi::Value external_memory(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(),
                           static_cast<double>(Napi::MemoryManagement::AdjustExternalMemory(info.Env(), 0)));
}

}  // namespace

EngineState& engine_state(Napi::Env env) { return env.GetInstanceData<AddonState>()->engine; }

Napi::Object define_engine(Napi::Env env) {
  EngineState& state = engine_state(env);
  state.library = Napi::Persistent(EngineLibrary::define(env));
  state.ssl_context = Napi::Persistent(EngineSslContext::define(env));
  state.ssl = Napi::Persistent(EngineSsl::define(env));
  state.session = Napi::Persistent(EngineSession::define(env));
  auto engine = Napi::Object::New(env);
  engine["setUp"] = function<set_up>(env, "setUp");
  engine["ownLibrary"] = function<own_library>(env, "ownLibrary");
  engine["openLibrary"] = function<open_library>(env, "openLibrary");
  engine["externalMemory"] = function<external_memory>(env, "externalMemory");
  engine["calls"] = EngineSsl::define_calls(env);
  return engine;
}

// --- Arguments and results ---

std::span<const uint8_t> bytes_argument(const Napi::CallbackInfo& info, size_t index) {
  return bytes_of(info.Env(), info[index]);
}

std::span<const uint8_t> bytes_of(napi_env env, napi_value value) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  bool is_detached = false;
  // Fails for what is no typed array.
  const napi_status status = napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, nullptr);
  if (status != napi_ok || type != napi_uint8_array) throw invalid_argument(env, "expected a Uint8Array");
  // A getter of the caller's may have detached it since lib/ looked.
  if (length == 0 && napi_is_detached_arraybuffer(env, buffer, &is_detached) == napi_ok && is_detached) {
    throw invalid_argument(env, "expected a Uint8Array whose memory is there");
  }
  return {static_cast<const uint8_t*>(data), length};
}

std::span<uint8_t> room_of(napi_env env, napi_value value) {
  // The memory of a typed array may be written to, whatever it was made of.
  const auto bytes = bytes_of(env, value);
  return {const_cast<uint8_t*>(bytes.data()), bytes.size()};
}

std::vector<uint8_t> copied_argument(const Napi::CallbackInfo& info, size_t index) {
  const auto bytes = bytes_argument(info, index);
  return {bytes.begin(), bytes.end()};
}

std::string string_argument(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsString()) throw invalid_argument(info.Env(), "expected a string");
  return info[index].As<Napi::String>().Utf8Value();
}

double integer_argument(const Napi::CallbackInfo& info, size_t index, double max) {
  const double value = info[index].IsNumber() ? info[index].As<Napi::Number>().DoubleValue() : -1;
  if (!(value >= 0 && value <= max) || value != static_cast<double>(static_cast<uint64_t>(value))) {
    throw invalid_argument(info.Env(), "expected an integer from 0 to " + std::to_string(static_cast<uint64_t>(max)));
  }
  return value;
}

bool boolean_argument(const Napi::CallbackInfo& info, size_t index) {
  if (!info[index].IsBoolean()) throw invalid_argument(info.Env(), "expected a boolean");
  return info[index].As<Napi::Boolean>().Value();
}

bool is_absent(const Napi::CallbackInfo& info, size_t index) {
  return info.Length() <= index || info[index].IsUndefined();
}

Napi::Value to_bytes(Napi::Env env, std::span<const uint8_t> bytes) {
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

Napi::Array to_queue(Napi::Env env, const std::vector<openssl::QueuedError>& errors) {
  auto array = Napi::Array::New(env, errors.size());
  for (uint32_t i = 0; i < errors.size(); i++) {
    const openssl::QueuedError& error = errors[i];
    auto entry = Napi::Object::New(env);
    entry["code"] = static_cast<double>(error.code);
    if (!error.library.empty()) entry["library"] = error.library;
    if (!error.reason.empty()) entry["reason"] = error.reason;
    if (!error.function.empty()) entry["function"] = error.function;
    if (!error.file.empty()) {
      entry["file"] = error.file;
      entry["line"] = error.line;
    }
    if (!error.data.empty()) entry["data"] = error.data;
    array[i] = entry;
  }
  return array;
}

Napi::Error unsupported_call(Napi::Env env, const openssl::Library& library, const char* call) {
  return coded_error(env, "ERR_OPENSSL_UNSUPPORTED_CALL",
                     std::string(call) + " is not in this build: " + kind_name(library.kind()) +
                         ", which says that it is " + library.version());
}

Napi::Error freed(Napi::Env env, const char* what) {
  return coded_error(env, "ERR_OPENSSL_FREED", std::string(what) + " was freed: free() ends its use");
}

}  // namespace close_notify::binding
