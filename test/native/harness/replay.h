#pragma once

#include <string>

namespace close_notify::test {

// Runs the fuzzer's programs in a file, or in all files of a folder, and says how many it were.
size_t replay(const std::string& path);

}  // namespace close_notify::test
