// OpenSSL's error queue of this thread, taken out into values.
#pragma once

#include <string>
#include <vector>

namespace close_notify::openssl {

class TableLoader;

// The part of a function table that reads the queue.
struct ErrorFunctions {
  unsigned long (*ERR_get_error)() = nullptr;
  void (*ERR_clear_error)() = nullptr;
  const char* (*ERR_lib_error_string)(unsigned long) = nullptr;
  const char* (*ERR_reason_error_string)(unsigned long) = nullptr;
  // Optional. The first is OpenSSL 3.0's; before it, and in BoringSSL, there are the others.
  unsigned long (*ERR_get_error_all)(const char**, int*, const char**, const char**, int*) = nullptr;
  unsigned long (*ERR_get_error_line_data)(const char**, int*, const char**, int*) = nullptr;
  const char* (*ERR_func_error_string)(unsigned long) = nullptr;
};

void bind_error_functions(TableLoader& table, ErrorFunctions& functions);

struct QueuedError {
  unsigned long code;    // packed code, as ERR_get_error() gives it
  std::string library;   // ERR_lib_error_string(), empty where unknown
  std::string reason;    // ERR_reason_error_string(), empty where unknown
  std::string function;  // where OpenSSL noted it, empty where unknown
  std::string file;      // in OpenSSL's own sources, empty where unknown
  int line;
  std::string data;  // text that goes with it, empty where there is none
};

// Empties the queue and gives what was in it, oldest first: no error is left behind for somebody's next call.
std::vector<QueuedError> drain_error_queue(const ErrorFunctions& openssl);

}  // namespace close_notify::openssl
