// The part of OpenSSL's ABI that this addon uses, declared by ourselves so that neither its headers nor its symbols are
// needed to build or to load. The types are opaque; the constants are part of OpenSSL's stable ABI since 1.1.0 and are
// compared with the real headers in abi_check.cc, where those are present.
#pragma once

#include <cstddef>
#include <cstdint>

namespace close_notify::openssl {

struct Ssl;
struct SslCtx;
struct Bio;
struct ExData;

using InfoCallback = void (*)(const Ssl* ssl, int where, int value);
using ExNew = void (*)(void* parent, void* value, ExData* data, int index, long argl, void* argp);
using ExDup = int (*)(ExData* to, const ExData* from, void** value, int index, long argl, void* argp);
using ExFree = void (*)(void* parent, void* value, ExData* data, int index, long argl, void* argp);

// CRYPTO_get_ex_new_index(3)
inline constexpr int kExIndexSsl = 0;
inline constexpr int kExIndexSslCtx = 1;

// SSL_set_info_callback(3)
inline constexpr int kCbLoop = 0x01;
inline constexpr int kCbExit = 0x02;
inline constexpr int kCbRead = 0x04;
inline constexpr int kCbWrite = 0x08;
inline constexpr int kCbHandshakeStart = 0x10;
inline constexpr int kCbHandshakeDone = 0x20;
inline constexpr int kCbAlert = 0x4000;

// SSL_set_shutdown(3)
inline constexpr int kSentShutdown = 1;
inline constexpr int kReceivedShutdown = 2;

// BIO_ctrl(3)
inline constexpr int kBioCtrlPending = 10;

// OpenSSL_version(3)
inline constexpr int kOpenSslVersion = 0;

}  // namespace close_notify::openssl
