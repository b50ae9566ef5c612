#include "native/engine/session.h"

#include <utility>

namespace close_notify::engine {

std::shared_ptr<Session> Session::parse(const openssl::Library& library, std::span<const uint8_t> bytes) {
  library.functions().ERR_clear_error();
  const unsigned char* at = bytes.data();
  return own(library, library.functions().d2i_SSL_SESSION(nullptr, &at, static_cast<long>(bytes.size())));
}

std::shared_ptr<Session> Session::own(const openssl::Library& library, openssl::SslSession* session) {
  OwnedSession owned(session, {library.functions().SSL_SESSION_free});
  return owned == nullptr ? nullptr : std::make_shared<Session>(library, std::move(owned));
}

std::optional<bool> Session::is_resumable() const {
  const auto& f = library_.functions();
  if (f.SSL_SESSION_is_resumable == nullptr) return std::nullopt;
  return f.SSL_SESSION_is_resumable(session_.get()) != 0;
}

std::vector<uint8_t> Session::to_bytes(const openssl::EngineFunctions& openssl, const openssl::SslSession* session) {
  const int length = openssl.i2d_SSL_SESSION(session, nullptr);
  if (length <= 0) return {};
  std::vector<uint8_t> bytes(static_cast<size_t>(length));
  unsigned char* at = bytes.data();
  openssl.i2d_SSL_SESSION(session, &at);
  return bytes;
}

}  // namespace close_notify::engine
