// The yardstick of the study: a TLS client that closes first, over libssl alone, in the three ways of SSL_shutdown(3):
//
//   quiet           SSL_set_quiet_shutdown(ssl, 1), then SSL_shutdown, which sends nothing, then close(2). "Quiet
//                   shutdown" of the manual: the peer cannot tell the end from a truncation.
//   unidirectional  SSL_shutdown once, which sends our close_notify, then close(2). The manual allows it where the
//                   connection is not used again.
//   bidirectional   SSL_shutdown once, then SSL_read until SSL_ERROR_ZERO_RETURN, the peer's close_notify, then
//                   close(2). The manual asks for SSL_read in place of a second SSL_shutdown where the peer may still
//                   send data, for SSL_shutdown fails on data.
//
// It is asked over its standard input and answers over its standard output, as benchmarks/support/child.ts describes:
//
//   open HOST PORT PROTOCOL            connects and reads one byte; answers with an id
//   close ID MODE NAME BYTES WAIT      writes BYTES bytes that begin with the line NAME, closes, and answers with the
//                                      times before the write, when nothing was left to send or to wait for, and after
//                                      close(2), all in ns of CLOCK_MONOTONIC, and with how it went. WAIT is how many
//                                      ms the peer's close_notify is waited for.
//   destroy ID                         close(2), and nothing else
//
// Its argument is a file with the certificate to trust. Sockets do not block, so that many connections can be opened
// and closed at once. A connection that has something to do has a step, which is repeated whenever its socket is ready.
#define _GNU_SOURCE  // ppoll
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum mode { QUIET, UNIDIRECTIONAL, BIDIRECTIONAL };
enum { MOST_CONNECTIONS = 4096 };

struct connection {
  SSL* ssl;  // NULL: this place is free.
  int fd;
  void (*step)(struct connection*);  // NULL: open, and nothing to do.
  short events;                      // What the step waits for.
  char request[32];                  // The number of the request that the step will answer.
  // Of the closing:
  enum mode mode;
  char* payload;
  int payload_length;
  long long began, wait, deadline;  // In ns.
};

static SSL_CTX* context;
static struct connection connections[MOST_CONNECTIONS];
static int used;  // Places from here on were never taken.

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// --- The end of a request ---

static void release(struct connection* connection) {
  SSL_free(connection->ssl);  // Leaves the descriptor alone.
  free(connection->payload);
  *connection = (struct connection){0};
}

static void fail(struct connection* connection, const char* why) {
  printf("%s error %s\n", connection->request, why);
  close(connection->fd);
  release(connection);
}

static void finish_closing(struct connection* connection, const char* result) {
  long long done = now();
  close(connection->fd);
  long long closed = now();
  printf("%s ok %lld %lld %lld %s\n", connection->request, connection->began, done, closed, result);
  release(connection);
}

// Leaves the step to be repeated when the socket is ready; where the call failed for another reason the request fails.
static void repeat_or_fail(struct connection* connection, int result) {
  int error = SSL_get_error(connection->ssl, result);
  unsigned long queued = ERR_peek_error();
  if (error == SSL_ERROR_WANT_READ) {
    connection->events = POLLIN;
  } else if (error == SSL_ERROR_WANT_WRITE) {
    connection->events = POLLOUT;
  } else if (queued != 0) {
    fail(connection, ERR_reason_error_string(queued));
  } else {
    fail(connection, error == SSL_ERROR_SYSCALL && errno != 0 ? strerror(errno) : "the peer ended the connection");
  }
}

static bool is_end_of_tcp(int error) {
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
  if (error == SSL_ERROR_SSL) return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
#endif
  return error == SSL_ERROR_SYSCALL;
}

// --- The steps ---

// SSL_read does the handshake first. Who has read a byte has read the session tickets before it, too.
static void read_first_byte(struct connection* connection) {
  char byte;
  int result = SSL_read(connection->ssl, &byte, 1);
  if (result <= 0) {
    repeat_or_fail(connection, result);
    return;
  }
  connection->step = NULL;
  printf("%s ok %d\n", connection->request, (int)(connection - connections));
}

