// OpenSSL's error queue of this thread, taken out into values.
#pragma once

#include <string>
#include <vector>

#include "native/openssl/functions.h"

namespace close_notify::openssl {

struct QueuedError {
  unsigned long code;   // packed code, as ERR_get_error() gives it
  std::string library;  // ERR_lib_error_string(), empty where unknown
  std::string reason;   // ERR_reason_error_string(), empty where unknown
};

// Empties the queue and gives what was in it, oldest first: no error is left behind for somebody's next call.
std::vector<QueuedError> drain_error_queue(const Functions& openssl);

}  // namespace close_notify::openssl
