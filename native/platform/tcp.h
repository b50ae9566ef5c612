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

// Bytes that the kernel was given and that the peer's TCP has not acknowledged (SIOCOUTQ on Linux).
std::optional<int> unacknowledged(int fd);

}  // namespace close_notify::platform
