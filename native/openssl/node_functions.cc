#include "native/openssl/node_functions.h"

#include <cstring>

#include "native/openssl/table.h"
#include "native/platform/dynamic.h"

namespace close_notify::openssl {
namespace {

NodeFunctions bind_all(TableLoader& table) {
  NodeFunctions f;
  bind_error_functions(table, f);
#define NODE_FUNCTION(name, type) table.bind(f.name, #name);
#include "native/openssl/node_functions.def"
#undef NODE_FUNCTION
  return f;
}

// OpenSSL_version() says "OpenSSL 3.0.19 27 Jan 2026", process.versions.openssl says "3.0.19", sometimes with a suffix
// such as "+quic" on one side only: the numbers must agree, the suffix need not.
bool same_version(const char* text, const std::string& expected) {
  const std::string numbers = expected.substr(0, expected.find_first_of("+-"));
  const std::string wanted = "OpenSSL " + numbers;
  if (std::strncmp(text, wanted.c_str(), wanted.size()) != 0) return false;
  const char next = text[wanted.size()];
  return next < '0' || next > '9';
}

}  // namespace

std::variant<NodeFunctions, Unavailable> load_from_process(const std::string& expected_version) {
  // BoringSSL has these functions too, but keeps neither new_func of ex_data nor OpenSSL's shutdown states. It is told
  // by a function that only it has, for its version text claims to be OpenSSL.
  if (platform::process_symbol("SSL_CTX_set_grease_enabled") != nullptr) {
    return Unavailable{"the TLS library of this process is BoringSSL, expected OpenSSL 1.1.1 or newer"};
  }
  TableLoader table(&platform::process_symbol);
  NodeFunctions functions = bind_all(table);
  if (functions.SSL_shutdown == nullptr) {
    return Unavailable{"this runtime exports no OpenSSL functions (SSL_shutdown was not found in the process)"};
  }
  if (!table.missing().empty()) {
    return Unavailable{"the OpenSSL of this process lacks " + listed(table.missing())};
  }
  const char* version = functions.OpenSSL_version(kOpenSslVersion);
  if (!same_version(version, expected_version)) {
    return Unavailable{"the process exports " + std::string(version) + ", but the runtime says that it uses OpenSSL " +
                       expected_version};
  }
  return functions;
}

}  // namespace close_notify::openssl
