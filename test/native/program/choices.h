// The beginning of a program: its bytes, and the choices that two of them make about the contexts.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "native/engine/ssl_context.h"
#include "test/native/program/constants.h"

namespace close_notify::test {

class Input {
 public:
  explicit Input(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool done() const { return bytes_.empty(); }
  uint8_t next() {
    if (done()) return 0;
    const uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  std::span<const uint8_t> take(size_t count) {
    const auto taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  template <size_t count>
  size_t choose(const std::array<size_t, count>& values) {
    return values[next() % count];
  }

 private:
  std::span<const uint8_t> bytes_;
};

struct Choices {
  explicit Choices(Input& input) : first(input.next()), second(input.next()) {}
  int client_version() const { return (first & 3) == 1 ? kTls13 : kTls12; }
  int server_version() const { return (first & 3) == 0 || (first & 3) == 2 ? kTls12 : kTls13; }
  bool any_version() const { return (first & 3) == 2; }
  bool ignores_eof() const { return (first & 4) != 0; }
  bool asks_for_certificate() const { return (first & 8) != 0; }
  bool reads_ahead() const { return (first & 16) != 0; }
  bool releases_buffers() const { return (first & 32) != 0; }
  bool quiet_server() const { return (first & 64) != 0; }
  bool has_sessions() const { return (first & 128) != 0; }
  bool no_tickets() const { return (second & 1) != 0; }
  bool allows_renegotiation() const { return (second & 2) != 0; }
  bool no_renegotiation() const { return (second & 4) != 0; }
  bool has_protocols() const { return (second & 8) != 0; }
  bool traces() const { return (second & 16) != 0; }
  bool starts_connected() const { return (second & 32) == 0; }
  bool only_polite() const { return (second & 64) != 0; }

  uint8_t first;
  uint8_t second;
};

using ContextPair = std::array<std::shared_ptr<engine::SslContext>, 2>;

// The client's and the server's. Making a context costs more than all that a short program does with it: they are kept.
ContextPair contexts_for(const openssl::Library& library, const Choices& choices);

}  // namespace close_notify::test
