// The calls of this API that a build may lack, by the names of OpenSSL's manual. The addon looks for each, and for what
// else it can be made with: what is a function in one build is a macro over another function in the next one.
import { invalid } from '../options.js'

const optionalCalls = [
  'SSL_CTX_set_min_proto_version',
  'SSL_CTX_set_max_proto_version',
  'SSL_CTX_set_session_cache_mode',
  'SSL_CTX_set_mode',
  'SSL_CTX_add_extra_chain_cert',
  'SSL_CTX_set_read_ahead',
  'SSL_CTX_set1_groups_list',
  'SSL_CTX_set_ciphersuites',
  'SSL_CTX_set_num_tickets',
  'SSL_CTX_set_post_handshake_auth',
  'SSL_set_tlsext_host_name',
  'SSL_set1_host',
  'SSL_has_pending',
  'SSL_rstate_string',
  'SSL_free_buffers',
  'SSL_shutdown_ex',
  'SSL_key_update',
  'SSL_renegotiate',
  'SSL_verify_client_post_handshake',
  'SSL_get1_peer_certificate',
  'X509_STORE_CTX_get1_issuer',
  'SSL_CTX_set_client_hello_cb',
  'SSL_client_hello_get0_ext',
  'SSL_SESSION_is_resumable',
] as const

/**
 * A call of this API that some builds lack, by the name that OpenSSL's manual has for it.
 * @useDeclaredType
 */
export type OptionalCall = (typeof optionalCalls)[number]

/** One of the names above. */
export function checkOptionalCall(call: unknown): OptionalCall {
  const known = optionalCalls.find((name) => name === call)
  if (known === undefined) {
    throw invalid('call', `one of the calls that a build may lack, ${optionalCalls.join(', ')},`, call)
  }
  return known
}
