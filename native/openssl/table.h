// Fills a table of function pointers by name, and remembers the names that were not found.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace close_notify::openssl {

// The consequence of a function that is not found.
struct Presence {
  enum class Need : uint8_t {
    kRequired,     // nothing works without it
    kOptional,     // some builds lack it: its slot stays null there
    kAlternative,  // one of several functions that do the same: lacking it alone says nothing
  };

  Need need = Need::kRequired;
  // Each does the same: OpenSSL's headers make many a call of SSL_CTX_ctrl that is a function of its own in other
  // libraries.
  std::array<const char*, 2> others{};
};

// In a table the name of a function that is a macro in newer headers has old_ before it.
constexpr const char* symbol_of(const char* name) {
  constexpr std::string_view kPrefix = "old_";
  return std::string_view(name).starts_with(kPrefix) ? name + kPrefix.size() : name;
}

class TableLoader {
 public:
  using Lookup = std::function<void*(const char* name)>;

  explicit TableLoader(Lookup lookup) : lookup_(std::move(lookup)) {}

  template <typename Function>
  void bind(Function*& slot, const char* name, const Presence& presence = {}) {
    slot = reinterpret_cast<Function*>(lookup_(name));
    if (slot != nullptr) return;
    switch (presence.need) {
      case Presence::Need::kRequired: missing_.emplace_back(name); break;
      case Presence::Need::kOptional:
        if (!has_one_of(presence.others)) lacking_.emplace_back(name);
        break;
      case Presence::Need::kAlternative: break;
    }
  }

  const std::vector<std::string>& missing() const { return missing_; }
  const std::vector<std::string>& lacking() const { return lacking_; }

 private:
  bool has_one_of(const std::array<const char*, 2>& names) const {
    for (const char* name : names) {
      if (name != nullptr && lookup_(name) != nullptr) return true;
    }
    return false;
  }

  Lookup lookup_;
  std::vector<std::string> missing_;
  std::vector<std::string> lacking_;
};

// "SSL_new, SSL_free"
inline std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace close_notify::openssl
