// The library and the folder that main() was asked to run on.
#pragma once

#include <vector>

#include "native/openssl/library.h"

namespace close_notify::test {

struct Setup {
  bool process_has_openssl = false;
  std::vector<openssl::LibraryRequest> requests;
  std::vector<const openssl::Library*> libraries;
};

Setup& setup();

}  // namespace close_notify::test
