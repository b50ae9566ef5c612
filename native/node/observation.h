// The observation of one controlled SSL. It outlives the SSL: the last state stays readable, the pointer becomes null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "native/openssl/node_functions.h"

namespace close_notify::node {

struct Alert {
  int64_t at_ns;  // std::chrono::steady_clock
  uint8_t level;
  uint8_t description;
  bool sent;
};

class Observation {
 public:
  // A peer may send warning alerts without end (OpenSSL stops it, but only in a row); the first ones tell the story,
  // and the last slot is kept for the alert that ends it.
  static constexpr size_t kMaxAlerts = 32;

  Observation(const openssl::NodeFunctions& openssl, openssl::Ssl* ssl);
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

  // Null once OpenSSL has freed the object.
  openssl::Ssl* ssl() const { return ssl_; }

  const std::vector<Alert>& alerts() const { return alerts_; }

  // All alerts so far, those that alerts() has no room for too.
  size_t alert_count() const { return alert_count_; }

  // SSL_get_shutdown() when the observation began: a direction that was closed by then was closed unobserved.
  int shutdown_at_start() const { return shutdown_at_start_; }

  // SSL_get_shutdown() and SSL_get_quiet_shutdown() now, or at the end of the SSL's life.
  int shutdown() const;
  bool quiet_shutdown() const;

  // True while OpenSSL's state machine is on the stack: JavaScript that runs now was called by an OpenSSL callback.
  bool inside_callback() const { return inside_callback_; }

  // Takes a call of the info callback.
  void note(int where, int value);

  // The SSL is being freed. Reads nothing but plain members: newer releases have freed the record layer by now.
  void end();

 private:
  const openssl::NodeFunctions& openssl_;
  openssl::Ssl* ssl_;
  const int shutdown_at_start_;
  int last_shutdown_ = 0;
  bool last_quiet_shutdown_ = false;
  bool inside_callback_ = false;
  std::vector<Alert> alerts_;
  size_t alert_count_ = 0;
};

}  // namespace close_notify::node
