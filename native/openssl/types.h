// The part of OpenSSL's ABI that this addon uses, declared by ourselves so that neither its headers nor its symbols are
// needed to build or to load. The types are opaque; the constants are part of OpenSSL's stable ABI since 1.1.0 and are
// compared with the real headers in abi_check.cc, where those are present.
#pragma once

#include <cstddef>
#include <cstdint>

namespace close_notify::openssl {

struct Ssl;
struct SslCtx;
struct SslMethod;
struct SslCipher;
struct SslSession;
struct Bio;
struct BioMethod;
struct ExData;
struct X509;
struct X509Store;
struct X509StoreCtx;
struct X509Stack;
struct EvpPkey;
struct BoringClientHello;  // SSL_CLIENT_HELLO

using InfoCallback = void (*)(const Ssl* ssl, int where, int value);
using ExNew = void (*)(void* parent, void* value, ExData* data, int index, long argl, void* argp);
using ExDup = int (*)(ExData* to, const ExData* from, void** value, int index, long argl, void* argp);
using ExFree = void (*)(void* parent, void* value, ExData* data, int index, long argl, void* argp);

using MessageCallback = void (*)(int is_write, int version, int content_type, const void* bytes, size_t length,
                                 Ssl* ssl, void* argument);
using VerifyCallback = int (*)(int preverified, X509StoreCtx* store);
using AlpnSelect = int (*)(Ssl* ssl, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                           unsigned offered_length, void* argument);
using ClientHelloCallback = int (*)(Ssl* ssl, int* alert, void* argument);
using SelectCertificate = int (*)(const BoringClientHello* hello);
using NewSession = int (*)(Ssl* ssl, SslSession* session);
using Keylog = void (*)(const Ssl* ssl, const char* line);
using PasswordCallback = int (*)(char* buffer, int size, int is_write, void* argument);
using BioRead = int (*)(Bio* bio, char* target, int length);
using BioWrite = int (*)(Bio* bio, const char* bytes, int length);
using BioCtrl = long (*)(Bio* bio, int command, long number, void* argument);

// CRYPTO_get_ex_new_index(3)
inline constexpr int kExIndexSsl = 0;
inline constexpr int kExIndexSslCtx = 1;
inline constexpr int kExIndexSslSession = 2;

// SSL_get_state(3): TLS_ST_OK
inline constexpr int kHandshakeStateOk = 1;

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

// SSL_version(3)
inline constexpr int kTls13 = 0x0304;

// SSL_get_error(3)
inline constexpr int kErrorNone = 0;
inline constexpr int kErrorWantRead = 2;

// SSL_CTX_set_mode(3)
inline constexpr uint32_t kModeAcceptMovingWriteBuffer = 0x2;

// SSL_CTX_ctrl(3) and SSL_ctrl(3): the calls that OpenSSL's headers make macros of
inline constexpr int kCtrlExtraChainCert = 14;
inline constexpr int kCtrlMode = 33;
inline constexpr int kCtrlSetReadAhead = 41;
inline constexpr int kCtrlSetSessCacheMode = 44;
inline constexpr int kCtrlSetTlsextHostname = 55;
inline constexpr int kCtrlSetGroupsList = 92;
inline constexpr int kCtrlSetMinProtoVersion = 123;
inline constexpr int kCtrlSetMaxProtoVersion = 124;
inline constexpr int kCtrlSetSplitSendFragment = 125;
inline constexpr int kNameTypeHostName = 0;

// SSL_set_msg_callback(3): content types
inline constexpr int kRtChangeCipherSpec = 20;
inline constexpr int kRtAlert = 21;
inline constexpr int kRtHandshake = 22;
inline constexpr int kRtHeader = 0x100;

// SSL_CTX_set_alpn_select_cb(3)
inline constexpr int kTlsextErrOk = 0;
inline constexpr int kTlsextErrAlertFatal = 2;
inline constexpr int kTlsextErrNoack = 3;

// SSL_CTX_set_client_hello_cb(3); BoringSSL's ssl_select_cert_result_t
inline constexpr int kClientHelloSuccess = 1;
inline constexpr int kClientHelloError = 0;
inline constexpr int kClientHelloRetry = -1;
inline constexpr int kSelectCertificateSuccess = 1;
inline constexpr int kSelectCertificateRetry = 0;
inline constexpr int kSelectCertificateError = -1;

// Extensions of the ClientHello: RFC 6066 section 3, RFC 7301 section 3.1
inline constexpr uint16_t kExtensionServerName = 0;
inline constexpr uint16_t kExtensionAlpn = 16;

// BIO_ctrl(3), BIO_should_retry(3)
inline constexpr int kBioCtrlEof = 2;
inline constexpr int kBioCtrlPending = 10;
inline constexpr int kBioCtrlFlush = 11;
inline constexpr int kBioCtrlWpending = 13;
inline constexpr int kBioFlagsRead = 0x01;
inline constexpr int kBioFlagsWrite = 0x02;
inline constexpr int kBioFlagsShouldRetry = 0x08;
inline constexpr int kBioTypeSourceSink = 0x0400;

// OPENSSL_init_ssl(3)
inline constexpr uint64_t kInitNoLoadConfig = 0x80;
inline constexpr uint64_t kInitNoAtexit = 0x00080000;

// OpenSSL_version(3)
inline constexpr int kOpenSslVersion = 0;

}  // namespace close_notify::openssl