static void await_close_notify(struct connection* connection) {
  char discarded[16384];
  int result;
  do {
    result = SSL_read(connection->ssl, discarded, sizeof discarded);
  } while (result > 0);
  int error = SSL_get_error(connection->ssl, result);
  if (error == SSL_ERROR_ZERO_RETURN) {
    finish_closing(connection, "clean");
  } else if (is_end_of_tcp(error)) {
    finish_closing(connection, "truncated");
  } else {
    repeat_or_fail(connection, result);
  }
}

static void shut_down(struct connection* connection) {
  if (connection->mode == QUIET) SSL_set_quiet_shutdown(connection->ssl, 1);
  int result = SSL_shutdown(connection->ssl);
  if (result < 0) {
    repeat_or_fail(connection, result);
  } else if (connection->mode == BIDIRECTIONAL) {
    connection->deadline = now() + connection->wait;
    connection->step = await_close_notify;
    await_close_notify(connection);
  } else {
    finish_closing(connection, connection->mode == QUIET ? "quiet" : "half-closed");
  }
}

static void write_payload(struct connection* connection) {
  int result = SSL_write(connection->ssl, connection->payload, connection->payload_length);
  if (result <= 0) {
    repeat_or_fail(connection, result);
  } else {
    connection->step = shut_down;
    shut_down(connection);
  }
}

static void run(struct connection* connection) {
  ERR_clear_error();  // SSL_get_error looks at the queue of the thread.
  connection->step(connection);
}

// --- The requests ---

// Each returns why it cannot be done, or NULL where it is done or has begun.
typedef const char* refusal;

static struct connection* free_place(void) {
  for (int i = 0; i < used; i++) {
    if (connections[i].ssl == NULL) return &connections[i];
  }
  return used < MOST_CONNECTIONS ? &connections[used++] : NULL;
}

static struct connection* find(int id) {
  return id >= 0 && id < used && connections[id].ssl != NULL ? &connections[id] : NULL;
}

static void begin(struct connection* connection, const char* request, void (*step)(struct connection*)) {
  snprintf(connection->request, sizeof connection->request, "%s", request);
  connection->step = step;
  run(connection);
}

static refusal open_connection(const char* request, const char* arguments) {
  char host[16], protocol[8];
  int port;
  struct sockaddr_in address = {.sin_family = AF_INET};
  if (sscanf(arguments, "%15s %d %7s", host, &port, protocol) != 3) return "expected HOST PORT PROTOCOL";
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) return "expected an IPv4 address";
  address.sin_port = htons((unsigned short)port);
  int version = 0;
  if (strcmp(protocol, "TLSv1.2") == 0) version = TLS1_2_VERSION;
  if (strcmp(protocol, "TLSv1.3") == 0) version = TLS1_3_VERSION;
  if (version == 0) return "expected TLSv1.2 or TLSv1.3";

  struct connection* connection = free_place();
  if (connection == NULL) return "too many connections are open";
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return strerror(errno);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  // The outcome is that of the first SSL_read.
  connect(fd, (struct sockaddr*)&address, sizeof address);

  connection->fd = fd;
  connection->ssl = SSL_new(context);
  SSL_set_fd(connection->ssl, fd);
  SSL_set_min_proto_version(connection->ssl, version);
  SSL_set_max_proto_version(connection->ssl, version);
  SSL_set_tlsext_host_name(connection->ssl, "localhost");
  SSL_set1_host(connection->ssl, "localhost");
  SSL_set_connect_state(connection->ssl);
  begin(connection, request, read_first_byte);
  return NULL;
}

