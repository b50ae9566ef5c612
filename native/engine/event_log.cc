#include "native/engine/event_log.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

namespace close_notify::engine {
namespace {

// A peer decides how many alerts and messages come: what nobody takes may not grow without end.
constexpr size_t kMaxEvents = 4096;
constexpr size_t kMaxBytes = 1024 * 1024;

constexpr size_t kHeaderLength = 5;  // type, version, length: RFC 8446 5.1

int64_t now_ns() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count();
}

}  // namespace

void EventLog::note_message(bool sent, int version, int content_type, std::span<const uint8_t> bytes) {
  int& record_version = sent ? sent_record_version_ : received_record_version_;
  EventKind kind;
  switch (content_type) {
    case openssl::kRtHeader:
      if (bytes.size() >= kHeaderLength) record_version = bytes[1] << 8 | bytes[2];
      return;
    case openssl::kRtAlert: kind = EventKind::kAlert; break;
    case openssl::kRtHandshake: kind = EventKind::kHandshake; break;
    case openssl::kRtChangeCipherSpec: kind = EventKind::kChangeCipherSpec; break;
    default: return;
  }
  if (kind != EventKind::kAlert && !records_messages_) return;
  add({.kind = kind, .sent = sent, .version = version, .record_version = record_version}, bytes);
}

void EventLog::note_keylog(std::span<const uint8_t> line) { add({.kind = EventKind::kKeylog}, line); }

void EventLog::note_new_session(std::span<const uint8_t> der) { add({.kind = EventKind::kNewSession}, der); }

std::vector<Event> EventLog::take() {
  std::vector<Event> taken;
  taken.reserve(events_.size());
  std::span<const uint8_t> bytes = bytes_;
  for (const Noted& event : events_) {
    const bool is_few = event.length <= event.few.size();
    const auto own = (is_few ? std::span<const uint8_t>(event.few) : bytes).first(event.length);
    if (!is_few) bytes = bytes.subspan(event.length);
    taken.push_back({.kind = event.kind,
                     .sent = event.sent,
                     .version = event.version,
                     .record_version = event.record_version,
                     .at_ns = event.at_ns,
                     .bytes = {own.begin(), own.end()}});
  }
  // Not {}, which would keep the memory.
  events_ = std::vector<Noted>();
  bytes_ = std::vector<uint8_t>();
  length_ = 0;
  return taken;
}

void EventLog::add(Noted event, std::span<const uint8_t> bytes) noexcept {
  if (events_.size() >= kMaxEvents || length_ + bytes.size() > kMaxBytes) {
    dropped_++;
    return;
  }
  event.length = static_cast<uint32_t>(bytes.size());
  event.at_ns = now_ns();
  const bool is_few = bytes.size() <= event.few.size();
  // Called by OpenSSL, through which nothing may be thrown.
  try {
    if (is_few) {
      std::copy(bytes.begin(), bytes.end(), event.few.begin());
    } else {
      bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }
  } catch (const std::bad_alloc&) {
    dropped_++;
    return;
  }
  try {
    events_.push_back(event);
    length_ += bytes.size();
  } catch (const std::bad_alloc&) {
    if (!is_few) bytes_.resize(bytes_.size() - bytes.size());
    dropped_++;
  }
}

}  // namespace close_notify::engine
