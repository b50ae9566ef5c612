// The fuzz target: libFuzzer's bytes are programs of the interpreter. Randomness is the same in every run, so that a
// program which fails once fails again.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rand.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "native/openssl/library.h"
#include "test/native/program/interpreter.h"

namespace {

using close_notify::openssl::Library;

uint64_t random_state = 0;

int give_bytes(unsigned char* target, int count) {
  for (int i = 0; i < count; i++) {
    // xorshift64*
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    target[i] = static_cast<unsigned char>(random_state * 0x2545f4914f6cdd1d >> 56);
  }
  return 1;
}

void begin_anew() { random_state = 0x9e3779b97f4a7c15; }

int is_seeded() { return 1; }

// Counters that libFuzzer takes for coverage.
constexpr uint32_t kStates = 1 << 14;
__attribute__((section("__libfuzzer_extra_counters"))) uint8_t states[kStates];

const Library& library() {
  static const Library& own = *[] {
    const auto& opened = Library::of_process();
    const auto* library = std::get_if<const Library*>(&opened);
    if (library == nullptr) {
      std::cerr << "fuzz: this process has no OpenSSL\n";
      std::exit(2);
    }
    static const RAND_METHOD method = {nullptr, give_bytes, nullptr, nullptr, give_bytes, is_seeded};
    RAND_set_rand_method(&method);
    begin_anew();
    close_notify::test::on_start = begin_anew;
    // Where a corpus is made small, branches alone count: states are many.
    if (std::getenv("CLOSE_NOTIFY_BRANCHES_ONLY") == nullptr) {
      close_notify::test::on_state = [](uint32_t state) { states[state % kStates] = 1; };
    }
    return *library;
  }();
  return own;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
  close_notify::test::run_program(library(), {bytes, length});
  return 0;
}