static refusal close_connection(const char* request, const char* arguments) {
  int id, bytes, wait;
  char mode[16], name[128];
  if (sscanf(arguments, "%d %15s %127s %d %d", &id, mode, name, &bytes, &wait) != 5)
    return "expected ID MODE NAME BYTES WAIT";
  struct connection* connection = find(id);
  if (connection == NULL || connection->step != NULL) return "no such connection is open";
  if (strcmp(mode, "quiet") == 0) {
    connection->mode = QUIET;
  } else if (strcmp(mode, "unidirectional") == 0) {
    connection->mode = UNIDIRECTIONAL;
  } else if (strcmp(mode, "bidirectional") == 0) {
    connection->mode = BIDIRECTIONAL;
  } else {
    return "expected quiet, unidirectional or bidirectional";
  }
  int name_length = (int)strlen(name);
  if (bytes <= name_length) return "the payload is shorter than its first line";

  connection->payload = malloc((size_t)bytes);
  connection->payload_length = bytes;
  memset(connection->payload, 'x', (size_t)bytes);
  memcpy(connection->payload, name, (size_t)name_length);
  connection->payload[name_length] = '\n';
  connection->wait = wait * 1000000LL;
  connection->began = now();
  begin(connection, request, write_payload);
  return NULL;
}

static refusal destroy_connection(const char* request, const char* arguments) {
  struct connection* connection = find(atoi(arguments));
  if (connection == NULL) return "no such connection is open";
  if (connection->step != NULL) {
    fail(connection, "the connection was destroyed meanwhile");
  } else {
    close(connection->fd);
    release(connection);
  }
  printf("%s ok\n", request);
  return NULL;
}

static void obey(const char* line) {
  char request[32], command[16];
  int arguments = 0;
  if (sscanf(line, "%31s %15s %n", request, command, &arguments) != 2) return;
  refusal why = NULL;
  if (strcmp(command, "open") == 0) {
    why = open_connection(request, line + arguments);
  } else if (strcmp(command, "close") == 0) {
    why = close_connection(request, line + arguments);
  } else if (strcmp(command, "destroy") == 0) {
    why = destroy_connection(request, line + arguments);
  } else {
    printf("%s ok\n", request);  // A sign of life.
  }
  if (why != NULL) printf("%s error %s\n", request, why);
}

// Returns false when the input has ended.
static bool read_requests(void) {
  static char buffer[65536];
  static size_t length;
  ssize_t got = read(STDIN_FILENO, buffer + length, sizeof buffer - length);
  if (got <= 0) return false;
  length += (size_t)got;
  char* line = buffer;
  for (char* end; (end = memchr(line, '\n', length)) != NULL; line = end + 1) {
    *end = '\0';
    length -= (size_t)(end + 1 - line);
    obey(line);
  }
  memmove(buffer, line, length);
  return true;
}

// --- The loop ---

// Sleeps until something is ready or the next deadline has passed. polled[0] is the input, polled[i + 1] connection i.
static void wait_for_events(struct pollfd* polled) {
  long long next = 0;
  polled[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
  for (int i = 0; i < used; i++) {
    const struct connection* connection = &connections[i];
    bool has_step = connection->ssl != NULL && connection->step != NULL;
    polled[i + 1] = (struct pollfd){.fd = has_step ? connection->fd : -1, .events = connection->events};
    if (connection->deadline != 0 && (next == 0 || connection->deadline < next)) next = connection->deadline;
  }
  long long left = next - now();
  if (left < 0) left = 0;
  struct timespec timeout = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
  ppoll(polled, (nfds_t)used + 1, next == 0 ? NULL : &timeout, NULL);
}

static void advance(struct connection* connection, bool is_ready) {
  if (is_ready) run(connection);
  if (connection->deadline != 0 && now() >= connection->deadline) finish_closing(connection, "timed-out");
}

int main(int argc, char** argv) {
  signal(SIGINT, SIG_IGN);  // Ctrl-C reaches the whole process group; the parent decides when a child goes.
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  context = SSL_CTX_new(TLS_client_method());
  if (argc != 2 || SSL_CTX_load_verify_locations(context, argv[1], NULL) != 1) {
    fprintf(stderr, "usage: closer CERTIFICATE, a file of PEM to trust\n");
    return 2;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  puts("ready");

  static struct pollfd polled[1 + MOST_CONNECTIONS];
  for (;;) {
    wait_for_events(polled);
    // Before the input is read, so that the places are those that were polled.
    for (int i = 0; i < used; i++) advance(&connections[i], polled[i + 1].revents != 0);
    if (polled[0].revents != 0 && !read_requests()) return 0;
  }
}
