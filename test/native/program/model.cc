#include "test/native/program/model.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "test/native/program/constants.h"

namespace close_notify::test {
namespace {

bool has_alert(const std::vector<engine::Event>& events, bool sent, int level, int description) {
  for (const auto& event : events) {
    if (event.kind != engine::EventKind::kAlert || event.sent != sent || event.bytes.size() != 2) continue;
    if (event.bytes[0] == level || event.bytes[1] == description) return true;
  }
  return false;
}

}  // namespace

void violated(const char* file, int line, const char* what, long long actual) {
  std::fprintf(stderr, "%s:%d: does not hold: %s (%lld)\n", file, line, what, actual);
  std::abort();
}

uint8_t plaintext_at(int side, int life, size_t offset) {
  return static_cast<uint8_t>(offset * 13 + offset / 256 * 7 + static_cast<size_t>(life) * 101 +
                              static_cast<size_t>(side) * 57);
}

bool Reader::fits(std::span<const uint8_t> plaintext, int peer_side, const std::vector<Written>& peers,
                  int life) const {
  if (offset_ + plaintext.size() > peers[static_cast<size_t>(life)].tried) return false;
  for (size_t i = 0; i < plaintext.size(); i++) {
    if (plaintext[i] != plaintext_at(peer_side, life, offset_ + i)) return false;
  }
  return true;
}

void Reader::check(std::span<const uint8_t> plaintext, int peer_side, const std::vector<Written>& peers) {
  if (plaintext.empty()) return;
  if (life_ < 0) {
    for (int life = 0; life < static_cast<int>(peers.size()) && life_ < 0; life++) {
      if (fits(plaintext, peer_side, peers, life)) life_ = life;
    }
    INVARIANT(life_ >= 0, plaintext.size());
  }
  INVARIANT(fits(plaintext, peer_side, peers, life_), offset_);
  offset_ += plaintext.size();
}

void Framing::check(std::span<const uint8_t> sent) {
  for (size_t at = 0; at < sent.size();) {
    if (body_left_ > 0) {
      const size_t count = std::min(body_left_, sent.size() - at);
      body_left_ -= count;
      at += count;
      continue;
    }
    header_.push_back(sent[at++]);
    if (header_.size() < 5) continue;
    INVARIANT(header_[0] >= 20 && header_[0] <= 24, header_[0]);
    INVARIANT(header_[1] == 3,
              header_[1]);  // the other byte may be the peer's: OpenSSL repeats a wrong one in its alert
    body_left_ = static_cast<size_t>(header_[3]) << 8 | header_[4];
    INVARIANT(body_left_ > 0 && body_left_ <= 16384 + 2048, body_left_);
    header_.clear();
  }
}

void check_flags(int before, int after, const ShutdownCause& cause, const std::vector<engine::Event>& events) {
  const int lost = before & ~after;
  INVARIANT(lost == 0 || cause.handshaking || (cause.eof_is_close && lost == kSent), before << 8 | after);
  const int added = after & ~before;
  if ((added & kSent) != 0) INVARIANT(cause.called_shutdown, after);
  if ((added & kReceived) != 0) {
    const bool by_alert = has_alert(events, false, kFatal, kCloseNotify);
    INVARIANT(by_alert || cause.eof_is_close || (cause.quiet && cause.called_shutdown), after);
  }
}

void check_result(engine::Ssl& ssl, int result) {
  const auto& f = ssl.context().library().functions();
  INVARIANT(f.ERR_peek_last_error() == 0, f.ERR_peek_last_error());
  INVARIANT(ssl.error() >= 0 && ssl.error() <= kLastError, ssl.error());
  INVARIANT((result > 0) == (ssl.error() == openssl::kErrorNone), result);
  if (ssl.error() == kZeroReturn) INVARIANT((ssl.get_shutdown() & kReceived) != 0, result);
  for (const auto& entry : ssl.queue()) INVARIANT(entry.code != 0, entry.line);
}

}  // namespace close_notify::test
