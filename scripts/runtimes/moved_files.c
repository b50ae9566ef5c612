/*
 * Preloaded into Debian's Node when it is unpacked instead of installed: that Node reads parts of itself from
 * /usr/share/nodejs, a path that is compiled in. Opens the same file under $MOVED_FILES_ROOT.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char kCompiledIn[] = "/usr/share/nodejs/";

typedef int (*Open)(const char*, int, ...);

static int open_moved(const char* name, const char* path, int flags, mode_t mode) {
  Open original = (Open)dlsym(RTLD_NEXT, name);
  const char* root = getenv("MOVED_FILES_ROOT");
  if (root == NULL || strncmp(path, kCompiledIn, strlen(kCompiledIn)) != 0) return original(path, flags, mode);
  char moved[PATH_MAX];
  snprintf(moved, sizeof moved, "%s%s", root, path);
  return original(moved, flags, mode);
}

static mode_t mode_of(int flags, va_list rest) { return (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; }

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_moved("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_moved("open64", path, flags, mode);
}
