#include "test/native/harness/check.h"

namespace close_notify::test {

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

void fail(const char* file, int line, const std::string& what) {
  const std::string path = file;
  throw Failure(path.substr(path.rfind('/') + 1) + ":" + std::to_string(line) + ": " + what);
}

}  // namespace close_notify::test
