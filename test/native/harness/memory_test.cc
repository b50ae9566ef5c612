// Memory that runs out, at every single allocation in turn: std::bad_alloc, never through OpenSSL, and the
// objects can be used and freed afterwards. And that no queue costs more the longer it is.
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>

#include "native/node/registry.h"
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

// How many allocations of this thread are still to succeed before one fails; nothing fails below 0.
thread_local long left = -1;
thread_local bool has_failed = false;

}  // namespace

void* allocate(size_t size) {
  if (left >= 0 && left-- == 0) {
    has_failed = true;
    throw std::bad_alloc();
  }
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace close_notify::test

void* operator new(size_t size) { return close_notify::test::allocate(size); }
void* operator new[](size_t size) { return close_notify::test::allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace close_notify::test {
namespace {

// Calls with the nth allocation failing, for every n until none fails: how many there were.
template <typename Body>
size_t with_each_failure(Body body) {
  for (long nth = 0;; nth++) {
    left = nth;
    has_failed = false;
    try {
      body();
    } catch (const std::bad_alloc&) {
    } catch (...) {
      left = -1;
      throw;
    }
    left = -1;
    static_cast<void>(openssl::drain_error_queue(library().functions()));
    if (!has_failed) return static_cast<size_t>(nth);
  }
}

// A call that may fail; the next ones are made nevertheless.
template <typename Call>
void attempt(Call call) {
  try {
    static_cast<void>(call());
  } catch (const std::bad_alloc&) {
  }
}

TEST("a connection in which any one allocation fails can be used on and freed") {
  const Buffer data = pattern(50000), input = pattern(3000);
  Buffer plaintext(40000), slab(100);
  for (const int version : kBothTls) {
    const Contexts made = contexts(version);
    const size_t count = with_each_failure([&] {
      Pair pair = pair_of(made);
      for (const auto& ssl : {pair.client.get(), pair.server.get()}) ssl->events().record_messages();
      for (int flight = 0; flight < 3; flight++) {
        for (const bool from_client : {true, false}) {
          Ssl& from = from_client ? *pair.client : *pair.server;
          Ssl& to = from_client ? *pair.server : *pair.client;
          attempt([&] { return from.do_handshake(); });
          attempt([&] { return move(from, to); });
        }
      }
      attempt([&] { return write(*pair.client, data); });
      attempt([&] { return move(*pair.client, *pair.server); });
      attempt([&] { return pair.server->pump(input, std::span(plaintext).first(1), slab).result; });
      attempt([&] { return pair.server->pump({}, plaintext, slab).result; });
      attempt([&] { return peer_certificate(*pair.client).size(); });
      attempt([&] { return pair.client->export_keying_material(32, "EXPERIMENTAL", std::nullopt).has_value(); });
      // BoringSSL has none before it is told of one.
      attempt([&] {
        const auto session = pair.client->get_session();
        return session ? session->to_bytes().size() : size_t{0};
      });
      attempt([&] { return pair.server->shutdown_and_transmit(slab).output; });
      attempt([&] { return move(*pair.server, *pair.client); });
      attempt([&] { return pair.client->shutdown(); });
      attempt([&] { return pair.client->events().take().size(); });
      attempt([&] { return pair.client->take_queue().size(); });
    });
    CHECK(count > 40);
  }
}

TEST("a context in which any one allocation fails can be used on and freed") {
  const size_t count = with_each_failure([&] {
    const Contexts made = contexts(kTls13);
    attempt([&] { return made.server->set_alpn(Buffer{2, 'h', '2'}); });
    attempt([&] { return made.server->add_trusted(pattern(100)); });
    attempt([&] { return made.server->take_queue().size(); });
    attempt([&] { return Session::parse(library(), pattern(100)) == nullptr; });
  });
  CHECK(count > 5);
}

TEST("an SSL of Node's whose record cannot be made, found or indexed for want of memory lives as any other") {
  const auto* own = std::get_if<const Library*>(&Library::of_process());
  if (own == nullptr || *own != &library() || !is_openssl()) return;
  const std::string text = library().version();
  const std::string rest = text.substr(text.find(' ') + 1);
  const auto* registry = std::get_if<node::Registry>(&node::Registry::of_process(rest.substr(0, rest.find(' '))));
  CHECK(registry != nullptr);
  const auto& f = library().functions();
  const Contexts made = contexts(kTls13);
  const size_t before = registry->counts().live;
  const Buffer finished = pattern(32);
  const size_t count = with_each_failure([&] {
    openssl::Ssl* const ssl = f.SSL_new(made.client->get());
    attempt([&] { return registry->find(finished.data(), finished.size()) == nullptr; });
    f.SSL_free(ssl);
  });
  CHECK(count > 0);
  CHECK_EQ(registry->counts().live, before);
}

TEST("input that cannot be kept is lost whole, and the stream ends there") {
  Pair pair = connected(kTls13);
  for (int i = 0; i < 3; i++) CHECK_EQ(write(*pair.client, pattern(16384)), 16384);
  const Buffer records = take_output(*pair.client);
  Buffer plaintext(16384), slab(100);
  left = 0;
  bool is_thrown = false;
  try {
    static_cast<void>(pair.server->pump(records, plaintext, slab));
  } catch (const std::bad_alloc&) {
    is_thrown = true;
  }
  left = -1;
  CHECK(is_thrown);
  CHECK(pair.server->transport().ended());
  CHECK(read(*pair.server).result <= 0);
}

TEST("a queue takes as long for a piece whatever waits in it, and gives the memory back as it is taken") {
  const auto time_of = [](size_t waiting) {
    engine::ByteQueue queue;
    queue.append(Buffer(waiting));
    const Buffer record(16384);
    Buffer target(16384);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 500; i++) {
      queue.append(record);
      CHECK_EQ(queue.take(target), target.size());
    }
    return std::chrono::steady_clock::now() - start;
  };
  static_cast<void>(time_of(1 << 20));
  // Once 1/40 of what copying all of it each time would take; noise of the machine is let pass.
  CHECK(time_of(40 << 20) < 20 * time_of(1 << 20) + std::chrono::milliseconds(50));

  engine::ByteQueue queue;
  for (int i = 0; i < 1000; i++) queue.append(Buffer(16384));
  const size_t most = queue.memory();
  CHECK(most >= queue.size() && most <= queue.size() * 2);
  Buffer target(16384);
  for (int i = 0; i < 900; i++) CHECK_EQ(queue.take(target), target.size());
  CHECK(queue.memory() <= most / 5);
  for (int i = 0; i < 100; i++) CHECK_EQ(queue.take(target), target.size());
  CHECK(queue.memory() <= 4096);
}

TEST("a queue counts its memory exactly, whatever the pieces") {
  engine::ByteQueue queue;
  Buffer target(70000);
  for (size_t i = 0; i < 2000; i++) {
    queue.append(Buffer((i * 7919) % 3000));
    CHECK(queue.memory() >= queue.size());
    static_cast<void>(queue.take(std::span(target).first((i * 104729) % 3100)));
  }
  while (!queue.empty()) static_cast<void>(queue.take(target));
  CHECK(queue.memory() <= 4096);
  queue.clear();
  CHECK_EQ(queue.memory(), size_t{0});
}

}  // namespace
}  // namespace close_notify::test
