// Files that are loaded by their paths, and those that are refused. AddressSanitizer takes no RTLD_DEEPBIND: its build
// leaves these out.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "native/platform/dynamic.h"
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"
#include "test/native/harness/setup.h"

namespace close_notify::test {
namespace {

using openssl::LibraryRequest;
using openssl::LoadError;
using openssl::LoadFailure;

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("close-notify-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

LoadError refused(const LibraryRequest& request) {
  const auto opened = Library::open(request);
  CHECK(std::holds_alternative<LoadError>(opened));
  const auto error = std::get<LoadError>(opened);
  CHECK(!error.message.empty());
  return error;
}

bool names(const LoadError& error, const std::string& text) { return error.message.find(text) != std::string::npos; }

// A library of any kind: the one that has fopen.
std::string some_library() { return platform::file_of(reinterpret_cast<void*>(&std::fopen)); }

TEST("the same file is opened once, by any thread") {
  for (size_t i = 0; i < setup().requests.size(); i++) {
    const auto again = Library::open(setup().requests[i]);
    CHECK(std::holds_alternative<const Library*>(again));
    const Library* first = std::get<const Library*>(again);
    CHECK(std::count(setup().libraries.begin(), setup().libraries.end(), first) == 1);
    std::vector<const Library*> seen(4);
    std::vector<std::thread> threads;
    for (auto& slot : seen) {
      threads.emplace_back([&slot, i] { slot = std::get<const Library*>(Library::open(setup().requests[i])); });
    }
    for (auto& thread : threads) thread.join();
    for (const Library* library : seen) CHECK_EQ(library, first);
  }
}

TEST("a file that is not there is refused, in the loader's words") {
  const auto error = refused({"/nowhere/libssl.so.9", "libssl.so.9", "", ""});
  CHECK_EQ(error.failure, LoadFailure::kLibssl);
  CHECK(names(error, "/nowhere/libssl.so.9"));
  const auto crypto = refused({"/nowhere/libssl.so.9", "libssl.so.9", "/nowhere/libcrypto.so.9", "libcrypto.so.9"});
  CHECK_EQ(crypto.failure, LoadFailure::kLibcrypto);
  CHECK(names(crypto, "/nowhere/libcrypto.so.9"));
}

TEST("a text file, and an empty one, are refused") {
  const Folder folder;
  const std::string text = folder / "libssl.so.text", empty = folder / "libssl.so.empty";
  std::ofstream(text) << "no library";
  std::ofstream(empty).close();
  CHECK_EQ(refused({text, "libssl.so.text", "", ""}).failure, LoadFailure::kLibssl);
  CHECK_EQ(refused({empty, "libssl.so.empty", "", ""}).failure, LoadFailure::kLibssl);
  CHECK_EQ(refused({text, "libssl.so.text", text, "libssl.so.text"}).failure, LoadFailure::kLibcrypto);
}

TEST("a library that is no libssl is refused by the name of what it lacks") {
  const auto error = refused({some_library(), "", "", ""});
  CHECK_EQ(error.failure, LoadFailure::kLacksFunction);
  CHECK(names(error, "OpenSSL_version"));
}

TEST("a libssl that has not all that the engine needs is refused by the names of what it lacks") {
  const std::string file = std::filesystem::canonical(LACKING_LIBSSL);
  const auto error = refused({file, "", "", ""});
  CHECK_EQ(error.failure, LoadFailure::kLacksFunction);
  for (const char* name : {"SSL_new", "BIO_meth_new", "ERR_clear_error", ", "}) CHECK(names(error, name));
  CHECK(!names(error, "SSL_shutdown"));
}

TEST("a second file of a SONAME that the process has is refused, as libssl and as libcrypto") {
  const std::string file = platform::file_of(reinterpret_cast<void*>(library().functions().SSL_new));
  const std::string name = std::filesystem::path(file).filename();
  const Folder folder;
  const std::string copy = folder / name.c_str();
  std::filesystem::copy_file(file, copy);
  const auto as_libssl = refused({copy, name, "", ""});
  CHECK_EQ(as_libssl.failure, LoadFailure::kSonameInUse);
  CHECK(names(as_libssl, file) && names(as_libssl, copy));
  CHECK_EQ(refused({"/nowhere/libssl.so.9", "libssl.so.9", copy, name}).failure, LoadFailure::kSonameInUse);
}

TEST("the loader finds an isolated library under its SONAME") {
  for (const LibraryRequest& request : setup().requests) {
    CHECK_EQ(platform::loaded_under_soname(request.libssl_soname), request.libssl);
    CHECK_EQ(platform::loaded_under_soname(request.libcrypto_soname), request.libcrypto);
  }
}

TEST("a libssl that is bound to another libcrypto than the intended one is refused") {
  for (LibraryRequest request : setup().requests) {
    request.libcrypto = some_library();
    request.libcrypto_soname = "";
    const auto error = refused(request);
    CHECK_EQ(error.failure, LoadFailure::kWrongLibcrypto);
    CHECK(names(error, "libcrypto"));
  }
}

}  // namespace
}  // namespace close_notify::test
