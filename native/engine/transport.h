// The stand-in for the socket of an SSL: the bytes that the peer sent, and those that OpenSSL wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

namespace close_notify::engine {

// A queue of bytes in pieces, so that appending and taking cost the same however many wait. The memory of a piece goes
// back as soon as it is taken; a small one is kept for the next bytes.
class ByteQueue {
 public:
  // Does nothing where it throws, which is std::bad_alloc.
  void append(std::span<const uint8_t> bytes);
  size_t take(std::span<uint8_t> target);
  void clear();
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Bytes of the heap that it holds.
  size_t memory() const { return memory_; }

 private:
  std::list<std::vector<uint8_t>> pieces_;
  size_t taken_ = 0;  // of the first piece
  size_t size_ = 0;
  size_t memory_ = 0;
};

class Transport {
 public:
  // Input. After the end nothing more may be fed.
  void feed(std::span<const uint8_t> bytes) { input_.append(bytes); }
  void end() { ended_ = true; }
  bool ended() const { return ended_; }
  size_t input_pending() const { return input_.size() + borrowed_.size(); }

  // The read of a BIO: nothing means that nothing is there now, or that the stream ended.
  size_t read(std::span<uint8_t> target);
  bool at_end() const { return ended_ && input_pending() == 0; }

  // The write of a BIO: fewer bytes than given when the limit is reached, or memory is; where none can be kept for want
  // of memory std::bad_alloc, and nothing is taken.
  size_t write(std::span<const uint8_t> bytes);

  // Output.
  size_t take(std::span<uint8_t> target) { return output_.take(target); }
  size_t output_pending() const { return output_.size(); }
  void set_output_limit(size_t bytes) { output_limit_ = bytes; }

  // Bytes of the heap that it holds.
  size_t memory() const { return input_.memory() + output_.memory(); }

  // For the length of one call OpenSSL reads straight from `input` and writes straight into `output`, without a copy on
  // the way. What it leaves of the one, and what does not fit into the other, is kept; `input` that cannot be kept for
  // want of memory is lost, and then it is as if the stream had ended before it.
  class Loan {
   public:
    Loan(Transport& transport, std::span<const uint8_t> input, std::span<uint8_t> output);
    ~Loan();
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    // Bytes of `output` that are filled.
    size_t written() const { return transport_.lent_used_; }

    // Keeps the input that was not read. False where it is lost.
    bool keep_input();

   private:
    Transport& transport_;
  };

 private:
  ByteQueue input_;
  ByteQueue output_;
  std::span<const uint8_t> borrowed_;
  std::span<uint8_t> lent_;
  size_t lent_used_ = 0;
  size_t output_limit_ = SIZE_MAX;
  bool ended_ = false;
};

}  // namespace close_notify::engine
