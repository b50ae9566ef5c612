// Handshakes between two SSLs: pieces of every size, lent memory, what is agreed on, and how they fail.
#include <utility>

#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

// One handshake by pump alone: bytes come from lent memory and go into it.
size_t shake_hands_by_pump(Pair& pair, size_t slab) {
  Buffer to_server, to_client, plaintext(20000);
  size_t pumps = 0;
  for (bool moved = true; moved; pumps++) {
    moved = false;
    for (const bool client : {true, false}) {
      Buffer& input = client ? to_client : to_server;
      Buffer& output = client ? to_server : to_client;
      Ssl& ssl = client ? *pair.client : *pair.server;
      Buffer lent(slab);
      const Buffer given = std::exchange(input, {});
      const auto pumped = ssl.pump(given, plaintext, lent);
      CHECK_EQ(pumped.plaintext, 0u);
      CHECK_EQ(pumped.result, -1);
      CHECK_EQ(ssl.error(), kWantRead);
      CHECK_EQ(ssl.transport().input_pending(), 0u);
      CHECK(pumped.output <= slab);
      output.insert(output.end(), lent.begin(), lent.begin() + static_cast<ptrdiff_t>(pumped.output));
      if (slab > 4096) CHECK_EQ(ssl.transport().output_pending(), 0u);
      const Buffer rest = take_output(ssl);
      output.insert(output.end(), rest.begin(), rest.end());
      moved = moved || !given.empty() || !output.empty();
    }
  }
  return pumps;
}

void check_connected(Pair& pair, int version) {
  for (Ssl* ssl : {pair.client.get(), pair.server.get()}) {
    CHECK(!ssl->in_init());
    CHECK_EQ(ssl->version(), version);
    CHECK_EQ(std::string(ssl->ask<function::SSL_get_version>().value()), version == kTls13 ? "TLSv1.3" : "TLSv1.2");
    CHECK(ssl->cipher_name().has_value());
    CHECK(!std::string(ssl->ask<function::SSL_state_string_long>().value()).empty());
    CHECK_EQ(ssl->get_shutdown(), 0);
    CHECK_EQ(ssl->pending(), 0);
    CHECK(!ssl->ask<function::SSL_has_pending>().value_or(0));
  }
  CHECK_EQ(*pair.client->cipher_name(), *pair.server->cipher_name());
  CHECK_EQ(pair.client->verify_result(), 0);
  CHECK_EQ(std::string(pair.client->verify_result_text()), "ok");
}

TEST("an SSL that did nothing yet says so") {
  const auto made = contexts(kTls13);
  const auto client = Ssl::create(made.client);
  CHECK(client->in_init());
  CHECK(peer_certificate(*client).empty());
  CHECK(!client->servername().has_value());
  CHECK(!client->alpn_selected().has_value());
  CHECK(!client->session_reused());
  CHECK_EQ(client->pending(), 0);
  CHECK_EQ(client->get_shutdown(), 0);
  CHECK_EQ(&client->context(), made.client.get());
  CHECK_EQ(client->error(), kNone);
  CHECK(client->queue().empty() && client->take_queue().empty());
}

TEST("both versions shake hands, whatever pieces the bytes come in") {
  for (int version : kBothTls) {
    for (size_t chunk : {SIZE_MAX, size_t{1000}, size_t{7}, size_t{1}}) {
      Pair pair = pair_of(contexts(version));
      shake_hands(pair, chunk);
      check_connected(pair, version);
    }
  }
}

TEST("both versions shake hands by pump, with lent memory of every size") {
  for (int version : kBothTls) {
    for (size_t slab : {size_t{65536}, size_t{300}, size_t{1}, size_t{0}}) {
      Pair pair = pair_of(contexts(version));
      CHECK(shake_hands_by_pump(pair, slab) >= 2);
      check_connected(pair, version);
    }
  }
}

TEST("a handshake that may write only a few bytes at a time says WANT_WRITE, and goes on") {
  for (int version : kBothTls) {
    Pair pair = pair_of(contexts(version));
    pair.client->transport().set_output_limit(50);
    pair.server->transport().set_output_limit(50);
    int client = 0, server = 0, wanted = 0;
    for (int turns = 0; (client != 1 || server != 1) && turns < 1000; turns++) {
      if (client != 1) client = pair.client->do_handshake();
      CHECK(pair.client->transport().output_pending() <= 50);
      if (client != 1 && pair.client->error() == kWantWrite) {
        wanted++;
        CHECK_EQ(pair.client->transport().output_pending(), 50u);
      }
      move(*pair.client, *pair.server);
      if (server != 1) server = pair.server->do_handshake();
      CHECK(pair.server->transport().output_pending() <= 50);
      if (server != 1 && pair.server->error() == kWantWrite) wanted++;
      move(*pair.server, *pair.client);
    }
    CHECK(client == 1 && server == 1);
    CHECK(wanted > 10);
    for (Ssl* ssl : {pair.client.get(), pair.server.get()}) ssl->transport().set_output_limit(SIZE_MAX);
    check_connected(pair, version);
  }
}

