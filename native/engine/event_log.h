// The events of OpenSSL's callbacks on one SSL, in order, until somebody takes them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "native/openssl/types.h"

namespace close_notify::engine {

enum class EventKind { kAlert, kHandshake, kChangeCipherSpec, kKeylog, kNewSession };

struct Event {
  EventKind kind;
  bool sent = false;
  int version = 0;         // as the message callback gives it
  int record_version = 0;  // from the header of the last record in that direction, 0 before the first
  int64_t at_ns = 0;       // steady clock
  std::vector<uint8_t> bytes{};
};

class EventLog {
 public:
  // Whether anything is learnt of a content type of SSL_set_msg_callback(3). Most of what it tells is of no such type.
  static bool is_of_use(int content_type) {
    return content_type == openssl::kRtHeader || content_type == openssl::kRtAlert ||
           content_type == openssl::kRtHandshake || content_type == openssl::kRtChangeCipherSpec;
  }

  // SSL_set_msg_callback(3)
  void note_message(bool sent, int version, int content_type, std::span<const uint8_t> bytes);
  void note_keylog(std::span<const uint8_t> line);
  // A session in the form of i2d_SSL_SESSION(3), or nothing.
  void note_new_session(std::span<const uint8_t> der);

  // Alerts are always kept; handshake messages and change_cipher_spec from here on.
  void record_messages() { records_messages_ = true; }

  std::vector<Event> take();
  // Events that wait to be taken.
  size_t size() const { return events_.size(); }

  // Events that were not kept because too many waited to be taken, or for want of memory.
  uint64_t dropped() const { return dropped_; }

  // Bytes of the heap that it holds.
  size_t memory() const { return events_.capacity() * sizeof(Noted) + bytes_.capacity(); }

 private:
  // As many as an alert has.
  using FewBytes = std::array<uint8_t, 2>;

  // An event while it waits: its bytes stand behind those of the ones before, and an alert's in itself, so that noting
  // one takes no memory of its own. SSL_shutdown is quick enough for that to count.
  struct Noted {
    EventKind kind;
    bool sent = false;
    FewBytes few{};
    int version = 0;
    int record_version = 0;
    uint32_t length = 0;
    int64_t at_ns = 0;
  };

  void add(Noted event, std::span<const uint8_t> bytes) noexcept;

  std::vector<Noted> events_;
  std::vector<uint8_t> bytes_;  // of the events that have more than few
  size_t length_ = 0;           // of all events
  uint64_t dropped_ = 0;
  int received_record_version_ = 0;
  int sent_record_version_ = 0;
  bool records_messages_ = false;
};

}  // namespace close_notify::engine
