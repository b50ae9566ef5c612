// Plaintext in both directions, in pieces of every size, and transports that take only so much.
#include <algorithm>
#include <random>

#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

constexpr size_t kMaxRecord = 16384;

void append(Buffer& to, const Buffer& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

TEST("what is written arrives, whatever pieces the records come in") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    const Buffer data = pattern(40000);
    for (const bool from_client : {true, false}) {
      Ssl& writer = from_client ? *pair.client : *pair.server;
      Ssl& reader = from_client ? *pair.server : *pair.client;
      for (size_t chunk : {SIZE_MAX, kMaxRecord, size_t{4095}, size_t{37}}) {
        CHECK_EQ(write(writer, data), 40000);
        CHECK_EQ(writer.error(), kNone);
        Buffer got;
        while (move(writer, reader, chunk) > 0) append(got, read_all(reader));
        CHECK(got == data);
      }
      const Buffer little = pattern(300);
      CHECK_EQ(write(writer, little), 300);
      Buffer got;
      while (move(writer, reader, 1) > 0) append(got, read_all(reader));
      CHECK(got == little);
    }
  }
}

TEST("records are read in pieces, and what is left of one is pending") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(write(*pair.client, pattern(100)), 100);
    CHECK_EQ(write(*pair.client, pattern(50, 9)), 50);
    move(*pair.client, *pair.server);
    Buffer seen(200);
    CHECK_EQ(pair.server->peek(seen), 100);
    seen.resize(100);
    CHECK(seen == pattern(100));
    CHECK_EQ(pair.server->pending(), 100);
    for (int at = 0; at < 100; at++) {
      const Read next = read(*pair.server, 1);
      CHECK_EQ(next.result, 1);
      CHECK_EQ(next.data[0], pattern(100)[static_cast<size_t>(at)]);
      CHECK_EQ(pair.server->pending(), 99 - at);
    }
    CHECK(read(*pair.server).data == pattern(50, 9));
    CHECK_EQ(read(*pair.server).result, -1);
    CHECK_EQ(pair.server->error(), kWantRead);
    CHECK_EQ(pair.server->peek(seen), -1);
    CHECK_EQ(pair.server->error(), kWantRead);
  }
}

TEST("empty reads and writes do no harm") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(write(*pair.client, {}), 0);
    check_queue_is_empty();
    CHECK(read(*pair.server, 0).result <= 0);
    CHECK_EQ(write(*pair.client, pattern(10)), 10);
    move(*pair.client, *pair.server);
    CHECK(read_all(*pair.server) == pattern(10));
  }
}

TEST("pump gives all that a chunk holds, across the borders of records, through lent memory") {
  std::mt19937 random(4);
  for (int version : kBothTls) {
    Pair pair = connected(version);
    Buffer wire, sent, got, plaintext(3 * kMaxRecord), output(100);
    for (int i = 0; i < 30; i++) {
      const Buffer data = pattern(random() % 3000 + 1, static_cast<uint8_t>(i));
      append(sent, data);
      CHECK_EQ(write(*pair.client, data), static_cast<int>(data.size()));
      append(wire, take_output(*pair.client));
    }
    for (size_t at = 0; at < wire.size();) {
      const size_t length = std::min<size_t>(random() % 5000, wire.size() - at);
      const std::span<const uint8_t> piece(wire.data() + at, length);
      at += length;
      const auto pumped = pair.server->pump(piece, plaintext, output);
      CHECK_EQ(pumped.result, -1);
      CHECK_EQ(pair.server->error(), kWantRead);
      CHECK_EQ(pumped.output, 0u);
      got.insert(got.end(), plaintext.begin(), plaintext.begin() + static_cast<ptrdiff_t>(pumped.plaintext));
    }
    CHECK(got == sent);
  }
}

TEST("pump stops where no further record fits, and gives the rest when it is called again with nothing") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    const Buffer data = pattern(5 * kMaxRecord);
    CHECK_EQ(write(*pair.client, data), static_cast<int>(data.size()));
    Buffer wire = take_output(*pair.client);
    Buffer got, plaintext(2 * kMaxRecord);
    std::span<const uint8_t> input = wire;
    size_t pumps = 0;
    for (;; pumps++) {
      const auto pumped = pair.server->pump(input, plaintext, {});
      input = {};
      got.insert(got.end(), plaintext.begin(), plaintext.begin() + static_cast<ptrdiff_t>(pumped.plaintext));
      if (pumped.result <= 0) break;
      CHECK(pumped.plaintext <= plaintext.size());
    }
    CHECK_EQ(pair.server->error(), kWantRead);
    CHECK_EQ(pumps, 2u);
    CHECK(got == data);
    // Less room than a record: each pump is one read.
    CHECK_EQ(write(*pair.client, pattern(100)), 100);
    wire = take_output(*pair.client);
    Buffer small(30);
    CHECK_EQ(pair.server->pump(wire, small, {}).plaintext, 30u);
    CHECK_EQ(pair.server->pending(), 70);
    CHECK_EQ(pair.server->pump({}, small, {}).plaintext, 30u);
    CHECK_EQ(pair.server->pump({}, {}, {}).plaintext, 0u);
    CHECK_EQ(pair.server->pump({}, small, {}).plaintext, 30u);
    CHECK_EQ(pair.server->pump({}, small, {}).plaintext, 10u);
    CHECK_EQ(pair.server->pump({}, small, {}).result, -1);
  }
}