TEST("the server's choice among the protocols counts, the peer's name arrives, and the certificate too") {
  for (int version : kBothTls) {
    const auto made = contexts(version);
    CHECK_EQ(made.client->set_alpn(bytes_of_text("\x08http/1.1\x02h2")), 1);
    CHECK_EQ(made.server->set_alpn(bytes_of_text("\x03"
                                                 "foo\x02h2\x08http/1.1")),
             1);
    Pair pair = pair_of(made);
    CHECK_EQ(pair.client->set_servername("leaf.test"), 1);
    CHECK_EQ(pair.client->set_verify_host("leaf.test"), 1);
    shake_hands(pair);
    check_connected(pair, version);
    for (Ssl* ssl : {pair.client.get(), pair.server.get()}) {
      CHECK_EQ(ssl->alpn_selected().value_or(""), "h2");
      CHECK_EQ(ssl->servername().value_or(""), "leaf.test");
    }
    const Buffer certificate = peer_certificate(*pair.client);
    CHECK(certificate.size() > 200 && certificate[0] == 0x30);
    CHECK(peer_certificate(*pair.server).empty());
  }
}

TEST("without a common protocol the handshake ends in no_application_protocol") {
  for (int version : kBothTls) {
    const auto made = contexts(version);
    CHECK_EQ(made.client->set_alpn(bytes_of_text("\x02h2")), 1);
    CHECK_EQ(made.server->set_alpn(bytes_of_text("\x08http/1.1")), 1);
    Pair pair = pair_of(made);
    CHECK_EQ(pair.client->do_handshake(), -1);
    move(*pair.client, *pair.server);
    CHECK_EQ(pair.server->do_handshake(), -1);
    CHECK_EQ(pair.server->error(), kSslError);
    CHECK(!pair.server->queue().empty());
    CHECK(take_alerts(*pair.server) == std::vector<std::string>{"sent 2 120"});
    move(*pair.server, *pair.client);
    CHECK_EQ(pair.client->do_handshake(), -1);
    CHECK_EQ(pair.client->error(), kSslError);
    CHECK(take_alerts(*pair.client) == std::vector<std::string>{"received 2 120"});
  }
}

TEST("a server that is named no protocol ignores what the client offers") {
  const auto made = contexts(kTls13);
  CHECK_EQ(made.client->set_alpn(bytes_of_text("\x02h2")), 1);
  Pair pair = connected(made);
  CHECK(!pair.client->alpn_selected().has_value());
}

TEST("versions that do not meet end in protocol_version") {
  const auto older = contexts(kTls12), newer = contexts(kTls13);
  Pair pair = pair_of({older.client, newer.server});
  CHECK_EQ(pair.client->do_handshake(), -1);
  move(*pair.client, *pair.server);
  CHECK_EQ(pair.server->do_handshake(), -1);
  CHECK_EQ(pair.server->error(), kSslError);
  CHECK(take_alerts(*pair.server) == std::vector<std::string>{"sent 2 70"});
  move(*pair.server, *pair.client);
  CHECK_EQ(pair.client->do_handshake(), -1);
  CHECK_EQ(pair.client->error(), kSslError);
}

TEST("a certificate that the client does not trust, or of another name, ends the handshake") {
  for (int version : kBothTls) {
    for (const bool other_name : {false, true}) {
      auto made = contexts(version);
      if (!other_name) {
        made.client = SslContext::create(library(), false);
        made.client->set_verify(kVerifyPeer);
      }
      Pair pair = pair_of(made);
      if (other_name) CHECK_EQ(pair.client->set_verify_host("other.test"), 1);
      for (int turns = 0; turns < 3; turns++) {
        if (pair.client->do_handshake() < 0 && pair.client->error() == kSslError) break;
        move(*pair.client, *pair.server);
        static_cast<void>(pair.server->do_handshake());
        move(*pair.server, *pair.client);
      }
      CHECK_EQ(pair.client->error(), kSslError);
      CHECK(pair.client->verify_result() != 0);
      CHECK(std::string(pair.client->verify_result_text()) != "ok");
      CHECK_EQ(take_alerts(*pair.client).size(), 1u);
      check_queue_is_empty();
    }
  }
}

TEST("a server that requires a certificate gets one, or fails; set on one SSL alone too") {
  for (int version : kBothTls) {
    for (const bool has_one : {true, false}) {
      const auto made = contexts(version);
      CHECK_EQ(made.server->add_trusted(root_certificate()), 1);
      if (has_one) {
        CHECK_EQ(made.client->use_certificate_chain(leaf_chain()), 1);
        CHECK_EQ(made.client->use_private_key(leaf_key(), std::nullopt), 1);
      }
      Pair pair = pair_of(made);
      pair.server->set_verify(kVerifyPeer | kVerifyFailIfNoPeerCert);
      int server = 0;
      for (int turns = 0; turns < 3 && server != 1; turns++) {
        static_cast<void>(pair.client->do_handshake());
        move(*pair.client, *pair.server);
        server = pair.server->do_handshake();
        move(*pair.server, *pair.client);
        if (pair.server->error() == kSslError) break;
      }
      CHECK_EQ(server, has_one ? 1 : -1);
      CHECK_EQ(peer_certificate(*pair.server).empty(), !has_one);
    }
  }
}

TEST("bytes that are no TLS end in SSL_ERROR_SSL") {
  for (const char* text : {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff nonsense that is too long",
                           "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"}) {
    for (const bool is_server : {true, false}) {
      const auto made = contexts(kTls13);
      const auto ssl = Ssl::create(is_server ? made.server : made.client);
      ssl->transport().feed(bytes_of_text(text));
      CHECK(ssl->do_handshake() <= 0);
      CHECK_EQ(ssl->error(), kSslError);
      CHECK(!ssl->queue().empty());
      const auto taken = ssl->take_queue();
      CHECK(!taken.front().reason.empty());
      CHECK(ssl->queue().empty());
      CHECK(ssl->do_handshake() <= 0);
      check_queue_is_empty();
    }
  }
}

}  // namespace
}  // namespace close_notify::test
