// The events that are noted: alerts, messages, keys, sessions; and where noting ends.
#include <algorithm>

#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

using engine::EventLog;

size_t count_of(const std::vector<Event>& events, EventKind kind) {
  return static_cast<size_t>(std::count_if(events.begin(), events.end(), [&](auto& e) { return e.kind == kind; }));
}

TEST("alerts are noted with direction, versions and time, without being asked") {
  for (int version : kBothTls) {
    Pair pair = connected(version);
    CHECK(take_alerts(*pair.client).empty());
    CHECK(take_alerts(*pair.server).empty());
    CHECK_EQ(pair.client->shutdown(), 0);
    const auto sent = pair.client->events().take();
    CHECK_EQ(sent.size(), 1u);
    CHECK(sent[0].kind == EventKind::kAlert && sent[0].sent);
    CHECK((sent[0].bytes == Buffer{1, 0}));
    CHECK_EQ(sent[0].version, version);
    CHECK(sent[0].record_version == 0x0303);
    CHECK(sent[0].at_ns > 0);
    CHECK(pair.client->events().take().empty());
    move(*pair.client, *pair.server);
    CHECK_EQ(read(*pair.server).result, 0);
    const auto received = pair.server->events().take();
    CHECK_EQ(received.size(), 1u);
    CHECK(!received[0].sent);
    CHECK(received[0].at_ns >= sent[0].at_ns);
  }
}

TEST("handshake messages are noted where that was asked for, the same on both sides") {
  for (int version : kBothTls) {
    Pair pair = pair_of(contexts(version));
    pair.client->events().record_messages();
    pair.server->events().record_messages();
    shake_hands(pair);
    CHECK(read_all(*pair.client).empty());
    const auto client = pair.client->events().take();
    const auto server = pair.server->events().take();
    std::vector<Buffer> sent, received;
    for (const Event& event : client) {
      if (event.kind == EventKind::kHandshake && event.sent) sent.push_back(event.bytes);
    }
    for (const Event& event : server) {
      if (event.kind == EventKind::kHandshake && !event.sent) received.push_back(event.bytes);
    }
    CHECK(!sent.empty() && sent[0][0] == 1);  // client_hello
    CHECK(sent == received);
    CHECK(count_of(client, EventKind::kHandshake) > 4);
    // OpenSSL tells of those that it sends only.
    CHECK(version == kTls13 || count_of(client, EventKind::kChangeCipherSpec) >= 1);
    CHECK(std::is_sorted(client.begin(), client.end(), [](auto& a, auto& b) { return a.at_ns < b.at_ns; }));
  }
}

TEST("without being asked no message is noted") {
  Pair pair = connected(kTls13);
  const auto events = pair.server->events().take();
  CHECK_EQ(count_of(events, EventKind::kHandshake) + count_of(events, EventKind::kChangeCipherSpec), 0u);
}

TEST("keylog lines are noted, each on the SSL that it belongs to") {
  for (int version : kBothTls) {
    const auto made = contexts(version);
    made.client->record_keylog();
    Pair pair = connected(made);
    const auto events = pair.client->events().take();
    CHECK_EQ(count_of(events, EventKind::kKeylog), version == kTls12 ? 1u : events.size() > 4 ? 5u : 4u);
    CHECK_EQ(count_of(pair.server->events().take(), EventKind::kKeylog), 0u);
    for (const Event& event : events) {
      if (event.kind != EventKind::kKeylog) continue;
      const std::string line(event.bytes.begin(), event.bytes.end());
      CHECK(line.starts_with(version == kTls12 ? "CLIENT_RANDOM " : "CLIENT_") || line.starts_with("SERVER_") ||
            line.starts_with("EXPORTER_"));
    }
  }
}

TEST("the log ends at so many events, counts what it drops, and goes on when it was taken") {
  EventLog log;
  const Buffer alert{1, 0};
  for (int i = 0; i < 4096; i++) log.note_message(false, kTls12, openssl::kRtAlert, alert);
  CHECK_EQ(log.dropped(), 0u);
  for (int i = 0; i < 10; i++) log.note_message(false, kTls12, openssl::kRtAlert, alert);
  log.note_new_session(alert);
  log.note_keylog(alert);
  CHECK_EQ(log.dropped(), 12u);
  CHECK_EQ(log.take().size(), 4096u);
  log.note_message(true, kTls12, openssl::kRtAlert, alert);
  CHECK_EQ(log.take().size(), 1u);
  CHECK_EQ(log.dropped(), 12u);
}

TEST("the log ends at so many bytes") {
  EventLog log;
  log.record_messages();
  const Buffer message(100000);
  for (int i = 0; i < 20; i++) log.note_message(false, kTls12, openssl::kRtHandshake, message);
  CHECK_EQ(log.dropped(), 10u);
  log.note_message(false, kTls12, openssl::kRtAlert, Buffer{2, 40});  // has room still
  CHECK_EQ(log.dropped(), 10u);
  CHECK_EQ(log.take().size(), 11u);
  log.note_message(false, kTls12, openssl::kRtHandshake, message);
  CHECK_EQ(log.take().size(), 1u);
}

TEST(
    "a header gives the version to what follows it, in its direction; one that is too short, and other types, give "
    "nothing") {
  EventLog log;
  log.note_message(true, kTls12, openssl::kRtHeader, Buffer{21, 3, 1, 0, 2});
  log.note_message(false, kTls12, openssl::kRtHeader, Buffer{21, 3, 3});
  log.note_message(false, kTls12, openssl::kRtHeader, {});
  log.note_message(false, kTls12, 0x101, Buffer{23});  // inner content type of TLS 1.3
  log.note_message(true, kTls12, openssl::kRtAlert, Buffer{1, 0});
  log.note_message(false, kTls12, openssl::kRtAlert, Buffer{1, 0});
  const auto events = log.take();
  CHECK_EQ(events.size(), 2u);
  CHECK_EQ(events[0].record_version, 0x0301);
  CHECK_EQ(events[1].record_version, 0);
}

TEST("a flood of alerts that nobody takes costs a bounded amount of memory") {
  Pair pair = pair_of(contexts(kTls12));
  CHECK_EQ(pair.client->do_handshake(), -1);
  Buffer warnings;
  for (int i = 0; i < 10; i++)
    warnings.insert(warnings.end(), {21, 3, 3, 0, 2, 1, 90});  // user_canceled, not encrypted
  pair.client->transport().feed(warnings);
  CHECK_EQ(pair.client->do_handshake(), -1);
  const auto noted = take_alerts(*pair.client);
  CHECK(noted.size() >= 1 && noted.size() <= 11);
  CHECK_EQ(noted[0], "received 1 90");
}

}  // namespace
}  // namespace close_notify::test
