// Certificates and keys of the harness and the fuzzer, as PEM. They protect nothing. Made by
// scripts/native/credentials.mjs, P-256: a root, an intermediate that it signed, and a leaf for leaf.test that the
// intermediate signed.
#pragma once

#include <cstdint>
#include <vector>

namespace close_notify::test {

using Buffer = std::vector<uint8_t>;

const Buffer& root_certificate();
const Buffer& leaf_chain();  // leaf, intermediate
const Buffer& leaf_key();
const Buffer& leaf_key_encrypted();  // the same; the passphrase is "right"
const Buffer& other_key();           // of no certificate

Buffer bytes_of_text(const char* text);

}  // namespace close_notify::test
