// Numbers of OpenSSL's headers that the harness and the fuzzer name, and the core does not.
#pragma once

#include <cstdint>

namespace close_notify::test {

// SSL_get_error(3)
inline constexpr int kNone = 0;
inline constexpr int kSslError = 1;
inline constexpr int kWantRead = 2;
inline constexpr int kWantWrite = 3;
inline constexpr int kSyscall = 5;
inline constexpr int kZeroReturn = 6;
inline constexpr int kLastError = 12;

// SSL_CTX_set_min_proto_version(3)
inline constexpr int kTls12 = 0x0303;
inline constexpr int kTls13 = 0x0304;

// SSL_get_shutdown(3)
inline constexpr int kSent = 1;
inline constexpr int kReceived = 2;

// SSL_CTX_set_verify(3)
inline constexpr int kVerifyPeer = 1;
inline constexpr int kVerifyFailIfNoPeerCert = 2;

// SSL_CTX_set_mode(3)
inline constexpr uint32_t kModeReleaseBuffers = 0x10;

// SSL_CTX_set_session_cache_mode(3)
inline constexpr int kCacheClient = 1;
inline constexpr int kCacheServer = 2;
inline constexpr int kCacheBoth = 3;

// SSL_CTX_set_options(3). Those of renegotiation and of ends are OpenSSL's own, the second and third since 3.0.
inline constexpr uint64_t kNoTicket = 0x4000;
inline constexpr uint64_t kIgnoreUnexpectedEof = 0x80;
inline constexpr uint64_t kAllowClientRenegotiation = 0x100;
inline constexpr uint64_t kNoRenegotiation = 0x40000000;

// SSL_key_update(3)
inline constexpr int kUpdateNotRequested = 0;
inline constexpr int kUpdateRequested = 1;

// RFC 8446 6
inline constexpr int kFatal = 2;
inline constexpr int kCloseNotify = 0;

}  // namespace close_notify::test
