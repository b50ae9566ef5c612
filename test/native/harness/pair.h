// Contexts and pairs of SSLs for the tests, and what moves bytes from one to the other.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "native/engine/ssl.h"
#include "test/native/program/constants.h"
#include "test/native/program/credentials.h"

namespace close_notify::test {

namespace function = openssl::function;
using engine::Event;
using engine::EventKind;
using engine::Session;
using engine::Ssl;
using engine::SslContext;
using openssl::Library;

inline constexpr int kBothTls[] = {kTls12, kTls13};

// The library that the tests run on: main() sets it before each round.
const Library& library();
void set_library(const Library* library);

// OpenSSL itself, of that OpenSSL_version_num(3) or a newer one.
bool is_openssl_at_least(unsigned long version);
bool is_openssl_3_or_newer();
bool is_openssl();

struct Contexts {
  std::shared_ptr<SslContext> client;
  std::shared_ptr<SslContext> server;
};

// The client trusts the root and asks for a good certificate; both speak one version only.
Contexts contexts(int version);

struct Pair {
  std::unique_ptr<Ssl> client;
  std::unique_ptr<Ssl> server;
};

Pair pair_of(const Contexts& contexts);

// With the handshake done, and whatever follows it (tickets) read.
Pair connected(const Contexts& contexts);
Pair connected(int version);

// Moves at most that many of the bytes that wait, and says how many it were.
size_t move(Ssl& from, Ssl& to, size_t at_most = SIZE_MAX);
Buffer take_output(Ssl& ssl, size_t at_most = SIZE_MAX);

void shake_hands(Pair& pair, size_t chunk = SIZE_MAX);

int write(Ssl& ssl, const Buffer& bytes);

// The plaintext that one SSL_read gives; the result itself where it gives none.
struct Read {
  int result;
  Buffer data;
};
Read read(Ssl& ssl, size_t length = 16384);

// DER, empty where there is none.
Buffer peer_certificate(const Ssl& ssl);

// Reads until there is no more, and checks that WANT_READ is why.
Buffer read_all(Ssl& ssl);

// Bytes that differ from their neighbours.
Buffer pattern(size_t length, uint8_t seed = 0);

// Alerts among the events, as "sent 1 0" (level, description).
std::vector<std::string> alerts(const std::vector<Event>& events);
std::vector<std::string> take_alerts(Ssl& ssl);

// That nothing was left to anybody in the queue of this thread.
void check_queue_is_empty(const Library& of = library());

}  // namespace close_notify::test
