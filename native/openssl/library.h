// A libssl that the engine works on: the process's own, or a file loaded beside it. Once loaded, a library stays for
// the life of the process, and one record of it serves every thread.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "native/openssl/engine_functions.h"

namespace close_notify::openssl {

enum class LibraryKind { kOpenSsl, kBoringSsl, kLibreSsl, kAwsLc };

enum class LoadFailure {
  kSonameInUse,        // another file of that SONAME is in the process: the two would mix
  kLibcrypto,          // the loader refused libcrypto
  kLibssl,             // the loader refused libssl
  kWrongLibcrypto,     // libssl is bound to another libcrypto than the intended one
  kLacksFunction,      // not all that the engine needs is there
  kUnsupportedSystem,  // no isolation on this operating system, or no OpenSSL in this process
};

struct LoadError {
  LoadFailure failure;
  std::string message;
  // The facts of the message, for kSonameInUse and kLacksFunction.
  std::string library = {};
  std::string soname = {};
  std::string holder = {};
  std::vector<std::string> functions = {};
};

// Real paths and the SONAMEs that the files carry. libcrypto is empty for a libssl that holds it in itself.
struct LibraryRequest {
  std::string libssl;
  std::string libssl_soname;
  std::string libcrypto;
  std::string libcrypto_soname;
};

class Library {
 public:
  using Opened = std::variant<const Library*, LoadError>;

  // The library that the process itself uses.
  static const Opened& of_process();

  // The same file again gives the same library.
  static Opened open(const LibraryRequest& request);

  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const EngineFunctions& functions() const { return functions_; }
  LibraryKind kind() const { return kind_; }

  // BoringSSL and what was made of it keep their flags otherwise.
  bool is_boringssl_family() const { return kind_ == LibraryKind::kBoringSsl || kind_ == LibraryKind::kAwsLc; }

  const char* version() const { return functions_.OpenSSL_version(kOpenSslVersion); }

  // Optional functions that this build does not have.
  const std::vector<std::string>& lacking() const { return lacking_; }

 private:
  using Lookup = std::function<void*(const char* name)>;

  Library(const EngineFunctions& functions, LibraryKind kind, std::vector<std::string> lacking)
      : functions_(functions), kind_(kind), lacking_(std::move(lacking)) {}

  static Opened make(const Lookup& lookup, const std::string& name);
  static Opened load(const LibraryRequest& request);

  EngineFunctions functions_;
  LibraryKind kind_;
  std::vector<std::string> lacking_;
};

}  // namespace close_notify::openssl
