#include "native/platform/tcp_state.h"

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

namespace close_notify::platform {

#ifdef __linux__

TcpState tcp_state(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 || length == 0) return TcpState::kUnknown;
  return info.tcpi_state == TCP_CLOSE ? TcpState::kClosed : TcpState::kOther;
}

#else

TcpState tcp_state(int) { return TcpState::kUnknown; }

#endif

}  // namespace close_notify::platform
