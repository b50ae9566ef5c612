#include "native/node/observation.h"

#include <chrono>

namespace close_notify::node {
namespace {

int64_t now_ns() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count();
}

}  // namespace

Observation::Observation(const openssl::NodeFunctions& openssl, openssl::Ssl* ssl)
    : openssl_(openssl), ssl_(ssl), shutdown_at_start_(openssl.SSL_get_shutdown(ssl)) {}

int Observation::shutdown() const { return ssl_ == nullptr ? last_shutdown_ : openssl_.SSL_get_shutdown(ssl_); }

bool Observation::quiet_shutdown() const {
  return ssl_ == nullptr ? last_quiet_shutdown_ : openssl_.SSL_get_quiet_shutdown(ssl_) != 0;
}

void Observation::note(int where, int value) {
  if ((where & openssl::kCbAlert) != 0) {
    const Alert alert{now_ns(), static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value),
                      (where & openssl::kCbWrite) != 0};
    if (alerts_.size() == kMaxAlerts) alerts_.pop_back();
    alerts_.push_back(alert);
    alert_count_++;
    return;
  }
  if ((where & openssl::kCbExit) != 0) {
    inside_callback_ = false;
  } else if ((where & (openssl::kCbLoop | openssl::kCbHandshakeStart | openssl::kCbHandshakeDone)) != 0) {
    inside_callback_ = true;
  }
}

void Observation::end() {
  last_shutdown_ = openssl_.SSL_get_shutdown(ssl_);
  last_quiet_shutdown_ = openssl_.SSL_get_quiet_shutdown(ssl_) != 0;
  inside_callback_ = false;
  ssl_ = nullptr;
}

}  // namespace close_notify::node
