// The measurement, whatever a side's objects are made of: see plain.cc and engine.cc.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace close_notify::bench {

using Bytes = std::vector<uint8_t>;
using Words = std::vector<std::string>;

// As in lib/openssl/memory.ts, and as in the programs beside this file.
inline constexpr size_t kSlab = 96 * 1024;
inline constexpr size_t kWarmObjects = 64;
inline constexpr int kWarmPasses = 2000;
inline constexpr int kForgetEvery = 50;
inline constexpr size_t kRecord = 16 * 1024;
inline constexpr size_t kChunk = 64 * 1024;
inline constexpr const char* kCiphersuite = "TLS_AES_128_GCM_SHA256";

inline void demand(bool fulfilled, const char* what) {
  if (fulfilled) return;
  std::fprintf(stderr, "%s failed\n", what);
  std::exit(1);
}

inline double now_ns() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

template <typename Object>
void shake_hands(Object& client, Object& server, std::span<uint8_t> slab) {
  for (bool done = false; !done;) {
    const bool client_done = client.handshake();
    server.feed(slab.first(client.take(slab)));
    done = server.handshake() && client_done;
    client.feed(slab.first(server.take(slab)));
  }
}

// Servers whose handshake is done; their peers are gone.
template <typename Side>
std::vector<typename Side::Object> connected(const Side& side, size_t count, std::span<uint8_t> slab) {
  std::vector<typename Side::Object> servers;
  servers.reserve(count);
  for (size_t i = 0; i < count; i++) {
    auto client = side.make(false);
    servers.push_back(side.make(true));
    shake_hands(client, servers.back(), slab);
  }
  return servers;
}

// Nanoseconds per object.
template <typename Object>
double timed_pass(std::vector<Object>& objects, std::span<uint8_t> slab) {
  size_t bytes = 0;
  const double began = now_ns();
  for (Object& object : objects) bytes += object.shutdown_and_take(slab);
  const double took = now_ns() - began;
  // 5 bytes of header, 2 of alert, 1 of type, 16 of tag.
  demand(bytes == 24 * objects.size(), "taking one record of each");
  return took / static_cast<double>(objects.size());
}

template <typename Object>
double median_of_passes(std::vector<Object>& objects, int passes, std::span<uint8_t> slab) {
  std::vector<double> times;
  for (int i = 0; i < passes; i++) {
    for (Object& object : objects) {
      object.reopen();
      if (i % kForgetEvery == 0) object.forget_events();
    }
    times.push_back(timed_pass(objects, slab));
  }
  return median(times);
}

template <typename Side>
void measure_shutdown(const char* certificate, const char* key, size_t count, int rounds) {
  const Side side(certificate, key);
  Bytes slab(kSlab);
  auto few = connected(side, kWarmObjects, slab);
  timed_pass(few, slab);
  median_of_passes(few, kWarmPasses, slab);
  auto many = connected(side, count, slab);
  const double fresh = timed_pass(many, slab);
  const double cold = median_of_passes(many, rounds, slab);
  const double warm = median_of_passes(few, kWarmPasses, slab);
  std::printf("%.2f %.2f %.2f\n", fresh, cold, warm);
}

template <typename Side>
void measure_bulk(const char* certificate, const char* key, size_t mebibytes) {
  const Side side(certificate, key);
  Bytes slab(kSlab);
  auto client = side.make(false);
  auto server = side.make(true);
  shake_hands(client, server, slab);
  Bytes ciphertext;
  const Bytes plain(kRecord, 'x');
  const size_t records = mebibytes * 1024 * 1024 / kRecord;
  for (size_t i = 0; i < records; i++) {
    client.write(plain);
    const size_t count = client.take(slab);
    ciphertext.insert(ciphertext.end(), slab.begin(), slab.begin() + static_cast<ptrdiff_t>(count));
  }
  Bytes plaintext(kSlab);
  size_t read = 0;
  const double began = now_ns();
  for (size_t at = 0; at < ciphertext.size(); at += kChunk) {
    const std::span<const uint8_t> chunk(ciphertext.data() + at, std::min(kChunk, ciphertext.size() - at));
    read += server.decrypt(chunk, plaintext, slab);
  }
  const double took = now_ns() - began;
  demand(read == records * kRecord, "reading all plaintext");
  std::printf("%.2f\n", took / static_cast<double>(records));
}

template <typename Side>
int measure(const Words& words) {
  if (words.size() == 5 && words[0] == "shutdown") {
    measure_shutdown<Side>(words[1].c_str(), words[2].c_str(), std::stoul(words[3]), std::stoi(words[4]));
    return 0;
  }
  if (words.size() == 4 && words[0] == "bulk") {
    measure_bulk<Side>(words[1].c_str(), words[2].c_str(), std::stoul(words[3]));
    return 0;
  }
  return 2;
}

int measure_plain(const Words& words);
int measure_checked(const Words& words);
int measure_engine(const Words& words);

}  // namespace close_notify::bench
