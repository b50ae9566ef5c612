// Every way of closing: who says close_notify, who waits, who does not, and what the flags hold then.
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

constexpr int kBoth = kSent | kReceived;
using Alerts = std::vector<std::string>;

const Alerts kCloseSent{"sent 1 0"};
const Alerts kCloseReceived{"received 1 0"};

TEST("both sides close: our alert, theirs, and both flags") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    static_cast<void>(pair.client->events().take());
    static_cast<void>(pair.server->events().take());
    CHECK_EQ(pair.client->shutdown(), 0);
    CHECK_EQ(pair.client->error(), kSyscall);  // SSL_shutdown(3): nothing to be looked at
    CHECK(pair.client->queue().empty());
    CHECK_EQ(pair.client->get_shutdown(), kSent);
    CHECK(take_alerts(*pair.client) == kCloseSent);
    CHECK(move(*pair.client, *pair.server) > 0);
    CHECK_EQ(read(*pair.server).result, 0);
    CHECK_EQ(pair.server->error(), kZeroReturn);
    CHECK_EQ(pair.server->get_shutdown(), kReceived);
    CHECK(take_alerts(*pair.server) == kCloseReceived);
    CHECK_EQ(pair.server->shutdown(), 1);
    CHECK_EQ(pair.server->error(), kNone);
    CHECK_EQ(pair.server->get_shutdown(), kBoth);
    move(*pair.server, *pair.client);
    CHECK_EQ(pair.client->shutdown(), 1);
    CHECK_EQ(pair.client->get_shutdown(), kBoth);
    CHECK(take_alerts(*pair.client) == kCloseReceived);
    CHECK_EQ(pair.client->shutdown(), 1);
    CHECK_EQ(pair.client->transport().output_pending(), 0u);
  }
}

TEST("both alerts cross each other") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(pair.client->shutdown(), 0);
    CHECK_EQ(pair.server->shutdown(), 0);
    move(*pair.client, *pair.server);
    move(*pair.server, *pair.client);
    for (Ssl* ssl : {pair.client.get(), pair.server.get()}) {
      CHECK_EQ(ssl->shutdown(), 1);
      CHECK_EQ(ssl->get_shutdown(), kBoth);
    }
  }
}

TEST("a second SSL_shutdown before the peer's alert is WANT_READ; a read waits for it too") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(pair.client->shutdown(), 0);
    CHECK_EQ(pair.client->shutdown(), -1);
    CHECK_EQ(pair.client->error(), kWantRead);
    CHECK_EQ(read(*pair.client).result, -1);
    CHECK_EQ(pair.client->error(), kWantRead);
    CHECK_EQ(pair.server->shutdown(), 0);
    move(*pair.server, *pair.client);
    CHECK_EQ(read(*pair.client).result, 0);
    CHECK_EQ(pair.client->error(), kZeroReturn);
    CHECK_EQ(pair.client->get_shutdown(), kBoth);
  }
}

TEST("after our alert we still read, and write no more") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(pair.client->shutdown(), 0);
    CHECK_EQ(write(*pair.client, pattern(3)), -1);
    CHECK_EQ(pair.client->error(), kSslError);
    CHECK(!pair.client->queue().empty());
    CHECK_EQ(write(*pair.server, pattern(5000)), 5000);
    move(*pair.server, *pair.client);
    CHECK(read_all(*pair.client) == pattern(5000));
    move(*pair.client, *pair.server);
    CHECK_EQ(read(*pair.server).result, 0);
    // The peer may go on: one direction is closed.
    CHECK_EQ(write(*pair.server, pattern(10)), 10);
    move(*pair.server, *pair.client);
    CHECK(read_all(*pair.client) == pattern(10));
  }
}

TEST("quiet shutdown sets both flags and sends nothing") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    static_cast<void>(take_output(*pair.client));
    pair.client->set_quiet_shutdown(true);
    CHECK(pair.client->quiet_shutdown());
    CHECK_EQ(pair.client->shutdown(), 1);
    CHECK_EQ(pair.client->error(), kNone);
    CHECK_EQ(pair.client->get_shutdown(), kBoth);
    CHECK_EQ(pair.client->transport().output_pending(), 0u);
    CHECK(take_alerts(*pair.client).empty());
  }
}

TEST("flags that are set by hand count as if alerts had gone") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK(pair.client->set_shutdown(kSent));
    CHECK_EQ(pair.client->get_shutdown(), kSent);
    CHECK_EQ(write(*pair.client, pattern(1)), -1);
    CHECK(pair.client->set_shutdown(kBoth));
    CHECK_EQ(pair.client->shutdown(), 1);
    CHECK_EQ(read(*pair.client).result, 0);
    CHECK_EQ(pair.client->error(), kZeroReturn);
    const bool cleared = pair.client->set_shutdown(0);
    CHECK_EQ(cleared, !library().is_boringssl_family());
    CHECK_EQ(pair.client->get_shutdown(), cleared ? 0 : kBoth);
    if (cleared) {
      CHECK_EQ(write(*pair.client, pattern(9)), 9);
      move(*pair.client, *pair.server);
      CHECK(read_all(*pair.server) == pattern(9));
    }
  }
}

