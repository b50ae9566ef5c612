#include "native/openssl/functions.h"

#include <cstring>

#include "native/openssl/table.h"
#include "native/platform/dynamic.h"

namespace close_notify::openssl {
namespace {

Functions bind_all(TableLoader& table) {
  Functions f;
  table.bind(f.SSL_shutdown, "SSL_shutdown");
  table.bind(f.SSL_get_shutdown, "SSL_get_shutdown");
  table.bind(f.SSL_set_shutdown, "SSL_set_shutdown");
  table.bind(f.SSL_get_quiet_shutdown, "SSL_get_quiet_shutdown");
  table.bind(f.SSL_set_quiet_shutdown, "SSL_set_quiet_shutdown");
  table.bind(f.SSL_CTX_get_quiet_shutdown, "SSL_CTX_get_quiet_shutdown");
  table.bind(f.SSL_CTX_set_quiet_shutdown, "SSL_CTX_set_quiet_shutdown");
  table.bind(f.SSL_get_SSL_CTX, "SSL_get_SSL_CTX");
  table.bind(f.SSL_get_error, "SSL_get_error");
  table.bind(f.SSL_get_finished, "SSL_get_finished");
  table.bind(f.SSL_in_init, "SSL_in_init");
  table.bind(f.SSL_is_server, "SSL_is_server");
  table.bind(f.SSL_version, "SSL_version");
  table.bind(f.SSL_has_pending, "SSL_has_pending");
  table.bind(f.SSL_rstate_string, "SSL_rstate_string");
  table.bind(f.SSL_get_rbio, "SSL_get_rbio");
  table.bind(f.SSL_get_wbio, "SSL_get_wbio");
  table.bind(f.SSL_get_ex_data, "SSL_get_ex_data");
  table.bind(f.SSL_get_info_callback, "SSL_get_info_callback");
  table.bind(f.SSL_set_info_callback, "SSL_set_info_callback");
  table.bind(f.BIO_ctrl, "BIO_ctrl");
  table.bind(f.BIO_method_name, "BIO_method_name");
  table.bind(f.BIO_number_written, "BIO_number_written");
  table.bind(f.CRYPTO_get_ex_new_index, "CRYPTO_get_ex_new_index");
  table.bind(f.CRYPTO_set_ex_data, "CRYPTO_set_ex_data");
  bind_error_functions(table, f);
  table.bind(f.OpenSSL_version, "OpenSSL_version");
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

std::variant<Functions, Unavailable> load_from_process(const std::string& expected_version) {
  // BoringSSL has these functions too, but keeps neither new_func of ex_data nor OpenSSL's shutdown states. It is told
  // by a function that only it has, for its version text claims to be OpenSSL.
  if (platform::process_symbol("SSL_CTX_set_grease_enabled") != nullptr) {
    return Unavailable{"the TLS library of this process is BoringSSL, expected OpenSSL 1.1.1 or newer"};
  }
  TableLoader table(&platform::process_symbol);
  Functions functions = bind_all(table);
  if (functions.SSL_shutdown == nullptr) {
    return Unavailable{"this runtime exports no OpenSSL functions (SSL_shutdown was not found in the process)"};
  }
  if (!table.missing().empty()) {
    return Unavailable{"the OpenSSL of this process lacks " + table.missing_names()};
  }
  const char* version = functions.OpenSSL_version(kOpenSslVersion);
  if (!same_version(version, expected_version)) {
    return Unavailable{"the process exports " + std::string(version) + ", but the runtime says that it uses OpenSSL " +
                       expected_version};
  }
  return functions;
}

}  // namespace close_notify::openssl
