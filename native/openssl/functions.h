// The OpenSSL functions that this addon calls, as one table of typed pointers that is filled at run time.
#pragma once

#include <string>
#include <variant>

#include "native/openssl/error_queue.h"
#include "native/openssl/types.h"

namespace close_notify::openssl {

struct Functions : ErrorFunctions {
  int (*SSL_shutdown)(Ssl*) = nullptr;
  int (*SSL_get_shutdown)(const Ssl*) = nullptr;
  void (*SSL_set_shutdown)(Ssl*, int) = nullptr;
  int (*SSL_get_quiet_shutdown)(const Ssl*) = nullptr;
  void (*SSL_set_quiet_shutdown)(Ssl*, int) = nullptr;
  int (*SSL_CTX_get_quiet_shutdown)(const SslCtx*) = nullptr;
  void (*SSL_CTX_set_quiet_shutdown)(SslCtx*, int) = nullptr;
  SslCtx* (*SSL_get_SSL_CTX)(const Ssl*) = nullptr;
  int (*SSL_get_error)(const Ssl*, int) = nullptr;
  size_t (*SSL_get_finished)(const Ssl*, void*, size_t) = nullptr;
  int (*SSL_in_init)(const Ssl*) = nullptr;
  int (*SSL_is_server)(const Ssl*) = nullptr;
  int (*SSL_version)(const Ssl*) = nullptr;
  int (*SSL_has_pending)(const Ssl*) = nullptr;
  const char* (*SSL_rstate_string)(const Ssl*) = nullptr;
  Bio* (*SSL_get_rbio)(const Ssl*) = nullptr;
  Bio* (*SSL_get_wbio)(const Ssl*) = nullptr;
  void* (*SSL_get_ex_data)(const Ssl*, int) = nullptr;
  InfoCallback (*SSL_get_info_callback)(const Ssl*) = nullptr;
  void (*SSL_set_info_callback)(Ssl*, InfoCallback) = nullptr;
  long (*BIO_ctrl)(Bio*, int, long, void*) = nullptr;
  const char* (*BIO_method_name)(const Bio*) = nullptr;
  uint64_t (*BIO_number_written)(Bio*) = nullptr;
  int (*CRYPTO_get_ex_new_index)(int, long, void*, ExNew, ExDup, ExFree) = nullptr;
  int (*CRYPTO_set_ex_data)(ExData*, int, void*) = nullptr;
  const char* (*OpenSSL_version)(int) = nullptr;
};

// Why the table could not be filled: the text names what was looked for and what was found.
struct Unavailable {
  std::string reason;
};

// Looks the functions up among the symbols that the process has loaded globally, which are those that Node itself uses:
// exported by the executable in official builds, by libssl.so where Node is built with a shared OpenSSL.
// `expected_version` is what the host says of its OpenSSL (process.versions.openssl), the check that it is the same
// one.
std::variant<Functions, Unavailable> load_from_process(const std::string& expected_version);

}  // namespace close_notify::openssl
