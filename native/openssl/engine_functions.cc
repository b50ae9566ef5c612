#include "native/openssl/engine_functions.h"

#include "native/openssl/table.h"

namespace close_notify::openssl {

EngineFunctions bind_engine_functions(TableLoader& table) {
  EngineFunctions f;
  bind_error_functions(table, f);
  table.bind(f.TLS_client_method, "TLS_client_method");
  table.bind(f.TLS_server_method, "TLS_server_method");
  table.bind(f.SSL_CTX_new, "SSL_CTX_new");
  table.bind(f.SSL_CTX_free, "SSL_CTX_free");
  table.bind(f.SSL_CTX_set_options, "SSL_CTX_set_options");
  table.bind(f.SSL_CTX_set_quiet_shutdown, "SSL_CTX_set_quiet_shutdown");
  table.bind(f.SSL_CTX_get_quiet_shutdown, "SSL_CTX_get_quiet_shutdown");
  table.bind(f.SSL_CTX_use_certificate, "SSL_CTX_use_certificate");
  table.bind(f.SSL_CTX_use_PrivateKey, "SSL_CTX_use_PrivateKey");
  table.bind(f.SSL_CTX_check_private_key, "SSL_CTX_check_private_key");
  table.bind(f.SSL_CTX_get_cert_store, "SSL_CTX_get_cert_store");
  table.bind(f.SSL_CTX_set_default_verify_paths, "SSL_CTX_set_default_verify_paths");
  table.bind(f.SSL_CTX_set_verify, "SSL_CTX_set_verify");
  table.bind(f.SSL_CTX_set_cipher_list, "SSL_CTX_set_cipher_list");
  table.bind(f.SSL_CTX_set_alpn_protos, "SSL_CTX_set_alpn_protos");
  table.bind(f.SSL_CTX_set_alpn_select_cb, "SSL_CTX_set_alpn_select_cb");
  table.bind(f.SSL_CTX_set_session_id_context, "SSL_CTX_set_session_id_context");
  table.bind(f.SSL_CTX_sess_set_new_cb, "SSL_CTX_sess_set_new_cb");
  table.bind(f.SSL_CTX_set_keylog_callback, "SSL_CTX_set_keylog_callback");
  table.bind_alternative(f.SSL_CTX_ctrl, "SSL_CTX_ctrl");
  table.bind_unless(f.SSL_CTX_ctrl != nullptr, f.SSL_CTX_set_min_proto_version, "SSL_CTX_set_min_proto_version");
  table.bind_unless(f.SSL_CTX_ctrl != nullptr, f.SSL_CTX_set_max_proto_version, "SSL_CTX_set_max_proto_version");
  table.bind_unless(f.SSL_CTX_ctrl != nullptr, f.SSL_CTX_set_session_cache_mode, "SSL_CTX_set_session_cache_mode");
  table.bind_unless(f.SSL_CTX_ctrl != nullptr, f.SSL_CTX_set_mode, "SSL_CTX_set_mode");
  table.bind_unless(f.SSL_CTX_ctrl != nullptr, f.SSL_CTX_add_extra_chain_cert, "SSL_CTX_add_extra_chain_cert");
  table.bind_unless(f.SSL_CTX_ctrl != nullptr, f.SSL_CTX_set_read_ahead, "SSL_CTX_set_read_ahead");
  // The same under its older name.
  const bool has_curves = table.bind_alternative(f.old_SSL_CTX_set1_curves_list, "SSL_CTX_set1_curves_list");
  table.bind_unless(has_curves || f.SSL_CTX_ctrl != nullptr, f.SSL_CTX_set1_groups_list, "SSL_CTX_set1_groups_list");
  table.bind_optional(f.SSL_CTX_set_ciphersuites, "SSL_CTX_set_ciphersuites");
  table.bind_optional(f.SSL_CTX_set_num_tickets, "SSL_CTX_set_num_tickets");
  table.bind_optional(f.SSL_CTX_set_post_handshake_auth, "SSL_CTX_set_post_handshake_auth");
  table.bind(f.SSL_new, "SSL_new");
  table.bind(f.SSL_free, "SSL_free");
  table.bind(f.SSL_set_bio, "SSL_set_bio");
  table.bind(f.SSL_set_connect_state, "SSL_set_connect_state");
  table.bind(f.SSL_set_accept_state, "SSL_set_accept_state");
  table.bind(f.SSL_set_msg_callback, "SSL_set_msg_callback");
  table.bind(f.SSL_do_handshake, "SSL_do_handshake");
  table.bind(f.SSL_read, "SSL_read");
  table.bind(f.SSL_peek, "SSL_peek");
  table.bind(f.SSL_write, "SSL_write");
  table.bind(f.SSL_shutdown, "SSL_shutdown");
  table.bind(f.SSL_get_shutdown, "SSL_get_shutdown");
  table.bind(f.SSL_set_shutdown, "SSL_set_shutdown");
  table.bind(f.SSL_get_quiet_shutdown, "SSL_get_quiet_shutdown");
  table.bind(f.SSL_set_quiet_shutdown, "SSL_set_quiet_shutdown");
  table.bind(f.SSL_get_error, "SSL_get_error");
  table.bind(f.SSL_pending, "SSL_pending");
  table.bind(f.SSL_in_init, "SSL_in_init");
  table.bind(f.SSL_version, "SSL_version");
  table.bind(f.SSL_get_version, "SSL_get_version");
  table.bind(f.SSL_state_string_long, "SSL_state_string_long");
  table.bind(f.SSL_get_current_cipher, "SSL_get_current_cipher");
  table.bind(f.SSL_CIPHER_get_name, "SSL_CIPHER_get_name");
  table.bind(f.SSL_get0_alpn_selected, "SSL_get0_alpn_selected");
  table.bind(f.SSL_get_servername, "SSL_get_servername");
  table.bind(f.SSL_get_verify_result, "SSL_get_verify_result");
  table.bind(f.SSL_set_verify, "SSL_set_verify");
  table.bind(f.SSL_export_keying_material, "SSL_export_keying_material");
  table.bind(f.SSL_session_reused, "SSL_session_reused");
  table.bind(f.SSL_get1_session, "SSL_get1_session");
  table.bind(f.SSL_set_session, "SSL_set_session");
  table.bind_alternative(f.SSL_ctrl, "SSL_ctrl");
  table.bind_unless(f.SSL_ctrl != nullptr, f.SSL_set_msg_callback_arg, "SSL_set_msg_callback_arg");
  table.bind_unless(f.SSL_ctrl != nullptr, f.SSL_set_tlsext_host_name, "SSL_set_tlsext_host_name");
  table.bind_optional(f.SSL_set1_host, "SSL_set1_host");
  table.bind_optional(f.SSL_has_pending, "SSL_has_pending");
  table.bind_optional(f.SSL_rstate_string, "SSL_rstate_string");
  table.bind_optional(f.SSL_shutdown_ex, "SSL_shutdown_ex");
  table.bind_optional(f.SSL_key_update, "SSL_key_update");
  table.bind_optional(f.SSL_renegotiate, "SSL_renegotiate");
  table.bind_optional(f.SSL_verify_client_post_handshake, "SSL_verify_client_post_handshake");
  // The same under its older name, which is a macro since.
  const bool has_old = table.bind_alternative(f.old_SSL_get_peer_certificate, "SSL_get_peer_certificate");
  table.bind_unless(has_old, f.SSL_get1_peer_certificate, "SSL_get1_peer_certificate");
  table.bind(f.SSL_SESSION_free, "SSL_SESSION_free");
  table.bind_optional(f.SSL_SESSION_is_resumable, "SSL_SESSION_is_resumable");
  table.bind(f.i2d_SSL_SESSION, "i2d_SSL_SESSION");
  table.bind(f.d2i_SSL_SESSION, "d2i_SSL_SESSION");
  table.bind(f.BIO_meth_new, "BIO_meth_new");
  table.bind(f.BIO_meth_free, "BIO_meth_free");
  table.bind(f.BIO_meth_set_read, "BIO_meth_set_read");
  table.bind(f.BIO_meth_set_write, "BIO_meth_set_write");
  table.bind(f.BIO_meth_set_ctrl, "BIO_meth_set_ctrl");
  table.bind(f.BIO_new, "BIO_new");
  table.bind(f.BIO_new_mem_buf, "BIO_new_mem_buf");
  table.bind(f.BIO_free, "BIO_free");
  table.bind(f.BIO_set_init, "BIO_set_init");
  table.bind(f.BIO_set_flags, "BIO_set_flags");
  table.bind(f.BIO_clear_flags, "BIO_clear_flags");
  table.bind(f.PEM_read_bio_X509, "PEM_read_bio_X509");
  table.bind(f.PEM_read_bio_PrivateKey, "PEM_read_bio_PrivateKey");
  table.bind(f.X509_free, "X509_free");
  table.bind(f.EVP_PKEY_free, "EVP_PKEY_free");
  table.bind(f.X509_STORE_add_cert, "X509_STORE_add_cert");
  table.bind(f.i2d_X509, "i2d_X509");
  table.bind(f.X509_verify_cert_error_string, "X509_verify_cert_error_string");
  table.bind(f.ERR_peek_last_error, "ERR_peek_last_error");
  table.bind(f.OpenSSL_version, "OpenSSL_version");
  table.bind(f.OpenSSL_version_num, "OpenSSL_version_num");
  table.bind_alternative(f.OPENSSL_init_ssl, "OPENSSL_init_ssl");
  return f;
}

}  // namespace close_notify::openssl
