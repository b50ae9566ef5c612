// Somebody else's use of SSL_dup(3): each SSL that a thread makes, Node's own too, is copied when the thread makes the
// next one. Of the copies every second is freed at once, the others when their original is. A copy of an SSL whose
// handshake has begun is the SSL itself, counted once more. SSL_DUP_IN names a libssl that is loaded (empty: the
// process's own): there every second of those stays counted until others are, and outlives whoever made it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Ssl Ssl;
typedef void New(Ssl*, void*, void*, int, long, void*);

#define FUNCTIONS(X)                                                     \
  X(int, CRYPTO_get_ex_new_index, (int, long, void*, New*, void*, New*)) \
  X(void*, SSL_get_ex_data, (const Ssl*, int))                           \
  X(int, SSL_set_ex_data, (Ssl*, int, void*))                            \
  X(Ssl*, SSL_dup, (Ssl*))                                               \
  X(void, SSL_free, (Ssl*))

#define DECLARE(result, name, arguments) static result(*name) arguments;
FUNCTIONS(DECLARE)

enum { kKept = 16 };

static const char* libssl;
static Ssl* kept[kKept];
static int counted;
static int slot;
static int copies;
static __thread Ssl* last;
static __thread int is_copying;
static __thread int turn;

static void on_new(Ssl* ssl, void* value, void* data, int index, long argl, void* argp) {
  (void)value, (void)data, (void)index, (void)argl, (void)argp;
  if (is_copying) return;
  Ssl* before = last;
  last = ssl;
  if (before == NULL) return;
  is_copying = 1;
  Ssl* copy = SSL_dup(before);
  is_copying = 0;
  if (copy == NULL) return;
  if (copy != before) __atomic_add_fetch(&copies, 1, __ATOMIC_SEQ_CST);
  if (copy == before && libssl != NULL && turn++ % 2 == 0) {
    const int at = counted++ % kKept;
    if (kept[at] != NULL) SSL_free(kept[at]);
    kept[at] = copy;
  } else if (copy == before || turn++ % 2 == 0) {
    SSL_free(copy);
  } else {
    SSL_set_ex_data(before, slot, copy);
  }
}

static void on_free(Ssl* ssl, void* value, void* data, int index, long argl, void* argp) {
  (void)data, (void)index, (void)argl, (void)argp;
  if (last == ssl) last = NULL;
  if (value != NULL && ssl != value) SSL_free(value);
}

static int on_dup(void* to, const void* from, void** value, int index, long argl, void* argp) {
  (void)to, (void)from, (void)index, (void)argl, (void)argp;
  *value = NULL;
  return 1;
}

static void report(void) {
  printf("{\"%s\":%s}\n", libssl == NULL ? "copied" : "counted",
         (libssl == NULL ? copies : counted) > 0 ? "true" : "false");
  fflush(stdout);
}

__attribute__((constructor)) static void start(void) {
  libssl = getenv("SSL_DUP_IN");
  void* library = libssl == NULL || *libssl == 0 ? RTLD_DEFAULT : dlopen(libssl, RTLD_LAZY | RTLD_NOLOAD);
#define FIND(result, name, arguments) \
  if ((name = (result(*) arguments)dlsym(library, #name)) == NULL) abort();
  FUNCTIONS(FIND)
  slot = CRYPTO_get_ex_new_index(0, 0, NULL, on_new, (void*)on_dup, on_free);
  atexit(report);
}
