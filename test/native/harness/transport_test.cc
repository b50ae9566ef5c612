// The memory that stands in for a socket, against a plain model of it.
#include "native/engine/transport.h"

#include <algorithm>
#include <deque>
#include <random>

#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"

namespace close_notify::test {
namespace {

using engine::ByteQueue;
using engine::Transport;

// Bytes of a counter: each differs from those around it, so what is lost, doubled or out of order is seen.
class Source {
 public:
  Buffer next(size_t length) {
    Buffer bytes(length);
    for (auto& byte : bytes) byte = at(made_++);
    return bytes;
  }
  static uint8_t at(size_t index) { return static_cast<uint8_t>(index * 31 + index / 256); }

 private:
  size_t made_ = 0;
};

void check_continues(const Buffer& bytes, size_t& taken) {
  for (const uint8_t byte : bytes) CHECK_EQ(byte, Source::at(taken++));
}

TEST("a queue of bytes gives what it got, in order, whatever the pieces") {
  std::mt19937 random(1);
  ByteQueue queue;
  Source source;
  size_t taken = 0, held = 0;
  for (int round = 0; round < 5000; round++) {
    const size_t scale = round % 500 < 10 ? 20000 : 40;
    const Buffer more = source.next(random() % scale);
    queue.append(more);
    held += more.size();
    Buffer target(random() % scale + 1);
    const size_t count = queue.take(target);
    CHECK_EQ(count, std::min(held, target.size()));
    target.resize(count);
    check_continues(target, taken);
    held -= count;
    CHECK_EQ(queue.size(), held);
    CHECK_EQ(queue.empty(), held == 0);
  }
}

TEST("a queue that never runs dry does not grow") {
  ByteQueue queue;
  Source source;
  size_t taken = 0;
  queue.append(source.next(10));
  for (int round = 0; round < 20000; round++) {
    queue.append(source.next(100));
    Buffer target(100);
    CHECK_EQ(queue.take(target), 100u);
    check_continues(target, taken);
  }
  CHECK_EQ(queue.size(), 10u);
}

TEST("an empty piece, and an empty target, change nothing") {
  ByteQueue queue;
  queue.append({});
  CHECK(queue.empty());
  Buffer none;
  CHECK_EQ(queue.take(none), 0u);
  queue.append(Buffer{1});
  CHECK_EQ(queue.take(none), 0u);
  CHECK_EQ(queue.size(), 1u);
}

TEST("what is read is what was fed, then what is lent, and what is left of the loan is kept") {
  std::mt19937 random(2);
  Transport transport;
  Source source;
  size_t taken = 0;
  size_t held = 0;
  for (int round = 0; round < 3000; round++) {
    const Buffer fed = source.next(random() % 30);
    transport.feed(fed);
    held += fed.size();
    const Buffer lent = source.next(random() % 60);
    {
      const Transport::Loan loan(transport, lent, {});
      held += lent.size();
      for (int reads = random() % 4; reads > 0; reads--) {
        Buffer target(random() % 40 + 1);
        const size_t count = transport.read(target);
        CHECK_EQ(count, std::min(held, target.size()));
        target.resize(count);
        check_continues(target, taken);
        held -= count;
        CHECK_EQ(transport.input_pending(), held);
      }
    }
    CHECK_EQ(transport.input_pending(), held);
  }
}

TEST("what is written comes out in order, through lent memory or not, and never past the limit") {
  std::mt19937 random(3);
  Transport transport;
  Source source;
  size_t taken = 0;
  Buffer not_taken;  // what the limit refused is written again, as OpenSSL does
  size_t waiting = 0;
  for (int round = 0; round < 5000; round++) {
    const size_t limit = round % 3 == 0 ? random() % 80 : SIZE_MAX;
    transport.set_output_limit(limit);
    Buffer lent(random() % 3 == 0 ? 0 : random() % 60);
    const size_t waited = waiting;
    {
      const Transport::Loan loan(transport, {}, lent);
      size_t given = std::min(waiting, lent.size());
      CHECK_EQ(loan.written(), given);
      for (int writes = random() % 4; writes > 0; writes--) {
        if (not_taken.empty()) not_taken = source.next(random() % 50 + 1);
        const size_t room = limit - std::min(limit, waiting);
        const size_t count = transport.write(not_taken);
        CHECK_EQ(count, std::min(room, not_taken.size()));
        not_taken.erase(not_taken.begin(), not_taken.begin() + static_cast<ptrdiff_t>(count));
        waiting += count;
        CHECK_EQ(loan.written() + transport.output_pending(), waiting);
        // Straight into the lent memory only where nothing waits before it.
        CHECK(loan.written() == lent.size() || transport.output_pending() == 0 || waited > lent.size());
      }
      given = loan.written();
      CHECK(given <= lent.size());
      lent.resize(given);
      check_continues(lent, taken);
      waiting -= given;
    }
    CHECK_EQ(transport.output_pending(), waiting);
    if (random() % 4 == 0) {
      Buffer target(random() % 100 + 1);
      const size_t count = transport.take(target);
      CHECK_EQ(count, std::min(waiting, target.size()));
      target.resize(count);
      check_continues(target, taken);
      waiting -= count;
    }
  }
}

TEST("the end is only the end when all that was fed is read") {
  Transport transport;
  CHECK(!transport.ended() && !transport.at_end());
  transport.feed(Buffer{1, 2});
  transport.end();
  CHECK(transport.ended() && !transport.at_end());
  Buffer target(2);
  CHECK_EQ(transport.read(target), 2u);
  CHECK(transport.at_end());
  CHECK_EQ(transport.read(target), 0u);
  transport.end();
  CHECK(transport.at_end());
}

TEST("lent bytes are read before the end") {
  Transport transport;
  transport.end();
  const Buffer lent{7};
  const Transport::Loan loan(transport, lent, {});
  CHECK(!transport.at_end());
  Buffer target(4);
  CHECK_EQ(transport.read(target), 1u);
  CHECK(transport.at_end());
}

}  // namespace
}  // namespace close_notify::test
