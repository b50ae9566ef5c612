// Never part of the shipped binary: compares our declarations with OpenSSL's own headers, at compile time. The
// sanitizer build compiles it, and test/native/abi.test.ts does with the headers that come with Node.
#include "native/openssl/engine_functions.h"
#include "native/openssl/functions.h"

#if __has_include(<openssl/ssl.h>)
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <type_traits>

namespace {

using close_notify::openssl::EngineFunctions;
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
static_assert(own::kErrorNone == SSL_ERROR_NONE);
static_assert(own::kModeAcceptMovingWriteBuffer == SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
static_assert(own::kCtrlExtraChainCert == SSL_CTRL_EXTRA_CHAIN_CERT);
static_assert(own::kCtrlSetMsgCallbackArg == SSL_CTRL_SET_MSG_CALLBACK_ARG);
static_assert(own::kCtrlMode == SSL_CTRL_MODE);
static_assert(own::kCtrlSetReadAhead == SSL_CTRL_SET_READ_AHEAD);
static_assert(own::kCtrlSetSessCacheMode == SSL_CTRL_SET_SESS_CACHE_MODE);
static_assert(own::kCtrlSetTlsextHostname == SSL_CTRL_SET_TLSEXT_HOSTNAME);
static_assert(own::kCtrlSetGroupsList == SSL_CTRL_SET_GROUPS_LIST);
static_assert(own::kCtrlSetMinProtoVersion == SSL_CTRL_SET_MIN_PROTO_VERSION);
static_assert(own::kCtrlSetMaxProtoVersion == SSL_CTRL_SET_MAX_PROTO_VERSION);
static_assert(own::kNameTypeHostName == TLSEXT_NAMETYPE_host_name);
static_assert(own::kRtChangeCipherSpec == SSL3_RT_CHANGE_CIPHER_SPEC);
static_assert(own::kRtAlert == SSL3_RT_ALERT);
static_assert(own::kRtHandshake == SSL3_RT_HANDSHAKE);
static_assert(own::kRtHeader == SSL3_RT_HEADER);
static_assert(own::kTlsextErrOk == SSL_TLSEXT_ERR_OK);
static_assert(own::kTlsextErrAlertFatal == SSL_TLSEXT_ERR_ALERT_FATAL);
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

// The engine's table. Left out: what is a macro in these headers, what newer releases added, and two that BoringSSL
// declares otherwise.
static_assert(same<decltype(&::TLS_client_method), decltype(EngineFunctions::TLS_client_method)>);
static_assert(same<decltype(&::TLS_server_method), decltype(EngineFunctions::TLS_server_method)>);
static_assert(same<decltype(&::SSL_CTX_new), decltype(EngineFunctions::SSL_CTX_new)>);
static_assert(same<decltype(&::SSL_CTX_free), decltype(EngineFunctions::SSL_CTX_free)>);
static_assert(same<decltype(&::SSL_CTX_set_options), decltype(EngineFunctions::SSL_CTX_set_options)>);
static_assert(same<decltype(&::SSL_CTX_set_quiet_shutdown), decltype(EngineFunctions::SSL_CTX_set_quiet_shutdown)>);
static_assert(same<decltype(&::SSL_CTX_get_quiet_shutdown), decltype(EngineFunctions::SSL_CTX_get_quiet_shutdown)>);
static_assert(same<decltype(&::SSL_CTX_use_certificate), decltype(EngineFunctions::SSL_CTX_use_certificate)>);
static_assert(same<decltype(&::SSL_CTX_use_PrivateKey), decltype(EngineFunctions::SSL_CTX_use_PrivateKey)>);
static_assert(same<decltype(&::SSL_CTX_check_private_key), decltype(EngineFunctions::SSL_CTX_check_private_key)>);
static_assert(same<decltype(&::SSL_CTX_get_cert_store), decltype(EngineFunctions::SSL_CTX_get_cert_store)>);
static_assert(
    same<decltype(&::SSL_CTX_set_default_verify_paths), decltype(EngineFunctions::SSL_CTX_set_default_verify_paths)>);
static_assert(same<decltype(&::SSL_CTX_set_verify), decltype(EngineFunctions::SSL_CTX_set_verify)>);
static_assert(same<decltype(&::SSL_CTX_set_cipher_list), decltype(EngineFunctions::SSL_CTX_set_cipher_list)>);
static_assert(same<decltype(&::SSL_CTX_set_alpn_protos), decltype(EngineFunctions::SSL_CTX_set_alpn_protos)>);
static_assert(same<decltype(&::SSL_CTX_set_alpn_select_cb), decltype(EngineFunctions::SSL_CTX_set_alpn_select_cb)>);
static_assert(
    same<decltype(&::SSL_CTX_set_session_id_context), decltype(EngineFunctions::SSL_CTX_set_session_id_context)>);
static_assert(same<decltype(&::SSL_CTX_sess_set_new_cb), decltype(EngineFunctions::SSL_CTX_sess_set_new_cb)>);
static_assert(same<decltype(&::SSL_CTX_set_keylog_callback), decltype(EngineFunctions::SSL_CTX_set_keylog_callback)>);
static_assert(same<decltype(&::SSL_CTX_ctrl), decltype(EngineFunctions::SSL_CTX_ctrl)>);
static_assert(same<decltype(&::SSL_CTX_set_ciphersuites), decltype(EngineFunctions::SSL_CTX_set_ciphersuites)>);
static_assert(same<decltype(&::SSL_CTX_set_num_tickets), decltype(EngineFunctions::SSL_CTX_set_num_tickets)>);
static_assert(
    same<decltype(&::SSL_CTX_set_post_handshake_auth), decltype(EngineFunctions::SSL_CTX_set_post_handshake_auth)>);
static_assert(same<decltype(&::SSL_new), decltype(EngineFunctions::SSL_new)>);
static_assert(same<decltype(&::SSL_free), decltype(EngineFunctions::SSL_free)>);
static_assert(same<decltype(&::SSL_set_bio), decltype(EngineFunctions::SSL_set_bio)>);
static_assert(same<decltype(&::SSL_set_connect_state), decltype(EngineFunctions::SSL_set_connect_state)>);
static_assert(same<decltype(&::SSL_set_accept_state), decltype(EngineFunctions::SSL_set_accept_state)>);
static_assert(same<decltype(&::SSL_set_msg_callback), decltype(EngineFunctions::SSL_set_msg_callback)>);
static_assert(same<decltype(&::SSL_do_handshake), decltype(EngineFunctions::SSL_do_handshake)>);
static_assert(same<decltype(&::SSL_read), decltype(EngineFunctions::SSL_read)>);
static_assert(same<decltype(&::SSL_peek), decltype(EngineFunctions::SSL_peek)>);
static_assert(same<decltype(&::SSL_write), decltype(EngineFunctions::SSL_write)>);
static_assert(same<decltype(&::SSL_shutdown), decltype(EngineFunctions::SSL_shutdown)>);
static_assert(same<decltype(&::SSL_get_shutdown), decltype(EngineFunctions::SSL_get_shutdown)>);
static_assert(same<decltype(&::SSL_set_shutdown), decltype(EngineFunctions::SSL_set_shutdown)>);
static_assert(same<decltype(&::SSL_get_quiet_shutdown), decltype(EngineFunctions::SSL_get_quiet_shutdown)>);
static_assert(same<decltype(&::SSL_set_quiet_shutdown), decltype(EngineFunctions::SSL_set_quiet_shutdown)>);
static_assert(same<decltype(&::SSL_get_error), decltype(EngineFunctions::SSL_get_error)>);
static_assert(same<decltype(&::SSL_pending), decltype(EngineFunctions::SSL_pending)>);
static_assert(same<decltype(&::SSL_in_init), decltype(EngineFunctions::SSL_in_init)>);
static_assert(same<decltype(&::SSL_version), decltype(EngineFunctions::SSL_version)>);
static_assert(same<decltype(&::SSL_get_version), decltype(EngineFunctions::SSL_get_version)>);
static_assert(same<decltype(&::SSL_state_string_long), decltype(EngineFunctions::SSL_state_string_long)>);
static_assert(same<decltype(&::SSL_get_current_cipher), decltype(EngineFunctions::SSL_get_current_cipher)>);
static_assert(same<decltype(&::SSL_CIPHER_get_name), decltype(EngineFunctions::SSL_CIPHER_get_name)>);
static_assert(same<decltype(&::SSL_get0_alpn_selected), decltype(EngineFunctions::SSL_get0_alpn_selected)>);
static_assert(same<decltype(&::SSL_get_servername), decltype(EngineFunctions::SSL_get_servername)>);
static_assert(same<decltype(&::SSL_get_verify_result), decltype(EngineFunctions::SSL_get_verify_result)>);
static_assert(same<decltype(&::SSL_set_verify), decltype(EngineFunctions::SSL_set_verify)>);
static_assert(same<decltype(&::SSL_export_keying_material), decltype(EngineFunctions::SSL_export_keying_material)>);
static_assert(same<decltype(&::SSL_session_reused), decltype(EngineFunctions::SSL_session_reused)>);
static_assert(same<decltype(&::SSL_get1_session), decltype(EngineFunctions::SSL_get1_session)>);
static_assert(same<decltype(&::SSL_set_session), decltype(EngineFunctions::SSL_set_session)>);
static_assert(same<decltype(&::SSL_ctrl), decltype(EngineFunctions::SSL_ctrl)>);
static_assert(same<decltype(&::SSL_set1_host), decltype(EngineFunctions::SSL_set1_host)>);
static_assert(same<decltype(&::SSL_has_pending), decltype(EngineFunctions::SSL_has_pending)>);
static_assert(same<decltype(&::SSL_rstate_string), decltype(EngineFunctions::SSL_rstate_string)>);
static_assert(same<decltype(&::SSL_key_update), decltype(EngineFunctions::SSL_key_update)>);
static_assert(same<decltype(&::SSL_renegotiate), decltype(EngineFunctions::SSL_renegotiate)>);
static_assert(
    same<decltype(&::SSL_verify_client_post_handshake), decltype(EngineFunctions::SSL_verify_client_post_handshake)>);
static_assert(same<decltype(&::SSL_get1_peer_certificate), decltype(EngineFunctions::SSL_get1_peer_certificate)>);
static_assert(same<decltype(&::SSL_SESSION_free), decltype(EngineFunctions::SSL_SESSION_free)>);
static_assert(same<decltype(&::SSL_SESSION_is_resumable), decltype(EngineFunctions::SSL_SESSION_is_resumable)>);
static_assert(same<decltype(&::i2d_SSL_SESSION), decltype(EngineFunctions::i2d_SSL_SESSION)>);
static_assert(same<decltype(&::d2i_SSL_SESSION), decltype(EngineFunctions::d2i_SSL_SESSION)>);
static_assert(same<decltype(&::BIO_meth_new), decltype(EngineFunctions::BIO_meth_new)>);
static_assert(same<decltype(&::BIO_meth_free), decltype(EngineFunctions::BIO_meth_free)>);
static_assert(same<decltype(&::BIO_meth_set_read), decltype(EngineFunctions::BIO_meth_set_read)>);
static_assert(same<decltype(&::BIO_meth_set_write), decltype(EngineFunctions::BIO_meth_set_write)>);
static_assert(same<decltype(&::BIO_meth_set_ctrl), decltype(EngineFunctions::BIO_meth_set_ctrl)>);
static_assert(same<decltype(&::BIO_new), decltype(EngineFunctions::BIO_new)>);
static_assert(same<decltype(&::BIO_free), decltype(EngineFunctions::BIO_free)>);
static_assert(same<decltype(&::BIO_set_init), decltype(EngineFunctions::BIO_set_init)>);
static_assert(same<decltype(&::BIO_set_flags), decltype(EngineFunctions::BIO_set_flags)>);
static_assert(same<decltype(&::BIO_clear_flags), decltype(EngineFunctions::BIO_clear_flags)>);
static_assert(same<decltype(&::PEM_read_bio_X509), decltype(EngineFunctions::PEM_read_bio_X509)>);
static_assert(same<decltype(&::PEM_read_bio_PrivateKey), decltype(EngineFunctions::PEM_read_bio_PrivateKey)>);
static_assert(same<decltype(&::X509_free), decltype(EngineFunctions::X509_free)>);
static_assert(same<decltype(&::EVP_PKEY_free), decltype(EngineFunctions::EVP_PKEY_free)>);
static_assert(same<decltype(&::X509_STORE_add_cert), decltype(EngineFunctions::X509_STORE_add_cert)>);
static_assert(same<decltype(&::i2d_X509), decltype(EngineFunctions::i2d_X509)>);
static_assert(
    same<decltype(&::X509_verify_cert_error_string), decltype(EngineFunctions::X509_verify_cert_error_string)>);
static_assert(same<decltype(&::ERR_peek_last_error), decltype(EngineFunctions::ERR_peek_last_error)>);
static_assert(same<decltype(&::OpenSSL_version), decltype(EngineFunctions::OpenSSL_version)>);
static_assert(same<decltype(&::OpenSSL_version_num), decltype(EngineFunctions::OpenSSL_version_num)>);

}  // namespace
#endif
