// The OpenSSL functions that the addon calls on Node's own SSL objects, those of node_functions.def, as one table of
// typed pointers that is filled at run time.
#pragma once

#include <string>
#include <type_traits>
#include <variant>

#include "native/openssl/error_queue.h"
#include "native/openssl/types.h"

namespace close_notify::openssl {

struct NodeFunctions : ErrorFunctions {
#define NODE_FUNCTION(name, type) std::add_pointer_t<type> name = nullptr;
#include "native/openssl/node_functions.def"
#undef NODE_FUNCTION
};

// Why the table could not be filled: the text names what was looked for and what was found.
struct Unavailable {
  std::string reason;
};

// Looks the functions up among the symbols that the process has loaded globally, which are those that Node itself uses:
// exported by the executable in official builds, by libssl.so where Node is built with a shared OpenSSL.
// `expected_version` is what the host says of its OpenSSL (process.versions.openssl), the check that it is the same
// one.
std::variant<NodeFunctions, Unavailable> load_from_process(const std::string& expected_version);

}  // namespace close_notify::openssl
