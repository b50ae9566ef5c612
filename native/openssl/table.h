// Fills a table of function pointers by name, and remembers the names that were not found.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace close_notify::openssl {

class TableLoader {
 public:
  using Lookup = std::function<void*(const char* name)>;

  explicit TableLoader(Lookup lookup) : lookup_(std::move(lookup)) {}

  // A function without which nothing works.
  template <typename Function>
  void bind(Function*& slot, const char* name) {
    slot = reinterpret_cast<Function*>(lookup_(name));
    if (slot == nullptr) missing_.emplace_back(name);
  }

  // A function that some builds lack: its slot stays null there.
  template <typename Function>
  void bind_optional(Function*& slot, const char* name) {
    if (!bind_alternative(slot, name)) lacking_.emplace_back(name);
  }

  // One of several functions that do the same: lacking it says nothing as long as another is there.
  template <typename Function>
  bool bind_alternative(Function*& slot, const char* name) {
    slot = reinterpret_cast<Function*>(lookup_(name));
    return slot != nullptr;
  }

  // A function that may be lacking where another one does the same: OpenSSL's headers make many a call of SSL_CTX_ctrl
  // that is a function of its own in other libraries.
  template <typename Function>
  void bind_unless(bool is_covered, Function*& slot, const char* name) {
    if (!bind_alternative(slot, name) && !is_covered) lacking_.emplace_back(name);
  }

  const std::vector<std::string>& missing() const { return missing_; }
  const std::vector<std::string>& lacking() const { return lacking_; }

  // "SSL_new, SSL_free"
  std::string missing_names() const {
    std::string names;
    for (const std::string& name : missing_) names += (names.empty() ? "" : ", ") + name;
    return names;
  }

 private:
  Lookup lookup_;
  std::vector<std::string> missing_;
  std::vector<std::string> lacking_;
};

}  // namespace close_notify::openssl
