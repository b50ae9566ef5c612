// Sessions: taken, written out, read in, resumed, and what closing does to them.
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

// BoringSSL hands out sessions of TLS 1.3 in the callback alone.
bool gives_sessions(int version) { return version == kTls12 || !library().is_boringssl_family(); }

// Needed for resumption: the client is told of sessions, the server gives them.
Contexts resuming(int version) {
  const auto made = contexts(version);
  CHECK(made.client->set_session_cache_mode(kCacheClient).has_value());
  CHECK(made.server->set_session_cache_mode(kCacheServer).has_value());
  CHECK_EQ(made.server->set_session_id_context(bytes_of_text("harness")), 1);
  return made;
}

// After data, so that tickets of TLS 1.3 have been read.
std::shared_ptr<Session> session_of(Pair& pair) {
  CHECK_EQ(write(*pair.server, pattern(10)), 10);
  move(*pair.server, *pair.client);
  CHECK(read_all(*pair.client) == pattern(10));
  const auto session = pair.client->get_session();
  CHECK(session != nullptr);
  return session;
}

void close_both(Pair& pair) {
  CHECK_EQ(pair.client->shutdown(), 0);
  move(*pair.client, *pair.server);
  CHECK_EQ(read(*pair.server).result, 0);
  CHECK_EQ(pair.server->shutdown(), 1);
  move(*pair.server, *pair.client);
  CHECK_EQ(pair.client->shutdown(), 1);
}

bool resumes(const Contexts& made, const Session& session) {
  Pair pair = pair_of(made);
  CHECK_EQ(pair.client->set_session(session), 1);
  CHECK(!pair.server->set_session(session).has_value());
  CHECK_EQ(pair.client->error(), kNone);
  shake_hands(pair);
  CHECK_EQ(pair.client->session_reused(), pair.server->session_reused());
  return pair.client->session_reused();
}

TEST("a session is resumed, by itself and by its bytes, and outlives what it came from") {
  for (int version : kBothTls) {
    if (!gives_sessions(version)) continue;
    std::shared_ptr<Session> session;
    const auto made = resuming(version);
    {
      Pair pair = connected(made);
      session = session_of(pair);
      close_both(pair);
    }
    CHECK(session->is_resumable().value_or(true));
    const Buffer der = session->to_bytes();
    CHECK(der.size() > 50 && der[0] == 0x30);
    CHECK(resumes(made, *session));
    const auto parsed = Session::parse(library(), der);
    CHECK(parsed != nullptr);
    CHECK(parsed->to_bytes() == der);
    CHECK(parsed->is_resumable().value_or(true));
    CHECK_EQ(&parsed->library(), &library());
    if (version == kTls12) CHECK(resumes(made, *parsed));
  }
}

TEST("bytes that are no session are refused, with the reason in the queue") {
  Pair pair = connected(resuming(kTls13));
  const Buffer der = session_of(pair)->to_bytes();
  Buffer changed = der;
  changed[0] = 0x31;
  for (const Buffer& bad : {Buffer(), Buffer{0x30}, pattern(100), Buffer(der.begin(), der.end() - 10), changed}) {
    CHECK(Session::parse(library(), bad) == nullptr);
    CHECK(!openssl::drain_error_queue(library().functions()).empty());
  }
}

TEST("a session stays resumable after a clean close, and not after an SSL was freed without one") {
  for (int version : kBothTls) {
    for (const bool clean : {true, false}) {
      const auto made = resuming(version);
      std::shared_ptr<Session> session;
      {
        Pair pair = connected(made);
        session = session_of(pair);
        if (clean) close_both(pair);
      }
      const auto resumable = session->is_resumable();
      CHECK_EQ(resumable.has_value(), library().functions().SSL_SESSION_is_resumable != nullptr);
      if (is_openssl()) CHECK_EQ(resumable, clean);
      check_queue_is_empty();
    }
  }
}

TEST("a fatal alert makes a session unusable, on both sides") {
  for (int version : kBothTls) {
    Pair pair = connected(resuming(version));
    const auto session = session_of(pair);
    Buffer wire = pattern(30);
    wire[0] = 0x17, wire[1] = 3, wire[2] = 3, wire[3] = 0, wire[4] = 25;
    pair.server->transport().feed(wire);
    CHECK(read(*pair.server).result < 0);
    CHECK_EQ(pair.server->error(), kSslError);
    move(*pair.server, *pair.client);
    CHECK(read(*pair.client).result <= 0);
    CHECK_EQ(pair.client->error(), kSslError);
    if (is_openssl()) CHECK_EQ(session->is_resumable(), false);
  }
}

TEST("new sessions are events of the client, and resume: the only ones that BoringSSL gives in TLS 1.3") {
  for (int version : kBothTls) {
    const auto made = resuming(version);
    Pair pair = connected(made);
    static_cast<void>(session_of(pair));
    size_t count = 0;
    for (const Event& event : pair.client->events().take()) {
      if (event.kind != EventKind::kNewSession) continue;
      count++;
      const auto session = Session::parse(library(), event.bytes);
      CHECK(session != nullptr);
      CHECK(resumes(made, *session));
    }
    CHECK(count >= 1);
    for (const Event& event : pair.server->events().take()) {
      if (event.kind == EventKind::kNewSession) CHECK(event.bytes.empty());
    }
  }
}

TEST("a session set on an SSL can be set again, and by one that it came from") {
  const auto made = resuming(kTls12);
  Pair pair = connected(made);
  const auto session = session_of(pair);
  close_both(pair);
  Pair next = pair_of(made);
  CHECK_EQ(next.client->set_session(*session), 1);
  CHECK_EQ(next.client->set_session(*session), 1);
  const auto back = next.client->get_session();
  CHECK(back != nullptr && back->get() == session->get());
  CHECK_EQ(next.client->set_session(*back), 1);
  shake_hands(next);
  CHECK(next.client->session_reused());
}

TEST("an SSL without a handshake has no session") {
  const auto made = contexts(kTls13);
  const auto client = Ssl::create(made.client);
  CHECK(client->get_session() == nullptr);
}

}  // namespace
}  // namespace close_notify::test
