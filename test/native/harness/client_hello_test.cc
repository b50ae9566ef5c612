// A server that stops at the ClientHello, and what it is answered.
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

const char kH2[] = "h2";

// A server that holds the ClientHello of a client which asks for a name and offers two protocols.
Pair held(const Contexts& made) {
  CHECK_EQ(made.client->set_alpn(bytes_of_text("\x08http/1.1\x02h2")), 1);
  Pair pair = pair_of(made);
  CHECK_EQ(pair.client->set_servername("leaf.test"), 1);
  CHECK_EQ(pair.server->hold_client_hello(), Ssl::Holding::kDone);
  CHECK_EQ(pair.client->do_handshake(), -1);
  move(*pair.client, *pair.server);
  for (int call = 0; call < 3; call++) {
    CHECK(pair.server->do_handshake() < 0);
    CHECK(pair.server->queue().empty());
    CHECK(pair.server->client_hello().has_value());
    CHECK_EQ(pair.server->transport().output_pending(), 0u);
  }
  check_queue_is_empty();
  return pair;
}

Buffer protocol(const char* name) { return bytes_of_text(name); }

TEST("a held ClientHello tells two extensions, and the handshake goes on once it is answered") {
  for (const int version : kBothTls) {
    Pair pair = held(contexts(version));
    CHECK_EQ(pair.server->client_hello()->server_name->size(), 2u + 3u + 9u);
    CHECK_EQ(pair.server->client_hello()->alpn->size(), 2u + 9u + 3u);
    CHECK_EQ(pair.server->answer_client_hello(nullptr, std::nullopt), 1);
    CHECK(!pair.server->client_hello().has_value());
    CHECK(!pair.server->answer_client_hello(nullptr, std::nullopt).has_value());
    shake_hands(pair);
    CHECK(!pair.server->alpn_selected().has_value());
    check_queue_is_empty();
  }
}

TEST("the answer brings another context, which may end before the SSL, and a protocol") {
  for (const int version : kBothTls) {
    Contexts made = contexts(version);
    Pair pair = held(made);
    CHECK_EQ(pair.server->answer_client_hello(contexts(version).server, protocol(kH2)), 1);
    made = {};
    shake_hands(pair);
    for (const auto& ssl : {pair.client.get(), pair.server.get()}) CHECK_EQ(ssl->alpn_selected().value_or(""), kH2);
    CHECK(pair.server->certificate().has_value());
    CHECK_EQ(pair.client->peer_chain().size(), 2u);
    CHECK_EQ(pair.client->trusted_issuers()->size(), 1u);
    check_queue_is_empty();
  }
}

TEST("an answer that is none of what the client offers ends the handshake") {
  for (const int version : kBothTls) {
    for (const Buffer& answer : {Buffer(), protocol("imap")}) {
      Pair pair = held(contexts(version));
      CHECK_EQ(pair.server->answer_client_hello(nullptr, answer), 1);
      CHECK(pair.server->do_handshake() < 0);
      CHECK_EQ(take_alerts(*pair.server).size(), 1u);
    }
  }
}

TEST("a client, and a server whose handshake has begun, hold nothing; an SSL may end while it waits") {
  for (const int version : kBothTls) {
    Pair pair = pair_of(contexts(version));
    CHECK_EQ(pair.client->hold_client_hello(), Ssl::Holding::kTooLate);
    CHECK(pair.server->do_handshake() < 0);
    CHECK_EQ(pair.server->hold_client_hello(), Ssl::Holding::kTooLate);
    held(contexts(version));
  }
  check_queue_is_empty();
}

TEST("a server that lets every certificate pass asks for one all the same") {
  for (const int version : kBothTls) {
    const Contexts made = contexts(version);
    CHECK_EQ(made.client->use_certificate_chain(leaf_chain()), 1);
    CHECK_EQ(made.client->use_private_key(leaf_key(), std::nullopt), 1);
    made.server->set_verify(kVerifyPeer, true);
    Pair pair = connected(made);
    CHECK(pair.server->verify_result() != 0);
    CHECK_EQ(pair.server->peer_chain().size(), 2u);
    CHECK_EQ(pair.server->trusted_issuers()->size(), 0u);
  }
}

}  // namespace
}  // namespace close_notify::test
