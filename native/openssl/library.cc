#include "native/openssl/library.h"

#include <map>
#include <memory>
#include <mutex>

#include "native/openssl/table.h"
#include "native/platform/dynamic.h"

namespace close_notify::openssl {
namespace {

// Told by functions that only one of them has: every one of them claims an OpenSSL version in its version number, and
// BoringSSL does in its text.
LibraryKind kind_of(const std::function<void*(const char*)>& lookup) {
  if (lookup("awslc_version_string") != nullptr) return LibraryKind::kAwsLc;
  if (lookup("SSL_CTX_set_grease_enabled") != nullptr) return LibraryKind::kBoringSsl;
  if (lookup("SSL_CTX_use_certificate_chain_mem") != nullptr) return LibraryKind::kLibreSsl;
  return LibraryKind::kOpenSsl;
}

// The file that is in the process under a SONAME, when it is another than the one that is asked for.
std::string other_holder(const std::string& soname, const std::string& path) {
  if (soname.empty()) return "";
  const std::string holder = platform::loaded_under_soname(soname);
  return holder == path ? "" : holder;
}

LoadError soname_in_use(const std::string& soname, const std::string& path, const std::string& holder) {
  const std::string has = path + " has the SONAME " + soname;
  return {LoadFailure::kSonameInUse, has + ", under which this process has loaded " + holder, path, soname, holder};
}

LoadError lacks(const std::string& library, const std::vector<std::string>& functions) {
  return {LoadFailure::kLacksFunction, library + " lacks " + listed(functions), library, "", "", functions};
}

}  // namespace

const Library::Opened& Library::of_process() {
  // Never destroyed: worker threads may still use it while exit() runs destructors.
  static const Opened& opened = *std::make_unique<Opened>([]() -> Opened {
                                   if (platform::process_symbol("SSL_shutdown") == nullptr) {
                                     return LoadError{LoadFailure::kUnsupportedSystem,
                                                      "this runtime exports no OpenSSL functions (SSL_shutdown was not "
                                                      "found in the process): load a libssl by its path"};
                                   }
                                   return make(&platform::process_symbol, "the OpenSSL of this process");
                                 }())
                                     .release();
  return opened;
}

Library::Opened Library::open(const LibraryRequest& request) {
  using Libraries = std::map<std::string, const Library*>;
  static std::mutex& mutex = *std::make_unique<std::mutex>().release();
  static Libraries& libraries = *std::make_unique<Libraries>().release();
  const std::lock_guard lock(mutex);
  const std::string key = request.libssl + '\n' + request.libcrypto;
  if (const auto known = libraries.find(key); known != libraries.end()) return known->second;
  Opened opened = load(request);
  if (const auto* library = std::get_if<const Library*>(&opened)) libraries.emplace(key, *library);
  return opened;
}

Library::Opened Library::load(const LibraryRequest& request) {
  using platform::LoadedLibrary;
  if (!platform::can_isolate_libraries()) {
    return LoadError{LoadFailure::kUnsupportedSystem,
                     "loading a libssl by its path is supported on Linux with glibc only"};
  }
  if (const auto holder = other_holder(request.libcrypto_soname, request.libcrypto); !holder.empty()) {
    return soname_in_use(request.libcrypto_soname, request.libcrypto, holder);
  }
  if (const auto holder = other_holder(request.libssl_soname, request.libssl); !holder.empty()) {
    return soname_in_use(request.libssl_soname, request.libssl, holder);
  }
  std::string error;
  // libcrypto first: libssl then finds it in the process under the name that it needs.
  if (!request.libcrypto.empty() && !LoadedLibrary::open_isolated(request.libcrypto, error)) {
    return LoadError{LoadFailure::kLibcrypto, error};
  }
  const LoadedLibrary libssl = LoadedLibrary::open_isolated(request.libssl, error);
  if (!libssl) return LoadError{LoadFailure::kLibssl, error};
  const Lookup lookup = [libssl](const char* name) { return libssl.symbol(name); };

  const std::string& intended = request.libcrypto.empty() ? request.libssl : request.libcrypto;
  const void* version = lookup("OpenSSL_version");
  if (version == nullptr || lookup("SSL_shutdown") == nullptr) {
    return lacks(request.libssl, {version == nullptr ? "OpenSSL_version" : "SSL_shutdown"});
  }
  if (const auto bound = platform::file_of(version); bound != intended) {
    return LoadError{LoadFailure::kWrongLibcrypto,
                     request.libssl + " is bound to the libcrypto " + bound + ", expected " + intended};
  }
  if (const auto bound = platform::file_of(lookup("SSL_shutdown")); bound != request.libssl) {
    return LoadError{LoadFailure::kWrongLibcrypto, "SSL_shutdown comes from " + bound + ", expected " + request.libssl};
  }
  // Before anything else is called, for the first call of any function initialises with the defaults.
  const auto init = reinterpret_cast<decltype(EngineFunctions::OPENSSL_init_ssl)>(lookup("OPENSSL_init_ssl"));
  if (init != nullptr) init(kInitNoLoadConfig | kInitNoAtexit, nullptr);
  return make(lookup, request.libssl);
}

Library::Opened Library::make(const Lookup& lookup, const std::string& name) {
  TableLoader table(lookup);
  const EngineFunctions functions = bind_engine_functions(table);
  if (!table.missing().empty()) {
    return lacks(name, table.missing());
  }
  // Lives as long as the process, as the library itself does.
  return std::unique_ptr<const Library>(new Library(functions, kind_of(lookup), table.lacking())).release();
}

}  // namespace close_notify::openssl
