/* Preloaded into a server that cannot be told an address: whatever it binds, it gets 127.0.0.1, and says which port.
 * Its standard output is sent line by line, though it is a pipe. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((constructor)) static void by_lines(void) { setvbuf(stdout, NULL, _IOLBF, 0); }

int bind(int fd, const struct sockaddr *address, socklen_t length) {
  if (address->sa_family != AF_INET) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  struct sockaddr_in own = *(const struct sockaddr_in *)address;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (syscall(SYS_bind, fd, &own, length) != 0) return -1;
  socklen_t size = sizeof own;
  if (getsockname(fd, (struct sockaddr *)&own, &size) != 0) return -1;
  fprintf(stderr, "\nbound to 127.0.0.1:%d\n", ntohs(own.sin_port));
  return 0;
}