TEST("close_notify waits behind a full transport, and goes out later") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    pair.client->transport().set_output_limit(0);
    CHECK_EQ(pair.client->shutdown(), -1);
    CHECK_EQ(pair.client->error(), kWantWrite);
    CHECK(take_alerts(*pair.client).empty());
    pair.client->transport().set_output_limit(10);
    CHECK_EQ(pair.client->shutdown(), -1);
    CHECK(take_alerts(*pair.client).empty());
    CHECK_EQ(pair.client->error(), kWantWrite);
    CHECK_EQ(pair.client->transport().output_pending(), 10u);
    pair.client->transport().set_output_limit(SIZE_MAX);
    CHECK_EQ(pair.client->shutdown(), 0);
    // An alert that did not go at once is sent, but no callback tells of it: seen with 3.5, 3.6 and 4.0.
    const auto told = take_alerts(*pair.client);
    CHECK(told == kCloseSent || (told.empty() && is_openssl_at_least(0x30200000)));
    move(*pair.client, *pair.server);
    CHECK_EQ(read(*pair.server).result, 0);
    CHECK_EQ(pair.server->error(), kZeroReturn);
  }
}

TEST("shutdown and transmit are one call; what does not fit stays for the next") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(write(*pair.client, pattern(50)), 50);
    const size_t waiting = pair.client->transport().output_pending();
    Buffer slab(waiting + 5);
    const auto closed = pair.client->shutdown_and_transmit(slab);
    CHECK_EQ(closed.result, 0);
    CHECK_EQ(closed.plaintext, 0u);
    CHECK_EQ(closed.output, waiting + 5);
    CHECK(pair.client->transport().output_pending() > 0);
    pair.server->transport().feed(slab);
    CHECK(read_all(*pair.server) == pattern(50));
    move(*pair.client, *pair.server);
    CHECK_EQ(read(*pair.server).result, 0);
    const auto answered = pair.server->shutdown_and_transmit(slab);
    CHECK_EQ(answered.result, 1);
    CHECK(answered.output > 0);
    // Where tickets are sent with the first thing that a server writes, there is more.
    CHECK(answered.output == slab.size() || pair.server->transport().output_pending() == 0);
    slab.resize(answered.output);
    pair.client->transport().feed(slab);
    move(*pair.server, *pair.client);
    CHECK_EQ(pair.client->shutdown_and_transmit({}).result, 1);
  }
}

TEST("SSL_shutdown during the handshake: OpenSSL refuses, BoringSSL's relatives differ") {
  for (int version : kBothTls) {
    Pair pair = pair_of(contexts(version));
    const int before = pair.client->shutdown();
    if (is_openssl()) CHECK_EQ(before, -1);
    Pair begun = pair_of(contexts(version));
    CHECK_EQ(begun.client->do_handshake(), -1);
    CHECK_EQ(begun.client->error(), kWantRead);
    const int during = begun.client->shutdown();
    if (is_openssl()) {
      CHECK_EQ(during, -1);
      CHECK_EQ(begun.client->error(), kSslError);
      CHECK_EQ(begun.client->get_shutdown(), 0);
      CHECK_EQ(begun.client->queue().size(), 1u);
    }
    check_queue_is_empty();
  }
}

TEST("what comes after close_notify is not read") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(pair.client->shutdown(), 0);
    if (!pair.client->set_shutdown(0)) continue;
    CHECK_EQ(write(*pair.client, pattern(7)), 7);
    move(*pair.client, *pair.server);
    CHECK_EQ(read(*pair.server).result, 0);
    CHECK_EQ(pair.server->error(), kZeroReturn);
    CHECK(pair.server->transport().input_pending() > 0);
    CHECK_EQ(read(*pair.server).result, 0);
  }
}

TEST("data that waits makes the second SSL_shutdown fail, unread data of a record too") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(write(*pair.server, pattern(20)), 20);
    move(*pair.server, *pair.client);
    CHECK_EQ(read(*pair.client, 5).result, 5);
    CHECK_EQ(pair.client->shutdown(), 0);
    const int second = pair.client->shutdown();
    CHECK(second <= 0);
    check_queue_is_empty();
  }
}

TEST("SSL_shutdown_ex is there or named as lacking") {
  Pair pair = connected(kTls13);
  const auto result = pair.client->shutdown_ex(0);
  CHECK_EQ(result.has_value(), library().functions().SSL_shutdown_ex != nullptr);
  CHECK_EQ(pair.client->get_shutdown(), result.has_value() ? kSent : 0);
}

}  // namespace
}  // namespace close_notify::test
