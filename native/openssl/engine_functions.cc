#include "native/openssl/engine_functions.h"

#include "native/openssl/table.h"

namespace close_notify::openssl {
namespace {

// The presences of the list.
constexpr Presence required{Presence::Need::kRequired};
constexpr Presence optional{Presence::Need::kOptional};
constexpr Presence alternative{Presence::Need::kAlternative};
constexpr Presence optional_unless(const char* other, const char* another = nullptr) {
  return {Presence::Need::kOptional, {other, another}};
}

}  // namespace

EngineFunctions bind_engine_functions(TableLoader& table) {
  EngineFunctions f;
  bind_error_functions(table, f);
#define ENGINE_FUNCTION(kind, presence, header, name, type, member) table.bind(f.name, symbol_of(#name), presence);
#include "native/openssl/engine_functions.def"
#undef ENGINE_FUNCTION
  return f;
}

}  // namespace close_notify::openssl
