// The calls of this API that a build may lack, by the names of OpenSSL's manual, each with the functions that the addon
// can make it with: what is a function in one build is a macro over another function in the next one.
import { invalid } from '../options.js'

const madeWith = {
  SSL_CTX_set_min_proto_version: ['SSL_CTX_set_min_proto_version', 'SSL_CTX_ctrl'],
  SSL_CTX_set_max_proto_version: ['SSL_CTX_set_max_proto_version', 'SSL_CTX_ctrl'],
  SSL_CTX_set_session_cache_mode: ['SSL_CTX_set_session_cache_mode', 'SSL_CTX_ctrl'],
  SSL_CTX_set_mode: ['SSL_CTX_set_mode', 'SSL_CTX_ctrl'],
  SSL_CTX_set_read_ahead: ['SSL_CTX_set_read_ahead', 'SSL_CTX_ctrl'],
  SSL_CTX_set1_groups_list: ['SSL_CTX_set1_groups_list', 'SSL_CTX_set1_curves_list', 'SSL_CTX_ctrl'],
  SSL_CTX_set_ciphersuites: ['SSL_CTX_set_ciphersuites'],
  SSL_CTX_set_num_tickets: ['SSL_CTX_set_num_tickets'],
  SSL_CTX_set_post_handshake_auth: ['SSL_CTX_set_post_handshake_auth'],
  SSL_set_tlsext_host_name: ['SSL_set_tlsext_host_name', 'SSL_ctrl'],
  SSL_set1_host: ['SSL_set1_host'],
  SSL_has_pending: ['SSL_has_pending'],
  SSL_rstate_string: ['SSL_rstate_string'],
  SSL_shutdown_ex: ['SSL_shutdown_ex'],
  SSL_key_update: ['SSL_key_update'],
  SSL_renegotiate: ['SSL_renegotiate'],
  SSL_verify_client_post_handshake: ['SSL_verify_client_post_handshake'],
  SSL_get1_peer_certificate: ['SSL_get1_peer_certificate', 'SSL_get_peer_certificate'],
  SSL_SESSION_is_resumable: ['SSL_SESSION_is_resumable'],
} as const

/** A call of this API that some builds lack, by the name that OpenSSL's manual has for it. */
export type OptionalCall = keyof typeof madeWith

const optionalCalls = Object.entries(madeWith)

/** Those that a build lacks, given the functions that it lacks. */
export function lackingCalls(functions: readonly string[]): readonly string[] {
  return optionalCalls.filter(([, means]) => means.every((name) => functions.includes(name))).map(([call]) => call)
}

/** One of the names above. */
export function checkOptionalCall(call: unknown): string {
  const known = optionalCalls.find(([name]) => name === call)
  if (known === undefined) {
    const names = optionalCalls.map(([name]) => name).join(', ')
    throw invalid('call', `one of the calls that a build may lack, ${names},`, call)
  }
  return known[0]
}
