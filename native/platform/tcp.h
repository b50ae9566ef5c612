#pragma once

#include <optional>

namespace close_notify::platform {

enum class TcpState {
  kUnknown,    // not a TCP socket, or a system that does not tell
  kOpen,       // the peer may still send
  kPeerEnded,  // its FIN has come
  kClosed,     // reset, or ended in both directions
};

// The kernel's state of a TCP connection (TCP_INFO on Linux).
TcpState tcp_state(int fd);

enum class TcpEnd {
  kUnknown,  // none has come, there is more to read before it, or nobody tells
  kFin,
  kReset,
};

// The peer's end of a TCP connection, where nothing is left to read before it.
TcpEnd end_to_read(int fd);

// Bytes that the kernel was given and that the peer's TCP has not acknowledged (SIOCOUTQ on Linux).
std::optional<int> unacknowledged(int fd);

}  // namespace close_notify::platform
