// Runs every test on every library that is named:
//
//   harness [--process] [--library LIBSSL LIBCRYPTO]... [--only TEXT] [--replay FILE-OR-FOLDER]
//
// --process  the OpenSSL that the process itself has, which is also what comes without --library
// --only     those tests whose name holds the text
// --replay   no test: programs of the fuzzer instead
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "native/platform/dynamic.h"
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"
#include "test/native/harness/replay.h"
#include "test/native/harness/setup.h"

namespace close_notify::test {

Setup& setup() {
  static Setup all;
  return all;
}

namespace {

struct Arguments {
  bool process = false;
  std::string only;
  std::string replay;
};

[[noreturn]] void misused(const std::string& why) {
  std::cerr << "harness: " << why << '\n';
  std::exit(2);
}

std::string real_path(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  if (error) misused("no such library: " + path);
  return real;
}

// Debian's files carry the SONAME as their names.
std::string file_name(const std::string& path) { return std::filesystem::path(path).filename(); }

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  const std::vector<std::string> given(argv + 1, argv + argc);
  const auto next = [&](size_t& at) {
    if (++at >= given.size()) misused("a value is missing after " + given.back());
    return given[at];
  };
  for (size_t i = 0; i < given.size(); i++) {
    if (given[i] == "--process") {
      arguments.process = true;
    } else if (given[i] == "--library") {
      const std::string libssl = next(i), libcrypto = next(i);
      setup().requests.push_back({real_path(libssl), file_name(libssl), real_path(libcrypto), file_name(libcrypto)});
    } else if (given[i] == "--only") {
      arguments.only = next(i);
    } else if (given[i] == "--replay") {
      arguments.replay = next(i);
    } else {
      misused("unknown argument " + given[i]);
    }
  }
  return arguments;
}

void add(const openssl::Library::Opened& opened) {
  if (const auto* error = std::get_if<openssl::LoadError>(&opened)) misused(error->message);
  setup().libraries.push_back(std::get<const Library*>(opened));
}

int run_tests(const std::string& only) {
  size_t passed = 0, failed = 0;
  for (const Library* library : setup().libraries) {
    set_library(library);
    std::cout << "on " << library->version() << '\n';
    for (const Test& test : tests()) {
      if (std::string(test.name).find(only) == std::string::npos) continue;
      try {
        test.body();
        check_queue_is_empty();
        passed++;
      } catch (const std::exception& error) {
        failed++;
        std::cout << "  FAILED " << test.name << "\n    " << error.what() << '\n';
        static_cast<void>(openssl::drain_error_queue(library->functions()));
      }
    }
  }
  std::cout << passed << " passed, " << failed << " failed\n";
  // A filter that fits nothing is a mistake.
  return failed == 0 && passed > 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  setup().process_has_openssl = platform::process_symbol("SSL_shutdown") != nullptr;
  if (arguments.process || setup().requests.empty()) add(Library::of_process());
  for (const auto& request : setup().requests) add(Library::open(request));
  if (arguments.replay.empty()) return run_tests(arguments.only);
  set_library(setup().libraries.front());
  const size_t count = replay(arguments.replay);
  std::cout << count << " programs ran\n";
  return count > 0 ? 0 : 1;
}

}  // namespace
}  // namespace close_notify::test

int main(int argc, char** argv) { return close_notify::test::run(argc, argv); }
