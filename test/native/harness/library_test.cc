// The facts that are known of a library, the process's own, and several at work at once.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"
#include "test/native/harness/setup.h"

namespace close_notify::test {
namespace {

using openssl::LibraryKind;
using openssl::LoadError;
using openssl::LoadFailure;

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
    CHECK(error->message.find("SSL_shutdown") != std::string::npos);
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
