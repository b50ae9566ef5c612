// The transport ends: in the handshake, between records, inside a header and inside a body.
#include <algorithm>

#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

constexpr size_t kHeader = 5;

// Where a stream of records is cut: between any two, inside each header, after it, inside each body.
std::vector<size_t> cuts(const Buffer& wire) {
  std::vector<size_t> all;
  for (size_t at = 0; at < wire.size();) {
    const size_t body = static_cast<size_t>(wire[at + 3]) << 8 | wire[at + 4];
    for (size_t inside :
         {size_t{0}, size_t{1}, size_t{4}, kHeader, kHeader + 1, kHeader + body / 2, kHeader + body - 1}) {
      if (inside < kHeader + body && (all.empty() || all.back() != at + inside)) all.push_back(at + inside);
    }
    at += kHeader + body;
  }
  all.push_back(wire.size());
  return all;
}

// The result of a read at an end that no close_notify announced, by build.
void check_unexpected_eof(Ssl& ssl, int result) {
  CHECK(result <= 0);
  if (is_openssl_3_or_newer()) {
    CHECK_EQ(ssl.error(), kSslError);
    CHECK_EQ(ssl.queue().size(), 1u);
    CHECK_EQ(ssl.queue()[0].reason, "unexpected eof while reading");
  } else if (is_openssl()) {
    CHECK_EQ(ssl.error(), kSyscall);
    CHECK(ssl.queue().empty());
  } else {
    CHECK(ssl.error() != kWantRead && ssl.error() != kNone);
  }
  check_queue_is_empty();
}

TEST("an end in the middle of the handshake is an error at every place, never WANT_READ") {
  for (int version : kBothTls) {
    Pair first = pair_of(contexts(version));
    CHECK_EQ(first.client->do_handshake(), -1);
    move(*first.client, *first.server);
    CHECK_EQ(first.server->do_handshake(), -1);
    const size_t length = take_output(*first.server).size();
    const auto made = contexts(version);
    // The length of a signature varies: only what is certainly short of the whole flight.
    for (size_t at : {size_t{0}, size_t{1}, size_t{4}, size_t{5}, size_t{60}, length / 3, length / 2, length - 20}) {
      Pair pair = pair_of(made);
      CHECK_EQ(pair.client->do_handshake(), -1);
      CHECK_EQ(pair.client->error(), kWantRead);
      move(*pair.client, *pair.server);
      CHECK_EQ(pair.server->do_handshake(), -1);
      move(*pair.server, *pair.client, at);
      CHECK_EQ(pair.client->do_handshake(), -1);
      CHECK_EQ(pair.client->error(), kWantRead);
      pair.client->transport().end();
      check_unexpected_eof(*pair.client, pair.client->do_handshake());
      CHECK_EQ(pair.client->get_shutdown() & kReceived, 0);
    }
  }
}

TEST("an end before anything came is an error for a server") {
  const auto made = contexts(kTls13);
  const auto server = Ssl::create(made.server);
  server->transport().end();
  check_unexpected_eof(*server, server->do_handshake());
}

TEST("an end between records, inside a header and inside a body: the error is the same, the record state tells") {
  for (int version : kBothTls) {
    const auto made = contexts(version);
    Pair first = connected(made);
    CHECK_EQ(write(*first.client, pattern(100)), 100);
    CHECK_EQ(write(*first.client, pattern(60, 3)), 60);
    const Buffer sample = take_output(*first.client);
    for (const size_t at : cuts(sample)) {
      Pair pair = connected(made);
      CHECK_EQ(write(*pair.client, pattern(100)), 100);
      const size_t first_record = pair.client->transport().output_pending();
      CHECK_EQ(write(*pair.client, pattern(60, 3)), 60);
      move(*pair.client, *pair.server, at);
      pair.server->transport().end();
      const size_t inside = at >= first_record ? at - first_record : at;
      Buffer got;
      Read next = read(*pair.server);
      for (; next.result > 0; next = read(*pair.server)) got.insert(got.end(), next.data.begin(), next.data.end());
      CHECK_EQ(got.size(), at < first_record ? 0u : at < sample.size() ? 100u : 160u);
      check_unexpected_eof(*pair.server, next.result);
      CHECK_EQ(pair.server->transport().input_pending(), 0u);
      if (is_openssl()) {
        const bool in_body = at < sample.size() && inside >= kHeader;
        CHECK_EQ(std::string(pair.server->ask<function::SSL_rstate_string>().value_or("")), in_body ? "RB" : "RH");
      }
      CHECK(take_alerts(*pair.server).size() <= 1);
      // The same again, and nothing is written to a peer that is gone.
      CHECK(read(*pair.server).result <= 0);
      check_queue_is_empty();
    }
  }
}

TEST("IGNORE_UNEXPECTED_EOF makes an end look like close_notify") {
  if (!is_openssl_3_or_newer()) return;
  for (int version : kBothTls) {
    const auto made = contexts(version);
    made.server->set_options(kIgnoreUnexpectedEof);
    Pair pair = connected(made);
    pair.server->transport().end();
    CHECK_EQ(read(*pair.server).result, 0);
    CHECK_EQ(pair.server->error(), kZeroReturn);
    CHECK_EQ(pair.server->get_shutdown(), kReceived);
    CHECK(take_alerts(*pair.server).empty());
  }
}

TEST("an end after close_notify is no error") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(pair.client->shutdown(), 0);
    move(*pair.client, *pair.server);
    pair.server->transport().end();
    CHECK_EQ(read(*pair.server).result, 0);
    CHECK_EQ(pair.server->error(), kZeroReturn);
    CHECK_EQ(pair.server->shutdown(), 1);
  }
}

TEST("an end instead of the peer's close_notify") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(pair.client->shutdown(), 0);
    pair.client->transport().end();
    check_unexpected_eof(*pair.client, pair.client->shutdown());
    CHECK_EQ(pair.client->get_shutdown() & kReceived, 0);
  }
}

TEST("pump reads what is lent before the end counts") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(write(*pair.client, pattern(100)), 100);
    const Buffer wire = take_output(*pair.client);
    pair.server->transport().end();
    Buffer plaintext(20000), output(20000);
    const auto pumped = pair.server->pump(wire, plaintext, output);
    CHECK_EQ(pumped.plaintext, 100u);
    check_unexpected_eof(*pair.server, pumped.result);
  }
}

}  // namespace
}  // namespace close_notify::test
