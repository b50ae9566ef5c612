// In place of the header by this name that GCC's build makes: of the target, x64, what the sources of libgcc ask.
#define BITS_PER_UNIT 8
#define MIN_UNITS_PER_WORD 8
#define LONG_LONG_TYPE_SIZE 64
#define DWARF_REG_TO_UNWIND_COLUMN(register) (register)
