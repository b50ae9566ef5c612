#include "native/engine/transport.h"

#include <algorithm>
#include <cstring>

namespace close_notify::engine {

// A few records: smaller vectors are kept for the next ones, larger ones are given back once they are empty.
constexpr size_t kKeptCapacity = 4096;

void ByteQueue::append(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  // What was taken goes before the vector would have to grow, so that a queue which never runs dry stays small.
  if (taken_ > 0 && bytes_.size() + bytes.size() > bytes_.capacity()) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(taken_));
    taken_ = 0;
  }
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

size_t ByteQueue::take(std::span<uint8_t> target) {
  const size_t count = std::min(target.size(), size());
  if (count == 0) return 0;
  std::memcpy(target.data(), bytes_.data() + taken_, count);
  taken_ += count;
  if (empty()) {
    taken_ = 0;
    if (bytes_.capacity() > kKeptCapacity) {
      std::vector<uint8_t>().swap(bytes_);
    } else {
      bytes_.clear();
    }
  }
  return count;
}

Transport::Loan::Loan(Transport& transport, std::span<const uint8_t> input, std::span<uint8_t> output)
    : transport_(transport) {
  transport_.borrowed_ = input;
  transport_.lent_used_ = transport_.output_.take(output);
  // Order is kept: only when all that waits has gone may new bytes go straight into the lent memory.
  transport_.lent_ = transport_.output_.empty() ? output : output.first(transport_.lent_used_);
}

Transport::Loan::~Loan() {
  transport_.input_.append(transport_.borrowed_);
  transport_.borrowed_ = {};
  transport_.lent_ = {};
  transport_.lent_used_ = 0;
}

size_t Transport::read(std::span<uint8_t> target) {
  size_t count = input_.take(target);
  const size_t more = std::min(target.size() - count, borrowed_.size());
  if (more > 0) {
    std::memcpy(target.data() + count, borrowed_.data(), more);
    borrowed_ = borrowed_.subspan(more);
    count += more;
  }
  return count;
}

size_t Transport::write(std::span<const uint8_t> bytes) {
  const size_t waiting = lent_used_ + output_.size();
  const size_t count = std::min(bytes.size(), output_limit_ - std::min(output_limit_, waiting));
  const size_t direct = output_.empty() ? std::min(count, lent_.size() - lent_used_) : 0;
  if (direct > 0) {
    std::memcpy(lent_.data() + lent_used_, bytes.data(), direct);
    lent_used_ += direct;
  }
  output_.append(bytes.subspan(direct, count - direct));
  return count;
}

}  // namespace close_notify::engine
