#include "test/native/program/credentials.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace close_notify::test {
namespace {

Buffer read_file(const char* name) {
  const std::string path = std::string(CREDENTIALS) + "/" + name;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::cerr << "cannot read " << path << '\n';
    std::exit(2);
  }
  return Buffer(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

const Buffer& root_certificate() {
  static const Buffer pem = read_file("root.cert.pem");
  return pem;
}

const Buffer& leaf_chain() {
  static const Buffer pem = read_file("leaf.chain.pem");
  return pem;
}

const Buffer& leaf_key() {
  static const Buffer pem = read_file("leaf.key.pem");
  return pem;
}

const Buffer& leaf_key_encrypted() {
  static const Buffer pem = read_file("leaf.encrypted-key.pem");
  return pem;
}

const Buffer& other_key() {
  static const Buffer pem = read_file("other.key.pem");
  return pem;
}

Buffer bytes_of_text(const char* text) { return Buffer(text, text + std::strlen(text)); }

}  // namespace close_notify::test
