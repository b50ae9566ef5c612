#include "native/platform/dynamic.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#include <stdlib.h>
#ifdef __linux__
#include <link.h>
#endif

#include "native/platform/old_glibc.h"
#endif

namespace close_notify::platform {

#ifdef _WIN32

void* process_symbol(const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(nullptr), name));
}

bool pin_this_module() {
  HMODULE self = nullptr;
  const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
  return GetModuleHandleExW(flags, reinterpret_cast<LPCWSTR>(&pin_this_module), &self) != 0;
}

#else

void* process_symbol(const char* name) { return dlsym(RTLD_DEFAULT, name); }

namespace {

// A program that this code is linked into cannot be loaded again, and stays anyway.
bool is_the_program(const void* base) {
#ifdef __linux__
  link_map* map = nullptr;
  void* program = dlopen(nullptr, RTLD_LAZY);
  return program != nullptr && dlinfo(program, RTLD_DI_LINKMAP, &map) == 0 &&
         reinterpret_cast<const void*>(map->l_addr) == base;
#else
  return false;
#endif
}

}  // namespace

bool pin_this_module() {
  Dl_info self{};
  if (dladdr(reinterpret_cast<void*>(&pin_this_module), &self) == 0) return false;
  return dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != nullptr || is_the_program(self.dli_fbase);
}

#endif

#ifdef __linux__

namespace {

std::string real_path(const char* path) {
  char* resolved = realpath(path, nullptr);
  if (resolved == nullptr) return path;
  std::string copy = resolved;
  free(resolved);
  return copy;
}

}  // namespace

// glibc's: musl has no way to load a library with symbols of its own.
#ifdef RTLD_DEEPBIND

bool can_isolate_libraries() { return true; }

LoadedLibrary LoadedLibrary::open_isolated(const std::string& path, std::string& error) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND | RTLD_NODELETE);
  if (handle == nullptr) {
    const char* words = dlerror();
    error = words == nullptr ? "the loader gave no reason" : words;
  }
  return LoadedLibrary(handle);
}

#else

bool can_isolate_libraries() { return false; }

LoadedLibrary LoadedLibrary::open_isolated(const std::string&, std::string& error) {
  error = "loading a library by path is supported on Linux with glibc only";
  return LoadedLibrary(nullptr);
}

#endif

void* LoadedLibrary::symbol(const char* name) const { return dlsym(handle_, name); }

std::string loaded_under_soname(const std::string& soname) {
  void* handle = dlopen(soname.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return "";
  link_map* map = nullptr;
  const bool known = dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr;
  std::string path = known ? real_path(map->l_name) : "";
  dlclose(handle);  // this look alone: the library is still held by whoever loaded it
  return path;
}

std::string file_of(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return "";
  return real_path(info.dli_fname);
}

#else

// Two-level namespaces of macOS and the DLLs of Windows may do the same: not tried yet.
bool can_isolate_libraries() { return false; }

LoadedLibrary LoadedLibrary::open_isolated(const std::string&, std::string& error) {
  error = "loading a library by path is supported on Linux with glibc only";
  return LoadedLibrary(nullptr);
}

void* LoadedLibrary::symbol(const char*) const { return nullptr; }

std::string loaded_under_soname(const std::string&) { return ""; }

std::string file_of(const void*) { return ""; }

#endif

}  // namespace close_notify::platform
