// Every setter of a context, with what is right and with what is not. A refusal leaves its reason in the queue.
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

constexpr uint32_t kModes = openssl::kModeAcceptMovingWriteBuffer | kModeReleaseBuffers;

std::shared_ptr<SslContext> context(bool is_server) {
  auto made = SslContext::create(library(), is_server);
  CHECK(made != nullptr);
  CHECK_EQ(made->take_queue().size(), 0u);
  return made;
}

void check_refused(SslContext& context, std::optional<int> result) {
  CHECK(result.has_value() && *result != 1);
  const auto queue = context.take_queue();
  CHECK(!queue.empty());
  CHECK(queue.front().code != 0);
  CHECK(!queue.front().reason.empty());
  check_queue_is_empty();
}

void check_taken(SslContext& context, std::optional<int> result) {
  CHECK_EQ(result, std::optional<int>(1));
  CHECK_EQ(context.take_queue().size(), 0u);
}

Buffer joined(const Buffer& first, const Buffer& second) {
  Buffer both = first;
  both.insert(both.end(), second.begin(), second.end());
  return both;
}

const Buffer kGarbage = bytes_of_text("-----BEGIN CERTIFICATE-----\nnothing of the kind\n-----END CERTIFICATE-----\n");
const Buffer kText = bytes_of_text("no PEM at all");

TEST("a certificate chain is taken; garbage, text, nothing and a chain that ends in garbage are refused") {
  const auto server = context(true);
  check_taken(*server, server->use_certificate_chain(leaf_chain()));
  for (const Buffer& bad : {kGarbage, kText, Buffer(), leaf_key(), joined(leaf_chain(), kGarbage)}) {
    const auto other = context(true);
    check_refused(*other, other->use_certificate_chain(bad));
  }
}

TEST("text around certificates is skipped") {
  const auto server = context(true);
  check_taken(*server,
              server->use_certificate_chain(joined(joined(kText, leaf_chain()), bytes_of_text("\nthe end\n"))));
  const auto with_key = context(true);
  const Buffer both = joined(leaf_key(), leaf_chain());
  check_taken(*with_key, with_key->use_certificate_chain(both));
  check_taken(*with_key, with_key->use_private_key(both, std::nullopt));
  check_taken(*with_key, with_key->check_private_key());
}

TEST("a key is taken; garbage, a certificate and nothing are refused") {
  const auto server = context(true);
  check_taken(*server, server->use_private_key(leaf_key(), std::nullopt));
  for (const Buffer& bad : {kGarbage, kText, Buffer(), leaf_chain()}) {
    check_refused(*server, server->use_private_key(bad, std::nullopt));
  }
}

TEST("an encrypted key needs its passphrase, and none is ever asked from a terminal") {
  const auto server = context(true);
  check_taken(*server, server->use_private_key(leaf_key_encrypted(), "right"));
  check_refused(*server, server->use_private_key(leaf_key_encrypted(), "wrong"));
  check_refused(*server, server->use_private_key(leaf_key_encrypted(), ""));
  check_refused(*server, server->use_private_key(leaf_key_encrypted(), std::nullopt));
  check_refused(*server, server->use_private_key(leaf_key_encrypted(), std::string(100000, 'x')));
  // A key that needs none does not mind.
  check_taken(*server, server->use_private_key(leaf_key(), "right"));
}

TEST("a key of another certificate is told from the right one") {
  const auto server = context(true);
  check_taken(*server, server->use_certificate_chain(leaf_chain()));
  const int used = server->use_private_key(other_key(), std::nullopt);
  // OpenSSL compares here already, others when they are asked.
  if (used == 1) {
    check_refused(*server, server->check_private_key());
  } else {
    check_refused(*server, used);
  }
  const auto empty = context(true);
  check_refused(*empty, empty->check_private_key());
}

TEST("trusted certificates are taken, also twice; what is none is refused") {
  const auto client = context(false);
  check_taken(*client, client->add_trusted(root_certificate()));
  check_taken(*client, client->add_trusted(root_certificate()));
  check_taken(*client, client->add_trusted(leaf_chain()));
  for (const Buffer& bad : {kGarbage, kText, Buffer()}) check_refused(*client, client->add_trusted(bad));
  check_taken(*client, client->set_default_verify_paths());
}

