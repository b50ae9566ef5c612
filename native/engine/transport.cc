#include "native/engine/transport.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace close_notify::engine {

// A few records: smaller pieces are kept for the next ones.
constexpr size_t kKeptCapacity = 4096;

// Pieces grow with what waits, up to this, so that many short appends make few of them. What is longer is a piece.
constexpr size_t kPiece = 64 * 1024;

void ByteQueue::append(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  const size_t room = pieces_.empty() ? 0 : pieces_.back().capacity() - pieces_.back().size();
  const auto first = bytes.first(std::min(room, bytes.size()));
  const auto rest = bytes.subspan(first.size());
  std::list<std::vector<uint8_t>> more;
  if (!rest.empty()) {
    more.emplace_back();
    more.back().reserve(std::max(rest.size(), std::min(size_, kPiece)));
    more.back().insert(more.back().end(), rest.begin(), rest.end());
    memory_ += more.back().capacity();
  }
  // Nothing fails from here on.
  if (!first.empty()) pieces_.back().insert(pieces_.back().end(), first.begin(), first.end());
  pieces_.splice(pieces_.end(), more);
  size_ += bytes.size();
}

size_t ByteQueue::take(std::span<uint8_t> target) {
  size_t count = 0;
  while (count < target.size() && size_ > 0) {
    auto& piece = pieces_.front();
    const size_t part = std::min(target.size() - count, piece.size() - taken_);
    std::memcpy(target.data() + count, piece.data() + taken_, part);
    count += part;
    taken_ += part;
    size_ -= part;
    if (taken_ < piece.size()) continue;
    taken_ = 0;
    if (size_ == 0 && piece.capacity() <= kKeptCapacity) {
      piece.clear();
    } else {
      memory_ -= piece.capacity();
      pieces_.pop_front();
    }
  }
  return count;
}

void ByteQueue::clear() { *this = {}; }

Transport::Loan::Loan(Transport& transport, std::span<const uint8_t> input, std::span<uint8_t> output)
    : transport_(transport) {
  transport_.borrowed_ = input;
  if (transport_.output_.empty()) {
    transport_.lent_ = output;
    return;
  }
  transport_.lent_used_ = transport_.output_.take(output);
  // Order is kept: only when all that waits has gone may new bytes go straight into the lent memory.
  transport_.lent_ = transport_.output_.empty() ? output : output.first(transport_.lent_used_);
}

bool Transport::Loan::keep_input() {
  if (transport_.borrowed_.empty()) return true;
  const auto left = std::exchange(transport_.borrowed_, {});
  try {
    transport_.input_.append(left);
    return true;
  } catch (const std::bad_alloc&) {
    transport_.input_.clear();
    transport_.end();
    return false;
  }
}

Transport::Loan::~Loan() {
  static_cast<void>(keep_input());
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
  if (direct == count) return count;
  try {
    output_.append(bytes.subspan(direct, count - direct));
  } catch (const std::bad_alloc&) {
    if (direct == 0) throw;
    return direct;
  }
  return count;
}

}  // namespace close_notify::engine
