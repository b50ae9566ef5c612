// Objects die in every state and in every order; sanitizers and valgrind look on.
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

TEST("an SSL may die in every step of a handshake, with bytes waiting on both sides") {
  for (int version : kBothTls) {
    const auto made = contexts(version);
    for (int steps = 0; steps < 7; steps++) {
      Pair pair = pair_of(made);
      for (int step = 0; step < steps; step++) {
        Ssl& actor = step % 2 == 0 ? *pair.client : *pair.server;
        Ssl& other = step % 2 == 0 ? *pair.server : *pair.client;
        static_cast<void>(actor.do_handshake());
        move(actor, other);
      }
      pair.client.reset();
      check_queue_is_empty();
    }
  }
}

TEST("an SSL may die with an unfinished write, unread data, half a record and an open shutdown") {
  for (int version : kBothTls) {
    const auto made = contexts(version);
    {
      Pair pair = connected(made);
      pair.client->transport().set_output_limit(10);
      CHECK_EQ(write(*pair.client, pattern(40000)), -1);
    }
    {
      Pair pair = connected(made);
      CHECK_EQ(write(*pair.client, pattern(100)), 100);
      move(*pair.client, *pair.server, 50);
      CHECK_EQ(read(*pair.server).result, -1);
    }
    {
      Pair pair = connected(made);
      CHECK_EQ(write(*pair.client, pattern(100)), 100);
      move(*pair.client, *pair.server);
      CHECK_EQ(read(*pair.server, 10).result, 10);
      CHECK_EQ(pair.server->shutdown(), 0);
    }
    {
      Pair pair = connected(made);
      pair.server->transport().end();
      CHECK(read(*pair.server).result <= 0);
    }
    check_queue_is_empty();
  }
}

TEST("a context may die before its SSL, and after it") {
  for (int version : kBothTls) {
    Pair pair;
    std::weak_ptr<SslContext> watched;
    {
      const auto made = contexts(version);
      watched = made.server;
      // The callback that chooses a protocol points into the context.
      CHECK_EQ(made.client->set_alpn(bytes_of_text("\x02h2")), 1);
      CHECK_EQ(made.server->set_alpn(bytes_of_text("\x02h2")), 1);
      pair = pair_of(made);
    }
    CHECK(!watched.expired());
    shake_hands(pair);
    CHECK_EQ(pair.client->alpn_selected().value_or(""), "h2");
    pair.server.reset();
    CHECK(watched.expired());
    CHECK_EQ(pair.client->shutdown(), 0);
  }
}

TEST("a session may die after the library's objects that it came from") {
  std::shared_ptr<Session> session;
  {
    Pair pair = connected(kTls12);
    session = pair.client->get_session();
  }
  CHECK(session != nullptr);
  CHECK(!session->to_bytes().empty());
}

TEST("contexts that were refused half their settings die as others do") {
  const auto server = SslContext::create(library(), true);
  CHECK_EQ(server->use_certificate_chain(bytes_of_text("nothing")), 0);
  static_cast<void>(server->take_queue());
  const auto ssl = Ssl::create(server);
  const auto client = Ssl::create(contexts(kTls13).client);
  CHECK_EQ(client->do_handshake(), -1);
  move(*client, *ssl);
  CHECK_EQ(ssl->do_handshake(), -1);  // no certificate, no shared cipher
  CHECK_EQ(ssl->error(), kSslError);
}

TEST("a thousand SSLs of one context leave nothing behind") {
  const auto made = contexts(kTls13);
  const long before = made.server.use_count();
  for (int i = 0; i < 1000; i++) {
    const auto ssl = Ssl::create(made.server);
    CHECK_EQ(ssl->do_handshake(), -1);
  }
  CHECK_EQ(made.server.use_count(), before);
}

}  // namespace
}  // namespace close_notify::test
