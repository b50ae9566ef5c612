#include "test/native/harness/pair.h"

#include <algorithm>

#include "test/native/harness/check.h"

namespace close_notify::test {
namespace {

const Library* current = nullptr;

}  // namespace

const Library& library() { return *current; }
void set_library(const Library* library) { current = library; }

bool is_openssl() { return library().kind() == openssl::LibraryKind::kOpenSsl; }

bool is_openssl_at_least(unsigned long version) {
  return is_openssl() && library().functions().OpenSSL_version_num() >= version;
}

bool is_openssl_3_or_newer() { return is_openssl_at_least(0x30000000); }

Contexts contexts(int version) {
  const auto client = SslContext::create(library(), false);
  const auto server = SslContext::create(library(), true);
  CHECK(client != nullptr && server != nullptr);
  CHECK(!client->is_server() && server->is_server());
  CHECK_EQ(server->use_certificate_chain(leaf_chain()), 1);
  CHECK_EQ(server->use_private_key(leaf_key(), std::nullopt), 1);
  CHECK_EQ(server->check_private_key(), 1);
  CHECK_EQ(client->add_trusted(root_certificate()), 1);
  client->set_verify(kVerifyPeer);
  for (const auto& context : {client, server}) {
    CHECK_EQ(context->set_min_proto_version(version), 1);
    CHECK_EQ(context->set_max_proto_version(version), 1);
    CHECK_EQ(context->take_queue().size(), 0u);
  }
  return {client, server};
}

Pair pair_of(const Contexts& contexts) {
  Pair pair{Ssl::create(contexts.client), Ssl::create(contexts.server)};
  CHECK(pair.client != nullptr && pair.server != nullptr);
  return pair;
}

Pair connected(const Contexts& contexts) {
  Pair pair = pair_of(contexts);
  shake_hands(pair);
  CHECK(read_all(*pair.client).empty());
  return pair;
}

Pair connected(int version) { return connected(contexts(version)); }

size_t move(Ssl& from, Ssl& to, size_t at_most) {
  const Buffer bytes = take_output(from, at_most);
  to.transport().feed(bytes);
  return bytes.size();
}

Buffer take_output(Ssl& ssl, size_t at_most) {
  Buffer bytes(std::min(at_most, ssl.transport().output_pending()));
  CHECK_EQ(ssl.transport().take(bytes), bytes.size());
  return bytes;
}

void shake_hands(Pair& pair, size_t chunk) {
  int client = 0, server = 0;
  for (;;) {
    if (client != 1) {
      client = pair.client->do_handshake();
      CHECK(client == 1 || pair.client->error() == kWantRead);
      CHECK_EQ(pair.client->queue().size(), 0u);
    }
    if (server != 1) {
      server = pair.server->do_handshake();
      CHECK(server == 1 || pair.server->error() == kWantRead);
      CHECK_EQ(pair.server->queue().size(), 0u);
    }
    const size_t moved = move(*pair.client, *pair.server, chunk) + move(*pair.server, *pair.client, chunk);
    if (client == 1 && server == 1 && moved == 0) break;
    CHECK(moved > 0 || client == 1 || server == 1);
  }
  CHECK(!pair.client->in_init() && !pair.server->in_init());
  check_queue_is_empty();
}

int write(Ssl& ssl, const Buffer& bytes) { return ssl.write(bytes); }

Read read(Ssl& ssl, size_t length) {
  Buffer data(length);
  const int result = ssl.read(data);
  data.resize(result > 0 ? static_cast<size_t>(result) : 0);
  return {result, data};
}

Buffer peer_certificate(const Ssl& ssl) {
  const auto certificate = ssl.peer_certificate();
  CHECK(certificate.has_value());
  return *certificate;
}

Buffer read_all(Ssl& ssl) {
  Buffer all;
  for (;;) {
    const Read next = read(ssl);
    if (next.result <= 0) {
      CHECK_EQ(ssl.error(), kWantRead);
      return all;
    }
    all.insert(all.end(), next.data.begin(), next.data.end());
  }
}

Buffer pattern(size_t length, uint8_t seed) {
  Buffer bytes(length);
  for (size_t i = 0; i < length; i++) bytes[i] = static_cast<uint8_t>(seed + i * 7 + i / 251);
  return bytes;
}

std::vector<std::string> alerts(const std::vector<Event>& events) {
  std::vector<std::string> texts;
  for (const Event& event : events) {
    if (event.kind != EventKind::kAlert) continue;
    CHECK_EQ(event.bytes.size(), 2u);
    texts.push_back(std::string(event.sent ? "sent " : "received ") + std::to_string(event.bytes[0]) + " " +
                    std::to_string(event.bytes[1]));
  }
  return texts;
}

std::vector<std::string> take_alerts(Ssl& ssl) { return alerts(ssl.events().take()); }

void check_queue_is_empty(const Library& of) { CHECK_EQ(of.functions().ERR_peek_last_error(), 0u); }

}  // namespace close_notify::test
