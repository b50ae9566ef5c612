// Lets a binary that was linked on a newer Linux load on an older one: symbols which the C++ headers of a newer g++
// refer to, and which an older libstdc++ or glibc lacks, are defined here, hidden, so that the reference ends inside
// the binary. scripts/package/check-symbols.mjs fails when another such symbol turns up.
#include <cstddef>  // __GLIBCXX__, and with it __GLIBC__

#if defined(__linux__) && defined(__GLIBCXX__)

extern "C" {

// Since GLIBCXX_3.4.29 (g++ 11): std::allocator calls it for a length that overflows.
[[noreturn]] void __cxa_throw_bad_array_new_length();  // the same exception, since g++ 4.9

[[noreturn]] void throw_bad_array_new_length() __asm__("_ZSt28__throw_bad_array_new_lengthv");
[[noreturn, gnu::visibility("hidden")]] void throw_bad_array_new_length() { __cxa_throw_bad_array_new_length(); }

#ifdef __GLIBC__
// Since GLIBC_2.32: std::shared_ptr reads it to skip atomic operations in a process with one thread. Node has several,
// so the answer is always no.
extern char single_threaded __asm__("__libc_single_threaded");
[[gnu::visibility("hidden")]] char single_threaded = 0;
#endif

}  // extern "C"

#endif