TEST("versions, ciphers, ciphersuites and groups are taken, and what OpenSSL does not know is refused") {
  const auto server = context(true);
  for (int version : {0, kTls12, kTls13}) {
    check_taken(*server, server->set_min_proto_version(version));
    check_taken(*server, server->set_max_proto_version(version));
  }
  CHECK_EQ(server->set_max_proto_version(0x0999).value_or(-1), 0);
  static_cast<void>(server->take_queue());

  check_taken(*server, server->set_cipher_list("ECDHE-ECDSA-AES128-GCM-SHA256"));
  check_refused(*server, server->set_cipher_list("NO-SUCH-CIPHER"));
  if (library().functions().SSL_CTX_set_ciphersuites != nullptr) {
    check_taken(*server, server->set_ciphersuites("TLS_AES_128_GCM_SHA256"));
    check_refused(*server, server->set_ciphersuites("TLS_NO_SUCH_SUITE"));
  } else {
    CHECK(!server->set_ciphersuites("TLS_AES_128_GCM_SHA256").has_value());
  }
  check_taken(*server, server->set_groups_list("P-256:X25519"));
  CHECK_EQ(server->set_groups_list("no-such-group").value_or(-1), 0);
  static_cast<void>(server->take_queue());
}

TEST("a session id context has at most 32 bytes") {
  const auto server = context(true);
  check_taken(*server, server->set_session_id_context(Buffer(32, 'x')));
  check_refused(*server, server->set_session_id_context(Buffer(33, 'x')));
  check_taken(*server, server->set_session_id_context({}));
}

TEST("protocols in wire format are taken on both sides, and what is not in that format is refused on both") {
  for (const bool is_server : {false, true}) {
    const auto side = context(is_server);
    CHECK_EQ(side->set_alpn(bytes_of_text("\x02h2\x08http/1.1")), 1);
    for (const char* bad : {"\x03h2", "\x02h2\x09http/1.1", "\x01"}) CHECK_EQ(side->set_alpn(bytes_of_text(bad)), 0);
    CHECK_EQ(side->set_alpn(Buffer{2, 'h', '2', 0}), 0);
    static_cast<void>(side->take_queue());
  }
}

TEST("switches are switched") {
  const auto server = context(true);
  CHECK(!server->quiet_shutdown());
  server->set_quiet_shutdown(true);
  CHECK(server->quiet_shutdown());
  const auto ssl = Ssl::create(server);
  CHECK(ssl->quiet_shutdown());
  server->set_quiet_shutdown(false);
  CHECK(!server->quiet_shutdown());
  CHECK(ssl->quiet_shutdown());  // copied when the SSL was made

  const auto mode = server->set_mode(kModeReleaseBuffers);
  CHECK(mode.has_value() && (static_cast<uint32_t>(*mode) & kModes) == kModes);
  CHECK(server->set_session_cache_mode(0x0002).has_value());
  CHECK_EQ(server->set_session_cache_mode(0x0003), 2);
  CHECK(server->set_read_ahead(true).has_value());
  const bool counts_tickets = library().functions().SSL_CTX_set_num_tickets != nullptr;
  CHECK_EQ(server->set_num_tickets(3), counts_tickets ? std::optional<int>(1) : std::nullopt);
  const bool authenticates_late = library().functions().SSL_CTX_set_post_handshake_auth != nullptr;
  CHECK_EQ(server->set_post_handshake_auth(true), authenticates_late ? std::optional<int>(1) : std::nullopt);
  server->set_options(0x4000);
  server->record_keylog();
  CHECK_EQ(server->take_queue().size(), 0u);
}

TEST("no setter sees what an earlier call of somebody else left in the queue") {
  const auto server = context(true);
  const auto other = context(true);
  CHECK_EQ(other->use_private_key(kGarbage, std::nullopt), 0);  // left there
  check_taken(*server, server->use_certificate_chain(leaf_chain()));
  CHECK_EQ(other->set_cipher_list("NO-SUCH-CIPHER"), 0);
  CHECK(Ssl::create(server) != nullptr);
  check_queue_is_empty();
  CHECK_EQ(other->set_cipher_list("NO-SUCH-CIPHER"), 0);
  auto ssl = Ssl::create(server);
  CHECK_EQ(other->set_cipher_list("NO-SUCH-CIPHER"), 0);
  CHECK_EQ(ssl->do_handshake(), -1);
  CHECK_EQ(ssl->error(), kWantRead);
  CHECK(ssl->queue().empty());
}

}  // namespace
}  // namespace close_notify::test
