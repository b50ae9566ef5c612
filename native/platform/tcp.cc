#include "native/platform/tcp.h"

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#endif

namespace close_notify::platform {

#ifdef __linux__

namespace {

bool read_info(int fd, tcp_info& info) {
  socklen_t length = sizeof info;
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && length != 0;
}

}  // namespace

TcpState tcp_state(int fd) {
  tcp_info info{};
  if (!read_info(fd, info)) return TcpState::kUnknown;
  switch (info.tcpi_state) {
    case TCP_CLOSE: return TcpState::kClosed;
    case TCP_CLOSE_WAIT:
    case TCP_LAST_ACK:
    case TCP_CLOSING:
    case TCP_TIME_WAIT: return TcpState::kPeerEnded;
    default: return TcpState::kOpen;
  }
}

TcpEnd end_to_read(int fd) {
  tcp_info info{};
  int unread = 0;
  // In this order: nothing comes behind FIN, so that what is counted then was there before it.
  if (!read_info(fd, info) || ioctl(fd, FIONREAD, &unread) != 0 || unread != 0) return TcpEnd::kUnknown;
  switch (info.tcpi_state) {
    case TCP_CLOSE_WAIT: return TcpEnd::kFin;
    case TCP_CLOSE:
      // With probes or data that nobody has answered it may be our own kernel that gave up.
      return info.tcpi_probes == 0 && info.tcpi_retransmits == 0 ? TcpEnd::kReset : TcpEnd::kUnknown;
    default: return TcpEnd::kUnknown;
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

TcpEnd end_to_read(int) { return TcpEnd::kUnknown; }

std::optional<int> unacknowledged(int) { return std::nullopt; }

#endif

}  // namespace close_notify::platform
