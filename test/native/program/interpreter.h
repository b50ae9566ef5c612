// A program is a sequence of bytes: two choose what the contexts are like, the others are calls on two SSLs and on the
// wire between them, and their arguments. Every sequence is a program.
#pragma once

#include <cstdint>
#include <span>

#include "native/openssl/library.h"

namespace close_notify::test {

// Ends the process where something does not hold that has to.
void run_program(const openssl::Library& library, std::span<const uint8_t> program);

// Told of every state that a program reaches, as a number: a fuzzer sees only the branches of our own code, not those
// inside libssl.
inline void (*on_state)(uint32_t state) = nullptr;

// Called before contexts are made, and again before the first SSL is: a fuzzer begins its random numbers anew, so that
// it does not matter which programs ran before, whose contexts may be used once more.
inline void (*on_start)() = nullptr;

}  // namespace close_notify::test
