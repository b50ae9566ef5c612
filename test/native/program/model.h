// The facts that are certain of two SSLs whatever is done to them, and the checks of them. A check that fails ends the
// process, for that is what a fuzzer understands.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "native/engine/ssl.h"

namespace close_notify::test {

[[noreturn]] void violated(const char* file, int line, const char* what, long long actual);

// `actual` is printed when the condition does not hold.
#define INVARIANT(condition, actual)                                                                  \
  do {                                                                                                \
    if (!(condition)) {                                                                               \
      ::close_notify::test::violated(__FILE__, __LINE__, #condition, static_cast<long long>(actual)); \
    }                                                                                                 \
  } while (false)

// Plaintext that tells where it belongs: each life of each side writes a sequence of its own.
uint8_t plaintext_at(int side, int life, size_t offset);

// The bytes that one life of a side wrote: certainly, and at most.
struct Written {
  size_t done = 0;
  size_t tried = 0;
};

// Follows the plaintext that an SSL gives: it has to go on where it stopped, in the words of one life of the peer.
class Reader {
 public:
  // `peers` has the lives of the peer so far.
  void check(std::span<const uint8_t> plaintext, int peer_side, const std::vector<Written>& peers);
  size_t offset() const { return offset_; }

 private:
  bool fits(std::span<const uint8_t> plaintext, int peer_side, const std::vector<Written>& peers, int life) const;

  int life_ = -1;  // not known before the first byte
  size_t offset_ = 0;
};

// Follows what an SSL sends: whatever happens, it is a sequence of whole records, the last of which may be under way.
// A byte that is lost, doubled or out of place makes a header of something that is none.
class Framing {
 public:
  void check(std::span<const uint8_t> sent);

 private:
  std::vector<uint8_t> header_;
  size_t body_left_ = 0;
};

// The flags of SSL_get_shutdown, and what may change them.
struct ShutdownCause {
  bool called_shutdown = false;  // SSL_shutdown in one of its forms
  bool handshaking = false;      // before the call or after it: a handshake that begins clears the flags
  bool quiet = false;
  // IGNORE_UNEXPECTED_EOF, and the transport is at its end. OpenSSL then replaces the flags: it forgets what it sent.
  bool eof_is_close = false;
};
void check_flags(int before, int after, const ShutdownCause& cause, const std::vector<engine::Event>& events);

// The checks that hold after any call that returns an SSL_get_error.
void check_result(engine::Ssl& ssl, int result);

}  // namespace close_notify::test