TEST("what waits for the peer goes out first, then what pump itself writes") {
  Pair pair = connected(kTls13);
  if (!pair.client->key_update(1).has_value()) return;  // BoringSSL does not let itself be asked
  CHECK_EQ(write(*pair.client, pattern(10)), 10);
  const Buffer asks = take_output(*pair.client);
  // The server's answer to the key update is written by its next write, after the record that waits.
  CHECK_EQ(write(*pair.server, pattern(500)), 500);
  const size_t waiting = pair.server->transport().output_pending();
  Buffer plaintext(kMaxRecord), output(200), wire;
  const auto pumped = pair.server->pump(asks, plaintext, output);
  CHECK_EQ(pumped.plaintext, 10u);
  CHECK_EQ(pumped.output, 200u);
  CHECK(pair.server->transport().output_pending() >= waiting - 200);
  CHECK_EQ(write(*pair.server, pattern(20)), 20);
  wire = output;
  append(wire, take_output(*pair.server));
  pair.client->transport().feed(wire);
  Buffer expected = pattern(500);
  append(expected, pattern(20));
  CHECK(read_all(*pair.client) == expected);
}

TEST("a write that the transport does not take is WANT_WRITE, and goes on from another address") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    const Buffer data = pattern(50000);
    pair.client->transport().set_output_limit(1000);
    Buffer got;
    int result = -1;
    size_t tries = 0;
    while (result <= 0) {
      const Buffer elsewhere = data;
      result = write(*pair.client, elsewhere);
      if (result <= 0) CHECK_EQ(pair.client->error(), kWantWrite);
      CHECK(pair.client->transport().output_pending() <= 1000);
      move(*pair.client, *pair.server);
      append(got, read_all(*pair.server));
      CHECK(++tries < 200);
    }
    CHECK_EQ(result, 50000);
    CHECK(tries > 40);
    CHECK(got == data);
  }
}

TEST("a limit of nothing stops everything; lifted, it goes on, but not with less than before") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    pair.client->transport().set_output_limit(0);
    CHECK_EQ(write(*pair.client, pattern(5)), -1);
    CHECK_EQ(pair.client->error(), kWantWrite);
    CHECK_EQ(pair.client->transport().output_pending(), 0u);
    pair.client->transport().set_output_limit(SIZE_MAX);
    CHECK_EQ(write(*pair.client, pattern(5)), 5);
    move(*pair.client, *pair.server);
    CHECK(read_all(*pair.server) == pattern(5));
    pair.client->transport().set_output_limit(0);
    CHECK_EQ(write(*pair.client, pattern(5)), -1);
    pair.client->transport().set_output_limit(SIZE_MAX);
    CHECK_EQ(write(*pair.client, pattern(4)), -1);
    CHECK_EQ(pair.client->error(), kSslError);
    CHECK(!pair.client->queue().empty());
  }
}

TEST("records that were changed, doubled, dropped or swapped never become plaintext") {
  for (int version : kBothTls) {
    for (int change = 0; change < 4; change++) {
      Pair pair = connected(version);
      CHECK_EQ(write(*pair.client, pattern(100)), 100);
      Buffer first = take_output(*pair.client);
      CHECK_EQ(write(*pair.client, pattern(100, 1)), 100);
      Buffer second = take_output(*pair.client);
      size_t good = 0;
      if (change == 0) second.back() ^= 1;
      if (change == 1) second = first;
      if (change == 2) first.clear();
      if (change == 3) std::swap(first, second);
      if (change < 2) good = 1;
      pair.server->transport().feed(first);
      pair.server->transport().feed(second);
      if (good == 1) CHECK(read(*pair.server).data == pattern(100));
      CHECK(read(*pair.server).result <= 0);
      CHECK_EQ(pair.server->error(), kSslError);
      CHECK(take_alerts(*pair.server) == std::vector<std::string>{"sent 2 20"});  // bad_record_mac
      CHECK(!pair.server->queue().empty());
      CHECK(read(*pair.server).result <= 0);
      CHECK(write(*pair.server, pattern(3)) <= 0);
      check_queue_is_empty();
    }
  }
}

}  // namespace
}  // namespace close_notify::test
