// The OpenSSL functions that the engine calls on a library of its own choice. Signatures are those of OpenSSL 1.1.1 to
// 4.0; what BoringSSL spells differently is compatible in every calling convention that we build for. Two are called
// old_, because they are macros in newer headers. A pointer marked optional is null where the build lacks the function.
#pragma once

#include "native/openssl/error_queue.h"
#include "native/openssl/types.h"

namespace close_notify::openssl {

struct EngineFunctions : ErrorFunctions {
  // SSL_CTX
  const SslMethod* (*TLS_client_method)() = nullptr;
  const SslMethod* (*TLS_server_method)() = nullptr;
  SslCtx* (*SSL_CTX_new)(const SslMethod*) = nullptr;
  void (*SSL_CTX_free)(SslCtx*) = nullptr;
  uint64_t (*SSL_CTX_set_options)(SslCtx*, uint64_t) = nullptr;
  void (*SSL_CTX_set_quiet_shutdown)(SslCtx*, int) = nullptr;
  int (*SSL_CTX_get_quiet_shutdown)(const SslCtx*) = nullptr;
  int (*SSL_CTX_use_certificate)(SslCtx*, X509*) = nullptr;
  int (*SSL_CTX_use_PrivateKey)(SslCtx*, EvpPkey*) = nullptr;
  int (*SSL_CTX_check_private_key)(const SslCtx*) = nullptr;
  X509Store* (*SSL_CTX_get_cert_store)(const SslCtx*) = nullptr;
  int (*SSL_CTX_set_default_verify_paths)(SslCtx*) = nullptr;
  void (*SSL_CTX_set_verify)(SslCtx*, int, VerifyCallback) = nullptr;
  int (*SSL_CTX_set_cipher_list)(SslCtx*, const char*) = nullptr;
  int (*SSL_CTX_set_alpn_protos)(SslCtx*, const unsigned char*, unsigned) = nullptr;
  void (*SSL_CTX_set_alpn_select_cb)(SslCtx*, AlpnSelect, void*) = nullptr;
  int (*SSL_CTX_set_session_id_context)(SslCtx*, const unsigned char*, unsigned) = nullptr;
  void (*SSL_CTX_sess_set_new_cb)(SslCtx*, NewSession) = nullptr;
  void (*SSL_CTX_set_keylog_callback)(SslCtx*, Keylog) = nullptr;
  long (*SSL_CTX_ctrl)(SslCtx*, int, long, void*) = nullptr;            // optional: BoringSSL has the next ones
  int (*SSL_CTX_set_min_proto_version)(SslCtx*, int) = nullptr;         // optional
  int (*SSL_CTX_set_max_proto_version)(SslCtx*, int) = nullptr;         // optional
  int (*SSL_CTX_set_session_cache_mode)(SslCtx*, int) = nullptr;        // optional
  uint32_t (*SSL_CTX_set_mode)(SslCtx*, uint32_t) = nullptr;            // optional
  int (*SSL_CTX_add_extra_chain_cert)(SslCtx*, X509*) = nullptr;        // optional
  void (*SSL_CTX_set_read_ahead)(SslCtx*, int) = nullptr;               // optional
  int (*SSL_CTX_set1_groups_list)(SslCtx*, const char*) = nullptr;      // optional
  int (*old_SSL_CTX_set1_curves_list)(SslCtx*, const char*) = nullptr;  // optional
  int (*SSL_CTX_set_ciphersuites)(SslCtx*, const char*) = nullptr;      // optional
  int (*SSL_CTX_set_num_tickets)(SslCtx*, size_t) = nullptr;            // optional
  void (*SSL_CTX_set_post_handshake_auth)(SslCtx*, int) = nullptr;      // optional

