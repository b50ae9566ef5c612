// Which part of an SSL's output is of its handshakes, where that lies among or behind the program's data: the session
// tickets of TLS 1.3 behind what was written in the callback of the handshake, KeyUpdate, a renegotiation. Positions
// are counts of BIO_number_written(3).
//
// OpenSSL's state machine tells of its steps through the info callback. What is written between two steps of one run of
// it is its own; only the callback of HANDSHAKE_DONE runs JavaScript, which may write. In a handshake OpenSSL puts a
// buffer of 4096 bytes in front of the BIO: so much of what JavaScript wrote may come out behind the callback.
#pragma once

#include <cstdint>

namespace close_notify::node {

class HandshakeOutput {
 public:
  // Behind `known_from`, output is the program's data and alerts but for [from, to). `may_begin_with_data`: the first
  // bytes of that may be data that JavaScript wrote in the callback of the handshake.
  struct Range {
    uint64_t known_from;
    uint64_t from;
    uint64_t to;
    bool may_begin_with_data;
  };

  static constexpr uint64_t kUnknown = UINT64_MAX;

  // All that comes behind `total` will be told.
  void begin(uint64_t total) { range_ = {total, total, total, false}; }

  // The state machine tells of a step; `ends`: it returns.
  void step(uint64_t total, bool ends);

  // JavaScript has returned to the state machine.
  void resume(uint64_t total);

  const Range& range() const { return range_; }

 private:
  Range range_{kUnknown, 0, 0, false};
  // The total at the step before; kUnknown outside of the state machine.
  uint64_t at_last_step_ = kUnknown;
};

}  // namespace close_notify::node
