// The OpenSSL functions that the engine calls on a library of its own choice: those of engine_functions.def. A pointer
// is null where the build lacks an optional function.
#pragma once

#include <type_traits>

#include "native/openssl/error_queue.h"
#include "native/openssl/types.h"

namespace close_notify::openssl {

struct EngineFunctions : ErrorFunctions {
#define ENGINE_FUNCTION(kind, presence, header, name, type, member) std::add_pointer_t<type> name = nullptr;
#include "native/openssl/engine_functions.def"
#undef ENGINE_FUNCTION
};

// Each function of the list as a type, for templates that need its pointer and its name.
namespace function {
#define ENGINE_FUNCTION(kind, presence, header, name, type, member) \
  struct name {                                                     \
    static constexpr auto kPointer = &EngineFunctions::name;        \
    static constexpr const char* kName = #name;                     \
  };
#include "native/openssl/engine_functions.def"
#undef ENGINE_FUNCTION
}  // namespace function

class TableLoader;

EngineFunctions bind_engine_functions(TableLoader& table);

}  // namespace close_notify::openssl
