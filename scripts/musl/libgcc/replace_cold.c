// std::string::_M_replace_cold(), which came with GCC 13: Node for musl asks for it, and Debian 12 has the sources of
// GCC 12. The part of replace() for a text that may lie in the very string: `old` bytes at `at` become `length` bytes
// of `from`, and the `behind` bytes that follow them move.
#include <stdlib.h>
#include <string.h>

void replace_cold(void *string, char *at, size_t old, const char *from, size_t length, size_t behind) __asm__(
    "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_coldEPcmPKcmm");

void replace_cold(void *string, char *at, size_t old, const char *from, size_t length, size_t behind) {
  (void)string;
  char *copy = malloc(length + 1);
  if (copy == NULL) abort();
  memcpy(copy, from, length);
  memmove(at + length, at + old, behind);
  memcpy(at, copy, length);
  free(copy);
}
