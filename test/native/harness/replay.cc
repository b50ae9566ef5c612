#include "test/native/harness/replay.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "test/native/harness/pair.h"
#include "test/native/program/interpreter.h"

namespace close_notify::test {

size_t replay(const std::string& path) {
  if (std::filesystem::is_directory(path)) {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) count += replay(entry.path());
    return count;
  }
  std::ifstream file(path, std::ios::binary);
  const Buffer program(std::istreambuf_iterator<char>(file), {});
  run_program(library(), program);
  return 1;
}

}  // namespace close_notify::test