  // SSL
  Ssl* (*SSL_new)(SslCtx*) = nullptr;
  void (*SSL_free)(Ssl*) = nullptr;
  void (*SSL_set_bio)(Ssl*, Bio*, Bio*) = nullptr;
  void (*SSL_set_connect_state)(Ssl*) = nullptr;
  void (*SSL_set_accept_state)(Ssl*) = nullptr;
  void (*SSL_set_msg_callback)(Ssl*, MessageCallback) = nullptr;
  int (*SSL_do_handshake)(Ssl*) = nullptr;
  int (*SSL_read)(Ssl*, void*, int) = nullptr;
  int (*SSL_peek)(Ssl*, void*, int) = nullptr;
  int (*SSL_write)(Ssl*, const void*, int) = nullptr;
  int (*SSL_shutdown)(Ssl*) = nullptr;
  int (*SSL_get_shutdown)(const Ssl*) = nullptr;
  void (*SSL_set_shutdown)(Ssl*, int) = nullptr;
  int (*SSL_get_quiet_shutdown)(const Ssl*) = nullptr;
  void (*SSL_set_quiet_shutdown)(Ssl*, int) = nullptr;
  int (*SSL_get_error)(const Ssl*, int) = nullptr;
  int (*SSL_pending)(const Ssl*) = nullptr;
  int (*SSL_in_init)(const Ssl*) = nullptr;
  int (*SSL_version)(const Ssl*) = nullptr;
  const char* (*SSL_get_version)(const Ssl*) = nullptr;
  const char* (*SSL_state_string_long)(const Ssl*) = nullptr;
  const SslCipher* (*SSL_get_current_cipher)(const Ssl*) = nullptr;
  const char* (*SSL_CIPHER_get_name)(const SslCipher*) = nullptr;
  void (*SSL_get0_alpn_selected)(const Ssl*, const unsigned char**, unsigned*) = nullptr;
  const char* (*SSL_get_servername)(const Ssl*, int) = nullptr;
  long (*SSL_get_verify_result)(const Ssl*) = nullptr;
  void (*SSL_set_verify)(Ssl*, int, VerifyCallback) = nullptr;
  int (*SSL_export_keying_material)(Ssl*, unsigned char*, size_t, const char*, size_t, const unsigned char*, size_t,
                                    int) = nullptr;
  int (*SSL_session_reused)(const Ssl*) = nullptr;
  SslSession* (*SSL_get1_session)(Ssl*) = nullptr;
  int (*SSL_set_session)(Ssl*, SslSession*) = nullptr;
  void (*SSL_set_msg_callback_arg)(Ssl*, void*) = nullptr;                // optional
  long (*SSL_ctrl)(Ssl*, int, long, void*) = nullptr;                     // optional: BoringSSL has the next one
  int (*SSL_set_tlsext_host_name)(Ssl*, const char*) = nullptr;           // optional
  int (*SSL_set1_host)(Ssl*, const char*) = nullptr;                      // optional
  int (*SSL_has_pending)(const Ssl*) = nullptr;                           // optional
  const char* (*SSL_rstate_string)(const Ssl*) = nullptr;                 // optional
  int (*SSL_shutdown_ex)(Ssl*, uint64_t, const void*, size_t) = nullptr;  // optional: OpenSSL 3.2
  int (*SSL_key_update)(Ssl*, int) = nullptr;                             // optional
  int (*SSL_renegotiate)(Ssl*) = nullptr;                                 // optional
  int (*SSL_verify_client_post_handshake)(Ssl*) = nullptr;                // optional
  X509* (*SSL_get1_peer_certificate)(const Ssl*) = nullptr;               // optional: before 3.0 it is the next one
  X509* (*old_SSL_get_peer_certificate)(const Ssl*) = nullptr;            // optional

  // SSL_SESSION
  void (*SSL_SESSION_free)(SslSession*) = nullptr;
  int (*SSL_SESSION_is_resumable)(const SslSession*) = nullptr;  // optional
  int (*i2d_SSL_SESSION)(const SslSession*, unsigned char**) = nullptr;
  SslSession* (*d2i_SSL_SESSION)(SslSession**, const unsigned char**, long) = nullptr;

  // BIO
  BioMethod* (*BIO_meth_new)(int, const char*) = nullptr;
  void (*BIO_meth_free)(BioMethod*) = nullptr;
  int (*BIO_meth_set_read)(BioMethod*, BioRead) = nullptr;
  int (*BIO_meth_set_write)(BioMethod*, BioWrite) = nullptr;
  int (*BIO_meth_set_ctrl)(BioMethod*, BioCtrl) = nullptr;
  Bio* (*BIO_new)(const BioMethod*) = nullptr;
  Bio* (*BIO_new_mem_buf)(const void*, ptrdiff_t) = nullptr;
  int (*BIO_free)(Bio*) = nullptr;
  void (*BIO_set_init)(Bio*, int) = nullptr;
  void (*BIO_set_flags)(Bio*, int) = nullptr;
  void (*BIO_clear_flags)(Bio*, int) = nullptr;

  // Certificates and keys
  X509* (*PEM_read_bio_X509)(Bio*, X509**, PasswordCallback, void*) = nullptr;
  EvpPkey* (*PEM_read_bio_PrivateKey)(Bio*, EvpPkey**, PasswordCallback, void*) = nullptr;
  void (*X509_free)(X509*) = nullptr;
  void (*EVP_PKEY_free)(EvpPkey*) = nullptr;
  int (*X509_STORE_add_cert)(X509Store*, X509*) = nullptr;
  int (*i2d_X509)(const X509*, unsigned char**) = nullptr;
  const char* (*X509_verify_cert_error_string)(long) = nullptr;

  // The library
  unsigned long (*ERR_peek_last_error)() = nullptr;
  const char* (*OpenSSL_version)(int) = nullptr;
  unsigned long (*OpenSSL_version_num)() = nullptr;
  int (*OPENSSL_init_ssl)(uint64_t, const void*) = nullptr;  // optional
};

class TableLoader;

EngineFunctions bind_engine_functions(TableLoader& table);

}  // namespace close_notify::openssl
