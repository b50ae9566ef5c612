// What OpenSSL's callbacks told, in words.
import { type AlertName, alertName } from '../tls/alerts.js'
import { toPerformanceTime } from '../native/addon.js'
import type { NativeEvent } from '../native/engine.js'

/** `sent` was written by this side, `received` was decrypted from the peer. */
export type SslDirection = 'sent' | 'received'

/** A protocol version by the name that OpenSSL has for it, or its number in hexadecimal. */
export type SslVersionName = 'SSLv3' | 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | `0x${string}`

interface RecordedEvent {
  readonly direction: SslDirection
  /** The version of the connection as OpenSSL tells it with the message, SSL_set_msg_callback(3). */
  readonly version: SslVersionName
  /** The version in the header of the last record in that direction; absent before the first. In TLS 1.3 'TLSv1.2'. */
  readonly recordVersion?: SslVersionName
  /** ms on the clock of performance.now(). */
  readonly at: number
}

/** An alert: RFC 8446 section 6, RFC 5246 section 7.2. */
export interface AlertEvent extends RecordedEvent {
  readonly type: 'alert'
  readonly level: 'warning' | 'fatal' | `level_${number}`
  readonly description: AlertName
  /** The description by number. */
  readonly code: number
}

/** A handshake message, with `trace`: RFC 8446 section 4. */
export interface HandshakeEvent extends RecordedEvent {
  readonly type: 'handshake'
  readonly message: HandshakeName
  /** The whole message with its 4 bytes of header, a Buffer of the caller's own. */
  readonly bytes: Buffer
}

/**
 * A change_cipher_spec, with `trace`: RFC 5246 section 7.1, RFC 8446 appendix D.4. OpenSSL tells of those sent only.
 */
export interface ChangeCipherSpecEvent extends RecordedEvent {
  readonly type: 'change_cipher_spec'
}

/** A line of the key log, with the context's `keylog`: SSL_CTX_set_keylog_callback(3). */
export interface KeylogEvent {
  readonly type: 'keylog'
  readonly line: string
  readonly at: number
}

/**
 * A session that can be resumed came into being: SSL_CTX_sess_set_new_cb(3), as the context's `sessionCache` asks. On
 * OpenSSL getSession() has it as well; on BoringSSL those of TLS 1.3 are here alone.
 */
export interface NewSessionEvent {
  readonly type: 'new_session'
  /** On a client: the session for `OpenSSL.sessionFrom`, its secrets included, a Buffer of the caller's own. */
  readonly der?: Buffer
  readonly at: number
}

/** What happened on an Ssl since events were taken last. */
export type SslEvent = AlertEvent | HandshakeEvent | ChangeCipherSpecEvent | KeylogEvent | NewSessionEvent

const handshakeNames = {
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

/** A handshake message by the name that the RFCs have for it, or `handshake_<type>`. */
export type HandshakeName = (typeof handshakeNames)[keyof typeof handshakeNames] | `handshake_${number}`

const handshakeByType: ReadonlyMap<number, HandshakeName> = new Map(
  Object.entries(handshakeNames).map(([type, name]) => [Number(type), name]),
)

const versions: ReadonlyMap<number, SslVersionName> = new Map([
  [0x0300, 'SSLv3'],
  [0x0301, 'TLSv1'],
  [0x0302, 'TLSv1.1'],
  [0x0303, 'TLSv1.2'],
  [0x0304, 'TLSv1.3'],
])

const levels: ReadonlyMap<number, 'warning' | 'fatal'> = new Map([
  [1, 'warning'],
  [2, 'fatal'],
])

/** An event of the addon in words. */
export function eventOf(native: NativeEvent): SslEvent {
  const at = toPerformanceTime(native.at)
  if (native.kind === 'keylog') return { type: 'keylog', line: native.line, at }
  if (native.kind === 'new_session') {
    return { type: 'new_session', ...(native.der === undefined ? {} : { der: Buffer.from(native.der) }), at }
  }
  const recorded = {
    direction: native.sent ? 'sent' : 'received',
    version: versionName(native.version),
    ...(native.recordVersion === 0 ? {} : { recordVersion: versionName(native.recordVersion) }),
    at,
  } as const
  const { kind, bytes } = native
  const [first = 0, second = 0] = bytes
  switch (kind) {
    case 'alert': {
      const level = levels.get(first) ?? (`level_${first}` as const)
      return { type: kind, ...recorded, level, description: alertName(second), code: second }
    }
    case 'handshake': {
      const message = handshakeByType.get(first) ?? (`handshake_${first}` as const)
      return { type: kind, ...recorded, message, bytes: Buffer.from(bytes) }
    }
    case 'change_cipher_spec':
      return { type: kind, ...recorded }
  }
}

function versionName(version: number): SslVersionName {
  return versions.get(version) ?? `0x${version.toString(16).padStart(4, '0')}`
}
