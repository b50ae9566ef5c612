// The differences between operating systems: symbols of the process, libraries beside it, and keeping this module
// loaded.
#pragma once

#include <string>

namespace close_notify::platform {

// A symbol that the executable or a library in its global scope exports; null when there is none.
void* process_symbol(const char* name);

// Keeps this module mapped until the process ends, even when the worker thread that loaded it has gone: OpenSSL holds
// pointers to our callbacks and has no call to take them back. False when the system refuses.
bool pin_this_module();

// Whether libraries can be loaded beside those of the process, with symbols of their own.
bool can_isolate_libraries();

// A library that is loaded until the process ends: its callers keep pointers into it.
class LoadedLibrary {
 public:
  // Loads a file with symbols of its own: it binds to itself and to what it names as needed before it looks at the rest
  // of the process, and nobody else binds to it. Null, and the loader's words in `error`, when that fails.
  static LoadedLibrary open_isolated(const std::string& path, std::string& error);

  explicit operator bool() const { return handle_ != nullptr; }

  // A symbol of the library or of the libraries that it needs.
  void* symbol(const char* name) const;

 private:
  explicit LoadedLibrary(void* handle) : handle_(handle) {}

  void* handle_;
};

// The real path of the library that the process has loaded under a SONAME; empty when there is none.
std::string loaded_under_soname(const std::string& soname);

// The real path of the file that an address was loaded from; empty when the system does not know.
std::string file_of(const void* address);

}  // namespace close_notify::platform
