// Somebody else's use of the process's OpenSSL: SSLs made in the thread that loads this, and freed in another; and
// handshakes over memory in two threads. It sees whether its info callback stays its own. OpenSSL is found at run time,
// as for any code that shares Node's copy.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct Ssl Ssl;
typedef struct Ctx Ctx;
typedef struct Bio Bio;

#define FUNCTIONS(X)                                   \
  X(const void*, TLS_method, (void))                   \
  X(Ctx*, SSL_CTX_new, (const void*))                  \
  X(void, SSL_CTX_free, (Ctx*))                        \
  X(long, SSL_CTX_ctrl, (Ctx*, int, long, void*))      \
  X(int, SSL_CTX_set_cipher_list, (Ctx*, const char*)) \
  X(Ssl*, SSL_new, (Ctx*))                             \
  X(void, SSL_free, (Ssl*))                            \
  X(void, SSL_set_bio, (Ssl*, Bio*, Bio*))             \
  X(void, SSL_set_accept_state, (Ssl*))                \
  X(void, SSL_set_connect_state, (Ssl*))               \
  X(int, SSL_do_handshake, (Ssl*))                     \
  X(int, SSL_shutdown, (Ssl*))                         \
  X(void, SSL_set_info_callback, (Ssl*, void*))        \
  X(void*, SSL_get_info_callback, (Ssl*))              \
  X(const void*, BIO_s_mem, (void))                    \
  X(Bio*, BIO_new, (const void*))                      \
  X(int, BIO_up_ref, (Bio*))

#define DECLARE(result, name, arguments) static result(*name) arguments;
FUNCTIONS(DECLARE)

enum { kMadeHere = 100, kHandshakes = 200, kSetMaxProto = 124, kTls12 = 0x0303 };
static Ssl* made_here[kMadeHere];
static int touched;
static int done;

static void on_info(const Ssl* ssl, int where, int value) { (void)ssl, (void)where, (void)value; }

static Ctx* new_context(void) {
  Ctx* ctx = SSL_CTX_new(TLS_method());
  SSL_CTX_ctrl(ctx, kSetMaxProto, kTls12, NULL);
  SSL_CTX_set_cipher_list(ctx, "AECDH-AES256-SHA:@SECLEVEL=0");
  return ctx;
}

static Ssl* new_ssl(Ctx* ctx, Bio* in, Bio* out, int is_server) {
  Ssl* ssl = SSL_new(ctx);
  BIO_up_ref(in);
  BIO_up_ref(out);
  SSL_set_bio(ssl, in, out);
  SSL_set_info_callback(ssl, (void*)on_info);
  if (is_server) SSL_set_accept_state(ssl);
  else SSL_set_connect_state(ssl);
  return ssl;
}

static void* handshakes(void* unused) {
  Ctx* ctx = new_context();
  for (int i = 0; i < kHandshakes; i++) {
    Bio* up = BIO_new(BIO_s_mem());
    Bio* down = BIO_new(BIO_s_mem());
    Ssl* client = new_ssl(ctx, down, up, 0);
    Ssl* server = new_ssl(ctx, up, down, 1);
    int ok = 0;
    for (int turn = 0; turn < 10; turn++) ok = (SSL_do_handshake(client) == 1) + (SSL_do_handshake(server) == 1);
    SSL_shutdown(client);
    SSL_shutdown(server);
    if (SSL_get_info_callback(client) != (void*)on_info) __atomic_add_fetch(&touched, 1, __ATOMIC_SEQ_CST);
    if (ok == 2) __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
    SSL_free(client);
    SSL_free(server);
    usleep(500);
  }
  SSL_CTX_free(ctx);
  return unused;
}

static void* run(void* unused) {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, handshakes, NULL);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < kMadeHere; i++) {
    if (SSL_get_info_callback(made_here[i]) != (void*)on_info) touched++;
    SSL_free(made_here[i]);
  }
  char line[128];
  int length =
      snprintf(line, sizeof line, "{\"foreign\":\"done\",\"handshakes\":%d,\"infoCallbacksTouched\":%d}\n", done, touched);
  if (write(1, line, (size_t)length) != length) abort();
  return unused;
}

__attribute__((constructor)) static void start(void) {
#define FIND(result, name, arguments) \
  if ((name = (result(*) arguments)dlsym(RTLD_DEFAULT, #name)) == NULL) abort();
  FUNCTIONS(FIND)
  Ctx* ctx = new_context();
  for (int i = 0; i < kMadeHere; i++) {
    made_here[i] = new_ssl(ctx, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()), i % 2);
  }
  pthread_t thread;
  pthread_create(&thread, NULL, run, NULL);
  pthread_detach(thread);
}
