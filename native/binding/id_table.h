// Objects of one environment by small numbers: a call by a number takes a fraction of a call of a method.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace close_notify::binding {

// Pointer is a plain or a shared one. An id is given away again once it was given back.
template <typename Pointer>
class IdTable {
 public:
  uint32_t add(Pointer object) {
    if (vacant_.empty()) {
      // remove() is called by finalizers, where nothing may fail.
      if (vacant_.capacity() <= objects_.size()) vacant_.reserve(2 * (objects_.size() + 1));
      objects_.push_back(std::move(object));
      return static_cast<uint32_t>(objects_.size() - 1);
    }
    const uint32_t id = vacant_.back();
    vacant_.pop_back();
    objects_[id] = std::move(object);
    return id;
  }

  // Null for an id that was not given, or was given back.
  const Pointer& find(uint32_t id) const { return id < objects_.size() ? objects_[id] : none_; }

  void remove(uint32_t id) {
    if (find(id) == nullptr) return;
    objects_[id] = nullptr;
    vacant_.push_back(id);
  }

  // Ids that were given and not given back.
  size_t held() const { return objects_.size() - vacant_.size(); }

 private:
  const Pointer none_ = nullptr;
  std::vector<Pointer> objects_;
  std::vector<uint32_t> vacant_;
};

}  // namespace close_notify::binding
