// Compiled only by the sanitizer build and by the test of the source list's ABI: compares our declarations with
// OpenSSL's own headers. Never part of the shipped binary.
#include "native/openssl/types.h"

#if __has_include(<openssl/ssl.h>)
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <type_traits>

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

// Each prototype of functions.h, by what the call takes and gives.
static_assert(std::is_same_v<decltype(&::SSL_shutdown), int (*)(SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_get_shutdown), int (*)(const SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_set_shutdown), void (*)(SSL*, int)>);
static_assert(std::is_same_v<decltype(&::SSL_get_quiet_shutdown), int (*)(const SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_set_quiet_shutdown), void (*)(SSL*, int)>);
static_assert(std::is_same_v<decltype(&::SSL_CTX_get_quiet_shutdown), int (*)(const SSL_CTX*)>);
static_assert(std::is_same_v<decltype(&::SSL_CTX_set_quiet_shutdown), void (*)(SSL_CTX*, int)>);
static_assert(std::is_same_v<decltype(&::SSL_get_SSL_CTX), SSL_CTX* (*)(const SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_get_error), int (*)(const SSL*, int)>);
static_assert(std::is_same_v<decltype(&::SSL_get_finished), size_t (*)(const SSL*, void*, size_t)>);
static_assert(std::is_same_v<decltype(&::SSL_in_init), int (*)(const SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_is_server), int (*)(const SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_version), int (*)(const SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_has_pending), int (*)(const SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_rstate_string), const char* (*)(const SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_get_rbio), BIO* (*)(const SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_get_wbio), BIO* (*)(const SSL*)>);
static_assert(std::is_same_v<decltype(&::SSL_get_ex_data), void* (*)(const SSL*, int)>);
static_assert(std::is_same_v<decltype(&::SSL_get_info_callback), void (*(*)(const SSL*))(const SSL*, int, int)>);
static_assert(std::is_same_v<decltype(&::SSL_set_info_callback), void (*)(SSL*, void (*)(const SSL*, int, int))>);
static_assert(std::is_same_v<decltype(&::BIO_ctrl), long (*)(BIO*, int, long, void*)>);
static_assert(std::is_same_v<decltype(&::BIO_method_name), const char* (*)(const BIO*)>);
static_assert(std::is_same_v<decltype(&::BIO_number_written), uint64_t (*)(BIO*)>);
static_assert(std::is_same_v<decltype(&::CRYPTO_set_ex_data), int (*)(CRYPTO_EX_DATA*, int, void*)>);
static_assert(std::is_same_v<decltype(&::ERR_get_error), unsigned long (*)()>);
static_assert(std::is_same_v<decltype(&::ERR_clear_error), void (*)()>);
static_assert(std::is_same_v<decltype(&::ERR_lib_error_string), const char* (*)(unsigned long)>);
static_assert(std::is_same_v<decltype(&::ERR_reason_error_string), const char* (*)(unsigned long)>);
static_assert(std::is_same_v<decltype(&::OpenSSL_version), const char* (*)(int)>);
#endif
