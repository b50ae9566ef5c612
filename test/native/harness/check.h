// The little of a test framework that the harness needs.
#pragma once

#include <functional>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace close_notify::test {

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Test {
  const char* name;
  void (*body)();
};

std::vector<Test>& tests();

struct Registration {
  Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }
};

[[noreturn]] void fail(const char* file, int line, const std::string& what);

template <typename T>
void print(std::ostream& out, const T& value) {
  if constexpr (requires { out << value; }) {
    out << value;
  } else if constexpr (requires { value.has_value(); }) {
    if (value.has_value()) {
      print(out, *value);
    } else {
      out << "no value";
    }
  } else if constexpr (std::is_enum_v<T>) {
    out << static_cast<int>(value);
  } else {
    out << value.size() << " bytes or elements";
  }
}

template <typename Actual, typename Expected>
void check_equal(const Actual& actual, const Expected& expected, const char* text, const char* file, int line) {
  if (actual == expected) return;
  std::ostringstream what;
  what << text << " is ";
  print(what, actual);
  what << ", expected ";
  print(what, expected);
  fail(file, line, what.str());
}

#define CLOSE_NOTIFY_JOIN_(a, b) a##b
#define CLOSE_NOTIFY_JOIN(a, b) CLOSE_NOTIFY_JOIN_(a, b)

// TEST("a sentence that says what holds") { ... }: a failed check ends it by an exception.
#define TEST(sentence) CLOSE_NOTIFY_TEST(sentence, CLOSE_NOTIFY_JOIN(test_at_, __LINE__))
#define CLOSE_NOTIFY_TEST(sentence, function)                                                                    \
  static void function();                                                                                        \
  static const ::close_notify::test::Registration CLOSE_NOTIFY_JOIN(function, _registered)(sentence, &function); \
  static void function()

#define CHECK(condition)                                                          \
  do {                                                                            \
    if (!(condition)) ::close_notify::test::fail(__FILE__, __LINE__, #condition); \
  } while (false)

#define CHECK_EQ(actual, expected) ::close_notify::test::check_equal((actual), (expected), #actual, __FILE__, __LINE__)

}  // namespace close_notify::test
