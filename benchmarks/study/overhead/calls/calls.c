// The yardstick for single calls: OpenSSL as a C program calls it, on the same connections in memory that JavaScript
// has. Asked and answering as benchmarks/support/child.ts describes:
//
//   sample CALL    ns per call: getShutdown, setShutdown, getQuietShutdown, setQuietShutdown, sslShutdown
//
// Its arguments are the files of the certificate and the key.
#define _POSIX_C_SOURCE 199309L  // clock_gettime
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// As in calls.ts.
enum { OBJECTS = 64, REPEATS = 200, PASSES = 20 };

struct end {
  SSL* ssl;
  BIO* input;
  BIO* output;
};

static void demand(int fulfilled, const char* what) {
  if (fulfilled) return;
  fprintf(stderr, "%s failed\n", what);
  exit(1);
}

static double now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static struct end make(SSL_CTX* context, int is_server) {
  struct end end = {SSL_new(context), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())};
  demand(end.ssl != NULL && end.input != NULL && end.output != NULL, "SSL_new");
  BIO_set_mem_eof_return(end.input, -1);
  SSL_set_bio(end.ssl, end.input, end.output);
  if (is_server) {
    SSL_set_accept_state(end.ssl);
  } else {
    SSL_set_connect_state(end.ssl);
  }
  return end;
}

static void pass(struct end from, struct end to) {
  char bytes[16384];
  for (int read; (read = BIO_read(from.output, bytes, sizeof bytes)) > 0;) BIO_write(to.input, bytes, read);
}

// The server's end, its handshake done.
static struct end connected(SSL_CTX* server_context, SSL_CTX* client_context) {
  struct end server = make(server_context, 1);
  struct end client = make(client_context, 0);
  for (int done = 0; !done;) {
    int client_done = SSL_do_handshake(client.ssl) == 1;
    pass(client, server);
    done = SSL_do_handshake(server.ssl) == 1 && client_done;
    pass(server, client);
  }
  SSL_free(client.ssl);
  return server;
}

static volatile int kept;

// What a call returns is used, and the loop is the same for each.
#define TIME_CALLS(call)                                     \
  do {                                                       \
    double began = now_ns();                                 \
    for (int repeat = 0; repeat < REPEATS; repeat++) {       \
      for (int i = 0; i < OBJECTS; i++) {                    \
        SSL* ssl = ends[i].ssl;                              \
        call;                                                \
      }                                                      \
    }                                                        \
    return (now_ns() - began) / ((double)REPEATS * OBJECTS); \
  } while (0)

// Reopening, and taking the record away, is not timed.
static double time_shutdown(struct end* ends) {
  double took = 0;
  for (int i = 0; i < PASSES; i++) {
    for (int j = 0; j < OBJECTS; j++) {
      SSL_set_shutdown(ends[j].ssl, 0);
      BIO_reset(ends[j].output);
    }
    double began = now_ns();
    for (int j = 0; j < OBJECTS; j++) kept = SSL_shutdown(ends[j].ssl);
    took += now_ns() - began;
    for (int j = 0; j < OBJECTS; j++) demand(BIO_pending(ends[j].output) > 0, "SSL_shutdown");
  }
  for (int j = 0; j < OBJECTS; j++) SSL_set_shutdown(ends[j].ssl, 0);
  return took / ((double)PASSES * OBJECTS);
}

// NaN is the answer to a call that is not known.
static double sample(const char* name, struct end* ends) {
  if (strcmp(name, "getShutdown") == 0) TIME_CALLS(kept = SSL_get_shutdown(ssl));
  if (strcmp(name, "setShutdown") == 0) TIME_CALLS(SSL_set_shutdown(ssl, 0));
  if (strcmp(name, "getQuietShutdown") == 0) TIME_CALLS(kept = SSL_get_quiet_shutdown(ssl));
  if (strcmp(name, "setQuietShutdown") == 0) TIME_CALLS(SSL_set_quiet_shutdown(ssl, 0));
  if (strcmp(name, "sslShutdown") == 0) return time_shutdown(ends);
  return 0.0 / 0.0;
}

int main(int count, char** arguments) {
  demand(count == 3, "naming certificate and key");
  SSL_CTX* server = SSL_CTX_new(TLS_server_method());
  SSL_CTX* client = SSL_CTX_new(TLS_client_method());
  demand(SSL_CTX_use_certificate_chain_file(server, arguments[1]) == 1, "the certificate");
  demand(SSL_CTX_use_PrivateKey_file(server, arguments[2], SSL_FILETYPE_PEM) == 1, "the key");
  demand(SSL_CTX_set_ciphersuites(server, "TLS_AES_128_GCM_SHA256") == 1, "the ciphersuite");
  demand(SSL_CTX_set_min_proto_version(server, TLS1_3_VERSION) == 1, "the version");
  struct end ends[OBJECTS];
  for (int i = 0; i < OBJECTS; i++) ends[i] = connected(server, client);

  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  char line[128], number[32], command[32], name[32];
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "%31s %31s %31s", number, command, name) != 3) continue;
    printf("%s ok %.3f\n", number, sample(name, ends));
  }
  for (int i = 0; i < OBJECTS; i++) SSL_free(ends[i].ssl);
  SSL_CTX_free(server);
  SSL_CTX_free(client);
  return 0;
}
