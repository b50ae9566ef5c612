// Never part of the shipped binary: compares our declarations with OpenSSL's own headers, at compile time. The
// sanitizer build compiles it, and test/native/abi.test.ts does with the headers that come with Node.
#include "native/openssl/engine_functions.h"
#include "native/openssl/node_functions.h"

#if __has_include(<openssl/ssl.h>)
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <type_traits>

namespace {

using close_notify::openssl::EngineFunctions;
using close_notify::openssl::ErrorFunctions;
using close_notify::openssl::NodeFunctions;
namespace own = close_notify::openssl;

static_assert(own::kExIndexSsl == CRYPTO_EX_INDEX_SSL);
static_assert(own::kExIndexSslCtx == CRYPTO_EX_INDEX_SSL_CTX);
static_assert(own::kExIndexSslSession == CRYPTO_EX_INDEX_SSL_SESSION);
static_assert(own::kHandshakeStateOk == TLS_ST_OK);
static_assert(own::kCbLoop == SSL_CB_LOOP);
static_assert(own::kCbExit == SSL_CB_EXIT);
static_assert(own::kCbRead == SSL_CB_READ);
static_assert(own::kCbWrite == SSL_CB_WRITE);
static_assert(own::kCbHandshakeStart == SSL_CB_HANDSHAKE_START);
static_assert(own::kCbHandshakeDone == SSL_CB_HANDSHAKE_DONE);
static_assert(own::kCbAlert == SSL_CB_ALERT);
static_assert(own::kSentShutdown == SSL_SENT_SHUTDOWN);
static_assert(own::kReceivedShutdown == SSL_RECEIVED_SHUTDOWN);
static_assert(own::kBioCtrlPending == BIO_CTRL_PENDING);
static_assert(own::kTls13 == TLS1_3_VERSION);
static_assert(own::kErrorNone == SSL_ERROR_NONE);
static_assert(own::kModeAcceptMovingWriteBuffer == SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
static_assert(own::kCtrlExtraChainCert == SSL_CTRL_EXTRA_CHAIN_CERT);
static_assert(own::kCtrlMode == SSL_CTRL_MODE);
static_assert(own::kCtrlSetReadAhead == SSL_CTRL_SET_READ_AHEAD);
static_assert(own::kCtrlSetSessCacheMode == SSL_CTRL_SET_SESS_CACHE_MODE);
static_assert(own::kCtrlSetTlsextHostname == SSL_CTRL_SET_TLSEXT_HOSTNAME);
static_assert(own::kCtrlSetGroupsList == SSL_CTRL_SET_GROUPS_LIST);
static_assert(own::kCtrlSetMinProtoVersion == SSL_CTRL_SET_MIN_PROTO_VERSION);
static_assert(own::kCtrlSetMaxProtoVersion == SSL_CTRL_SET_MAX_PROTO_VERSION);
static_assert(own::kCtrlSetSplitSendFragment == SSL_CTRL_SET_SPLIT_SEND_FRAGMENT);
static_assert(own::kNameTypeHostName == TLSEXT_NAMETYPE_host_name);
static_assert(own::kRtChangeCipherSpec == SSL3_RT_CHANGE_CIPHER_SPEC);
static_assert(own::kRtAlert == SSL3_RT_ALERT);
static_assert(own::kRtHandshake == SSL3_RT_HANDSHAKE);
static_assert(own::kRtHeader == SSL3_RT_HEADER);
static_assert(own::kTlsextErrOk == SSL_TLSEXT_ERR_OK);
static_assert(own::kTlsextErrAlertFatal == SSL_TLSEXT_ERR_ALERT_FATAL);
static_assert(own::kTlsextErrNoack == SSL_TLSEXT_ERR_NOACK);
static_assert(own::kClientHelloSuccess == SSL_CLIENT_HELLO_SUCCESS);
static_assert(own::kClientHelloError == SSL_CLIENT_HELLO_ERROR);
static_assert(own::kClientHelloRetry == SSL_CLIENT_HELLO_RETRY);
static_assert(own::kExtensionServerName == TLSEXT_TYPE_server_name);
static_assert(own::kExtensionAlpn == TLSEXT_TYPE_application_layer_protocol_negotiation);
static_assert(own::kBioCtrlEof == BIO_CTRL_EOF);
static_assert(own::kBioCtrlFlush == BIO_CTRL_FLUSH);
static_assert(own::kBioCtrlWpending == BIO_CTRL_WPENDING);
static_assert(own::kBioFlagsRead == BIO_FLAGS_READ);
static_assert(own::kBioFlagsWrite == BIO_FLAGS_WRITE);
static_assert(own::kBioFlagsShouldRetry == BIO_FLAGS_SHOULD_RETRY);
static_assert(own::kBioTypeSourceSink == BIO_TYPE_SOURCE_SINK);
static_assert(own::kInitNoLoadConfig == OPENSSL_INIT_NO_LOAD_CONFIG);
static_assert(own::kInitNoAtexit == OPENSSL_INIT_NO_ATEXIT);
static_assert(own::kOpenSslVersion == OPENSSL_VERSION);

// Own<T> is T as types.h spells it: OpenSSL's opaque types become ours, at any depth.
template <typename T>
struct OwnType {
  using type = T;
};
template <typename T>
using Own = typename OwnType<T>::type;

// An enumeration of C is passed as an int is.
template <>
struct OwnType<OSSL_HANDSHAKE_STATE> {
  using type = int;
};
template <>
struct OwnType<SSL> {
  using type = own::Ssl;
};
template <>
struct OwnType<SSL_CTX> {
  using type = own::SslCtx;
};
template <>
struct OwnType<BIO> {
  using type = own::Bio;
};
template <>
struct OwnType<CRYPTO_EX_DATA> {
  using type = own::ExData;
};
template <>
struct OwnType<SSL_METHOD> {
  using type = own::SslMethod;
};
template <>
struct OwnType<SSL_CIPHER> {
  using type = own::SslCipher;
};
template <>
struct OwnType<SSL_SESSION> {
  using type = own::SslSession;
};
template <>
struct OwnType<BIO_METHOD> {
  using type = own::BioMethod;
};
template <>
struct OwnType<X509> {
  using type = own::X509;
};
template <>
struct OwnType<X509_STORE> {
  using type = own::X509Store;
};
template <>
struct OwnType<X509_STORE_CTX> {
  using type = own::X509StoreCtx;
};
template <>
struct OwnType<STACK_OF(X509)> {
  using type = own::X509Stack;
};
template <>
struct OwnType<EVP_PKEY> {
  using type = own::EvpPkey;
};
template <typename T>
struct OwnType<const T> {
  using type = const Own<T>;
};
template <typename T>
struct OwnType<T*> {
  using type = Own<T>*;
};
template <typename Result, typename... Arguments>
struct OwnType<Result(Arguments...)> {
  using type = Own<Result>(Own<Arguments>...);
};

template <typename Real, typename Declared>
constexpr bool same = std::is_same_v<Own<Real>, Declared>;

#define NODE_FUNCTION(name, type) static_assert(same<decltype(&::name), decltype(NodeFunctions::name)>);
#include "native/openssl/node_functions.def"
#undef NODE_FUNCTION

static_assert(same<decltype(&::ERR_get_error), decltype(ErrorFunctions::ERR_get_error)>);
static_assert(same<decltype(&::ERR_clear_error), decltype(ErrorFunctions::ERR_clear_error)>);
static_assert(same<decltype(&::ERR_lib_error_string), decltype(ErrorFunctions::ERR_lib_error_string)>);
static_assert(same<decltype(&::ERR_reason_error_string), decltype(ErrorFunctions::ERR_reason_error_string)>);

#define CHECK_declared(name) static_assert(same<decltype(&::name), decltype(EngineFunctions::name)>);
#define CHECK_undeclared(name)
#define ENGINE_FUNCTION(kind, presence, header, name, type, member) CHECK_##header(name)
#include "native/openssl/engine_functions.def"
#undef ENGINE_FUNCTION

}  // namespace
#endif
