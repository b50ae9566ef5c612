// Handshake messages: RFC 8446 section 4, RFC 5246 section 7.4, and the registry's additions.

const names = {
  0: 'hello_request',
  1: 'client_hello',
  2: 'server_hello',
  4: 'new_session_ticket',
  5: 'end_of_early_data',
  8: 'encrypted_extensions',
  11: 'certificate',
  12: 'server_key_exchange',
  13: 'certificate_request',
  14: 'server_hello_done',
  15: 'certificate_verify',
  16: 'client_key_exchange',
  20: 'finished',
  21: 'certificate_url',
  22: 'certificate_status',
  23: 'supplemental_data',
  24: 'key_update',
  25: 'compressed_certificate',
  67: 'next_proto',
  254: 'message_hash',
} as const

/** @inline */
type KnownHandshakeName = (typeof names)[keyof typeof names]

/** A handshake message by the name that the RFCs have for it, or `handshake_<type>`. */
export type HandshakeName = KnownHandshakeName | `handshake_${number}`

const nameOfType: ReadonlyMap<number, HandshakeName> = new Map(
  Object.entries(names).map(([type, name]) => [Number(type), name]),
)

/** The name of a handshake message's type. */
export function handshakeName(type: number): HandshakeName {
  return nameOfType.get(type) ?? `handshake_${type}`
}
