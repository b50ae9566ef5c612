// In place of the header by this name, and of those that it includes, which GCC's own build makes for its libgcc.
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define HAVE_LD_EH_FRAME_HDR 1
#define USE_PT_GNU_EH_FRAME 1
#define ATTRIBUTE_UNUSED __attribute__((__unused__))
#define gcc_assert(expression) ((expression) ? (void)0 : abort())
#define gcc_unreachable() __builtin_unreachable()
