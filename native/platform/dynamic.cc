#include "native/platform/dynamic.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>

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

bool pin_this_module() {
  Dl_info self{};
  if (dladdr(reinterpret_cast<void*>(&pin_this_module), &self) == 0) return false;
  return dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != nullptr;
}

#endif

}  // namespace close_notify::platform
