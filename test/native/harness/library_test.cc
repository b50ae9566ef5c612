// Libraries: the process's own, files by their paths, and what is refused.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "native/platform/dynamic.h"
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"
#include "test/native/harness/setup.h"

namespace close_notify::test {
namespace {

using openssl::LibraryKind;
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

// A libssl of the system that is not a library of this round, or the one that is: what only has to be a library.
std::string some_library() { return platform::file_of(reinterpret_cast<void*>(&std::fopen)); }

TEST("a library says what it is, and every function that it lacks") {
  CHECK(std::string(library().version()).size() > 5);
  const auto& lacking = library().lacking();
  const auto lacks = [&](const char* name) { return std::count(lacking.begin(), lacking.end(), name) == 1; };
  CHECK_EQ(lacks("SSL_shutdown_ex"), library().functions().SSL_shutdown_ex == nullptr);
  CHECK_EQ(lacks("SSL_key_update"), library().functions().SSL_key_update == nullptr);
  if (library().kind() == LibraryKind::kOpenSsl) {
    CHECK(std::string(library().version()).starts_with("OpenSSL "));
    CHECK(!lacks("SSL_CTX_set_mode"));  // a macro there, for SSL_CTX_ctrl
    CHECK(!lacks("SSL_key_update"));
  }
  CHECK_EQ(library().is_boringssl_family(), !is_openssl() && library().kind() != LibraryKind::kLibreSsl);
}

TEST("the process's own OpenSSL is the same every time, and a typed error where there is none") {
  const auto& own = Library::of_process();
  CHECK_EQ(&own, &Library::of_process());
  CHECK_EQ(std::holds_alternative<const Library*>(own), setup().process_has_openssl);
  if (const auto* error = std::get_if<LoadError>(&own)) {
    CHECK_EQ(error->failure, LoadFailure::kUnsupportedSystem);
    CHECK(names(*error, "SSL_shutdown"));
  }
}

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

TEST("a second file of a SONAME that the process has is refused, as libssl and as libcrypto") {
  const std::string file = platform::file_of(reinterpret_cast<void*>(library().functions().SSL_new));
  const std::string name = std::filesystem::path(file).filename();
  // Node's own OpenSSL is in the executable, under no SONAME; the harness's is in a file.
  const Folder folder;
  const std::string copy = folder / name.c_str();
  std::filesystem::copy_file(file, copy);
  if (platform::loaded_under_soname(name).empty()) return;  // isolated libraries are found under theirs: checked below
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

TEST("libraries work side by side, each with its own error queue") {
  const Library* before = &library();
  struct Side {
    const Library* library;
    Contexts contexts;
    Pair pair;
  };
  std::vector<Side> sides;
  for (const Library* each : setup().libraries) {
    set_library(each);
    Contexts made = contexts(kTls12);
    Pair pair = pair_of(made);
    sides.push_back({each, std::move(made), std::move(pair)});
  }
  // Turn by turn, so that each call follows one of another library.
  for (int round = 0; round < 6; round++) {
    for (Side& side : sides) {
      static_cast<void>(side.pair.client->do_handshake());
      move(*side.pair.client, *side.pair.server);
    }
    for (Side& side : sides) {
      static_cast<void>(side.pair.server->do_handshake());
      move(*side.pair.server, *side.pair.client);
    }
  }
  for (Side& side : sides) {
    set_library(side.library);
    CHECK_EQ(side.pair.client->do_handshake(), 1);
    CHECK_EQ(write(*side.pair.client, pattern(100)), 100);
    move(*side.pair.client, *side.pair.server);
  }
  for (Side& side : sides) CHECK(read_all(*side.pair.server) == pattern(100));
  for (Side& side : sides) CHECK_EQ(side.contexts.server->use_private_key(pattern(9), std::nullopt), 0);
  for (Side& side : sides) CHECK(!side.contexts.server->take_queue().empty());
  set_library(before);
}

TEST("threads shake hands on one library at once") {
  std::vector<std::string> failures(3);
  std::vector<std::thread> threads;
  for (auto& failure : failures) {
    threads.emplace_back([&failure] {
      try {
        for (int version : kBothTls) {
          Pair pair = connected(version);
          CHECK_EQ(write(*pair.server, pattern(5000)), 5000);
          move(*pair.server, *pair.client);
          CHECK(read_all(*pair.client) == pattern(5000));
        }
      } catch (const std::exception& error) {
        failure = error.what();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& failure : failures) CHECK_EQ(failure, std::string());
}

}  // namespace
}  // namespace close_notify::test
