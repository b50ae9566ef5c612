// An SSL_SESSION. OpenSSL counts its users, so it outlives the SSL that it came from.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "native/engine/owned.h"
#include "native/openssl/library.h"

namespace close_notify::engine {

class Session {
 public:
  // d2i_SSL_SESSION(3); null where the bytes are no session, why is in the error queue.
  static std::shared_ptr<Session> parse(const openssl::Library& library, std::span<const uint8_t> bytes);

  // Takes over one count of the session; null for null.
  static std::shared_ptr<Session> own(const openssl::Library& library, openssl::SslSession* session);

  Session(const openssl::Library& library, OwnedSession session) : library_(library), session_(std::move(session)) {}

  // No value where the build lacks the call.
  std::optional<bool> is_resumable() const;
  std::vector<uint8_t> to_bytes() const { return to_bytes(library_.functions(), session_.get()); }
  static std::vector<uint8_t> to_bytes(const openssl::EngineFunctions& openssl, const openssl::SslSession* session);

  const openssl::Library& library() const { return library_; }
  openssl::SslSession* get() const { return session_.get(); }

 private:
  const openssl::Library& library_;
  OwnedSession session_;
};

}  // namespace close_notify::engine
