// Never part of the shipped binary: compares our declarations with OpenSSL's own headers, at compile time. The
// sanitizer build compiles it, and test/package/abi.test.ts does with the headers that come with Node.
#include "native/openssl/functions.h"

#if __has_include(<openssl/ssl.h>)
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <type_traits>

namespace {

using close_notify::openssl::Functions;
namespace own = close_notify::openssl;

static_assert(own::kExIndexSsl == CRYPTO_EX_INDEX_SSL);
static_assert(own::kExIndexSslCtx == CRYPTO_EX_INDEX_SSL_CTX);
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
static_assert(own::kOpenSslVersion == OPENSSL_VERSION);

// Own<T> is T as functions.h spells it: OpenSSL's opaque types become ours, at any depth.
template <typename T>
struct OwnType {
  using type = T;
};
template <typename T>
using Own = typename OwnType<T>::type;

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

static_assert(same<decltype(&::SSL_shutdown), decltype(Functions::SSL_shutdown)>);
static_assert(same<decltype(&::SSL_get_shutdown), decltype(Functions::SSL_get_shutdown)>);
static_assert(same<decltype(&::SSL_set_shutdown), decltype(Functions::SSL_set_shutdown)>);
static_assert(same<decltype(&::SSL_get_quiet_shutdown), decltype(Functions::SSL_get_quiet_shutdown)>);
static_assert(same<decltype(&::SSL_set_quiet_shutdown), decltype(Functions::SSL_set_quiet_shutdown)>);
static_assert(same<decltype(&::SSL_CTX_get_quiet_shutdown), decltype(Functions::SSL_CTX_get_quiet_shutdown)>);
static_assert(same<decltype(&::SSL_CTX_set_quiet_shutdown), decltype(Functions::SSL_CTX_set_quiet_shutdown)>);
static_assert(same<decltype(&::SSL_get_SSL_CTX), decltype(Functions::SSL_get_SSL_CTX)>);
static_assert(same<decltype(&::SSL_get_error), decltype(Functions::SSL_get_error)>);
static_assert(same<decltype(&::SSL_get_finished), decltype(Functions::SSL_get_finished)>);
static_assert(same<decltype(&::SSL_in_init), decltype(Functions::SSL_in_init)>);
static_assert(same<decltype(&::SSL_is_server), decltype(Functions::SSL_is_server)>);
static_assert(same<decltype(&::SSL_version), decltype(Functions::SSL_version)>);
static_assert(same<decltype(&::SSL_has_pending), decltype(Functions::SSL_has_pending)>);
static_assert(same<decltype(&::SSL_rstate_string), decltype(Functions::SSL_rstate_string)>);
static_assert(same<decltype(&::SSL_get_rbio), decltype(Functions::SSL_get_rbio)>);
static_assert(same<decltype(&::SSL_get_wbio), decltype(Functions::SSL_get_wbio)>);
static_assert(same<decltype(&::SSL_get_ex_data), decltype(Functions::SSL_get_ex_data)>);
static_assert(same<decltype(&::SSL_get_info_callback), decltype(Functions::SSL_get_info_callback)>);
static_assert(same<decltype(&::SSL_set_info_callback), decltype(Functions::SSL_set_info_callback)>);
static_assert(same<decltype(&::BIO_ctrl), decltype(Functions::BIO_ctrl)>);
static_assert(same<decltype(&::BIO_method_name), decltype(Functions::BIO_method_name)>);
static_assert(same<decltype(&::BIO_number_written), decltype(Functions::BIO_number_written)>);
static_assert(same<decltype(&::CRYPTO_get_ex_new_index), decltype(Functions::CRYPTO_get_ex_new_index)>);
static_assert(same<decltype(&::CRYPTO_set_ex_data), decltype(Functions::CRYPTO_set_ex_data)>);
static_assert(same<decltype(&::ERR_get_error), decltype(Functions::ERR_get_error)>);
static_assert(same<decltype(&::ERR_clear_error), decltype(Functions::ERR_clear_error)>);
static_assert(same<decltype(&::ERR_lib_error_string), decltype(Functions::ERR_lib_error_string)>);
static_assert(same<decltype(&::ERR_reason_error_string), decltype(Functions::ERR_reason_error_string)>);
static_assert(same<decltype(&::OpenSSL_version), decltype(Functions::OpenSSL_version)>);

}  // namespace
#endif
