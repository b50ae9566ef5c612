// Everything that can follow the handshake: key updates, renegotiation, late authentication, exported keys.
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

void check_talk(Pair& pair) {
  CHECK_EQ(write(*pair.client, pattern(30)), 30);
  move(*pair.client, *pair.server);
  CHECK(read_all(*pair.server) == pattern(30));
  CHECK_EQ(write(*pair.server, pattern(40)), 40);
  move(*pair.server, *pair.client);
  CHECK(read_all(*pair.client) == pattern(40));
}

TEST("keys are updated by either side, asked for or not, and data goes on") {
  Pair pair = connected(kTls13);
  if (library().functions().SSL_key_update == nullptr) {
    CHECK(!pair.client->key_update(kUpdateRequested).has_value());
    return;
  }
  for (const int type : {kUpdateRequested, kUpdateNotRequested, kUpdateRequested}) {
    CHECK_EQ(pair.client->key_update(type), 1);
    check_talk(pair);
    CHECK_EQ(pair.server->key_update(type), 1);
    check_talk(pair);
  }
  if (is_openssl()) {
    CHECK_EQ(pair.client->key_update(7).value_or(-1), 0);
    CHECK(!pair.client->queue().empty());
  }
  check_talk(pair);
}

TEST("a key update that cannot be sent yet is WANT_WRITE, then goes") {
  Pair pair = connected(kTls13);
  if (!is_openssl()) return;
  pair.client->transport().set_output_limit(0);
  CHECK_EQ(pair.client->key_update(kUpdateRequested), 1);
  CHECK_EQ(pair.client->do_handshake(), -1);
  CHECK_EQ(pair.client->error(), kWantWrite);
  pair.client->transport().set_output_limit(SIZE_MAX);
  CHECK_EQ(pair.client->do_handshake(), 1);
  check_talk(pair);
}

TEST("there is no key update before TLS 1.3, and no renegotiation in it") {
  if (!is_openssl()) return;
  Pair older = connected(kTls12);
  CHECK_EQ(older.client->key_update(kUpdateRequested), 0);
  CHECK(!older.client->queue().empty());
  check_talk(older);
  Pair newer = connected(kTls13);
  CHECK_EQ(newer.client->move<function::SSL_renegotiate>(), 0);
  CHECK(!newer.client->queue().empty());
  check_talk(newer);
}

TEST("a client renegotiates where the server allows it") {
  if (!is_openssl()) return;
  for (const bool allowed : {true, false}) {
    const auto made = contexts(kTls12);
    if (is_openssl_3_or_newer() && allowed) made.server->set_options(kAllowClientRenegotiation);
    if (!allowed) made.server->set_options(kNoRenegotiation);
    Pair pair = connected(made);
    CHECK_EQ(pair.client->move<function::SSL_renegotiate>(), 1);
    CHECK_EQ(pair.client->do_handshake(), -1);
    CHECK(pair.client->in_init());
    bool refused = false;
    for (int turns = 0; turns < 4; turns++) {
      move(*pair.client, *pair.server);
      CHECK(read(*pair.server).result <= 0);
      move(*pair.server, *pair.client);
      if (pair.client->do_handshake() == 1) break;
      if (pair.client->error() == kSslError) refused = true;
    }
    CHECK_EQ(refused, !allowed);
    if (allowed) {
      move(*pair.client, *pair.server);
      CHECK(read_all(*pair.server).empty());
      CHECK(!pair.client->in_init() && !pair.server->in_init());
      check_talk(pair);
    }
    check_queue_is_empty();
  }
}

TEST("a server renegotiates") {
  if (!is_openssl()) return;
  Pair pair = connected(kTls12);
  CHECK_EQ(pair.server->move<function::SSL_renegotiate>(), 1);
  // HelloRequest goes out; the client answers by itself when it reads.
  CHECK_EQ(pair.server->do_handshake(), 1);
  for (int turns = 0; turns < 4; turns++) {
    move(*pair.server, *pair.client);
    CHECK(read_all(*pair.client).empty());
    move(*pair.client, *pair.server);
    CHECK(read_all(*pair.server).empty());
  }
  CHECK(!pair.client->in_init() && !pair.server->in_init());
  check_talk(pair);
}

TEST("a server asks for a certificate after the handshake") {
  if (library().functions().SSL_verify_client_post_handshake == nullptr) {
    Pair pair = connected(kTls13);
    CHECK(!pair.server->move<function::SSL_verify_client_post_handshake>().has_value());
    return;
  }
  const auto made = contexts(kTls13);
  CHECK_EQ(made.client->set_post_handshake_auth(true), 1);
  CHECK_EQ(made.client->use_certificate_chain(leaf_chain()), 1);
  CHECK_EQ(made.client->use_private_key(leaf_key(), std::nullopt), 1);
  CHECK_EQ(made.server->add_trusted(root_certificate()), 1);
  Pair pair = connected(made);
  CHECK(peer_certificate(*pair.server).empty());
  pair.server->set_verify(kVerifyPeer);
  CHECK_EQ(pair.server->move<function::SSL_verify_client_post_handshake>(), 1);
  CHECK_EQ(pair.server->do_handshake(), 1);
  move(*pair.server, *pair.client);
  CHECK(read_all(*pair.client).empty());
  move(*pair.client, *pair.server);
  CHECK(read_all(*pair.server).empty());
  CHECK(!peer_certificate(*pair.server).empty());
  check_talk(pair);
}

TEST("a client that did not offer it is not asked, and in TLS 1.2 nobody is") {
  if (library().functions().SSL_verify_client_post_handshake == nullptr) return;
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK_EQ(pair.server->move<function::SSL_verify_client_post_handshake>(), 0);
    CHECK(!pair.server->queue().empty());
    check_talk(pair);
  }
}

TEST("both sides export the same keys; the label and the context matter") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    const Buffer context = pattern(8);
    const Buffer plain = pair.client->export_keying_material(32, "EXPORTER-test", std::nullopt).value();
    CHECK_EQ(plain.size(), 32u);
    CHECK(plain == pair.server->export_keying_material(32, "EXPORTER-test", std::nullopt).value());
    CHECK(plain != pair.server->export_keying_material(32, "EXPORTER-other", std::nullopt).value());
    CHECK(plain != pair.server->export_keying_material(32, "EXPORTER-test", context).value());
    CHECK(pair.client->export_keying_material(32, "EXPORTER-test", context).value() ==
          pair.server->export_keying_material(32, "EXPORTER-test", context).value());
    const Buffer with_empty =
        pair.client->export_keying_material(32, "EXPORTER-test", std::span<const uint8_t>()).value();
    // RFC 8446 7.5: none is an empty one; before it they differ.
    CHECK_EQ(with_empty == plain, version == kTls13);
    CHECK_EQ(pair.client->export_keying_material(1000, "EXPORTER-test", std::nullopt).value().size(), 1000u);
    CHECK(pair.client->export_keying_material(0, "EXPORTER-test", std::nullopt).value().empty());
    check_queue_is_empty();
  }
}

TEST("before the handshake nothing is exported, and no reason is left behind") {
  for (int version : kBothTls) {
    const auto client = Ssl::create(contexts(version).client);
    CHECK(!client->export_keying_material(32, "EXPORTER-test", std::nullopt).has_value());
    CHECK(client->queue().empty());
    check_queue_is_empty();
  }
}

}  // namespace
}  // namespace close_notify::test
