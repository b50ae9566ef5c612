#include "native/openssl/error_queue.h"

#include "native/openssl/table.h"

namespace close_notify::openssl {
namespace {

constexpr int kErrTxtString = 0x02;  // ERR_get_error_all(3): the data is text

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

// Pops the oldest entry; its code is 0 when there is none.
QueuedError pop(const ErrorFunctions& openssl) {
  const char *file = nullptr, *function = nullptr, *data = nullptr;
  int line = 0, flags = 0;
  unsigned long code = 0;
  if (openssl.ERR_get_error_all != nullptr) {
    code = openssl.ERR_get_error_all(&file, &line, &function, &data, &flags);
  } else if (openssl.ERR_get_error_line_data != nullptr) {
    code = openssl.ERR_get_error_line_data(&file, &line, &data, &flags);
    if (openssl.ERR_func_error_string != nullptr) function = openssl.ERR_func_error_string(code);
  } else {
    code = openssl.ERR_get_error();
  }
  if (code == 0) return {};
  // Copied at once: the next entry may use the same memory.
  return {
      .code = code,
      .library = text_or_empty(openssl.ERR_lib_error_string(code)),
      .reason = text_or_empty(openssl.ERR_reason_error_string(code)),
      .function = text_or_empty(function),
      .file = text_or_empty(file),
      .line = line,
      .data = (flags & kErrTxtString) != 0 ? text_or_empty(data) : "",
  };
}

}  // namespace

void bind_error_functions(TableLoader& table, ErrorFunctions& functions) {
  table.bind(functions.ERR_get_error, "ERR_get_error");
  table.bind(functions.ERR_clear_error, "ERR_clear_error");
  table.bind(functions.ERR_lib_error_string, "ERR_lib_error_string");
  table.bind(functions.ERR_reason_error_string, "ERR_reason_error_string");
  constexpr Presence kAlternative{Presence::Need::kAlternative};
  table.bind(functions.ERR_get_error_all, "ERR_get_error_all", kAlternative);
  table.bind(functions.ERR_get_error_line_data, "ERR_get_error_line_data", kAlternative);
  table.bind(functions.ERR_func_error_string, "ERR_func_error_string", kAlternative);
}

std::vector<QueuedError> drain_error_queue(const ErrorFunctions& openssl) {
  std::vector<QueuedError> errors;
  for (QueuedError error = pop(openssl); error.code != 0; error = pop(openssl)) errors.push_back(std::move(error));
  return errors;
}

}  // namespace close_notify::openssl
