// The yardstick for JavaScript in the programs of this folder: the same calls of OpenSSL in a C++ loop, as a C
// programmer has them (plain: memory BIOs; checked: with the error queue, as the manual demands it), and as the addon
// has them (engine: native/engine, without Node-API).
//
//   loop plain|checked|engine shutdown CERTIFICATE KEY OBJECTS ROUNDS    nanoseconds per shutdown: fresh, cold, warm
//   loop plain|checked|engine bulk CERTIFICATE KEY MEBIBYTES             nanoseconds per record
#include "benchmarks/study/overhead/engine/native/loop.h"

int main(int count, char** arguments) {
  using namespace close_notify::bench;
  Words words(arguments + 1, arguments + count);
  const std::string side = words.empty() ? "" : words.front();
  if (!words.empty()) words.erase(words.begin());
  if (side == "plain") return measure_plain(words);
  if (side == "checked") return measure_checked(words);
  if (side == "engine") return measure_engine(words);
  return 2;
}
