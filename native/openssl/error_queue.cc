#include "native/openssl/error_queue.h"

namespace close_notify::openssl {

std::vector<QueuedError> drain_error_queue(const Functions& openssl) {
  std::vector<QueuedError> errors;
  while (const unsigned long code = openssl.ERR_get_error()) {
    const char* library = openssl.ERR_lib_error_string(code);
    const char* reason = openssl.ERR_reason_error_string(code);
    errors.push_back({code, library == nullptr ? "" : library, reason == nullptr ? "" : reason});
  }
  return errors;
}

}  // namespace close_notify::openssl
