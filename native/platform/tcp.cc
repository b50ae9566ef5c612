#include "native/platform/tcp.h"

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#endif

namespace close_notify::platform {

#ifdef __linux__

TcpState tcp_state(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 || length == 0) return TcpState::kUnknown;
  switch (info.tcpi_state) {
    case TCP_CLOSE: return TcpState::kClosed;
    case TCP_CLOSE_WAIT:
    case TCP_LAST_ACK:
    case TCP_CLOSING:
    case TCP_TIME_WAIT: return TcpState::kPeerEnded;
    default: return TcpState::kOpen;
  }
}

std::optional<int> unacknowledged(int fd) {
  int bytes = 0;
  // Which tcp(7) calls SIOCOUTQ. That name is in headers of the kernel, which a system with musl need not have.
  if (ioctl(fd, TIOCOUTQ, &bytes) != 0) return std::nullopt;
  return bytes;
}

#else

TcpState tcp_state(int) { return TcpState::kUnknown; }

std::optional<int> unacknowledged(int) { return std::nullopt; }

#endif

}  // namespace close_notify::platform
