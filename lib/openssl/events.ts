// The events of OpenSSL's callbacks, in words.
import { type Alert, alertLevel, alertName } from '../tls/alerts.js'
import { type HandshakeName, handshakeName } from '../tls/handshake.js'
import { type SslVersionName, versionName } from '../tls/versions.js'
import { toPerformanceTime } from '../native/addon.js'
import type { NativeEvent } from '../native/engine.js'

/** `sent` was written by this side, `received` was decrypted from the peer. */
export type SslDirection = Alert['direction']

interface RecordedEvent {
  readonly direction: SslDirection
  /** The version of the connection as OpenSSL tells it with the message, SSL_set_msg_callback(3). */
  readonly version: SslVersionName
  /** The version in the header of the last record in that direction; absent before the first. In TLS 1.3 'TLSv1.2'. */
  readonly recordVersion?: SslVersionName
  /** ms on the clock of performance.now(). */
  readonly at: number
}

/** An alert, with the fields that a closure's `alerts` have. */
export interface AlertEvent extends Alert, RecordedEvent {
  readonly type: 'alert'
}

/** A handshake message, with `trace`: RFC 8446 section 4. */
export interface HandshakeEvent extends RecordedEvent {
  readonly type: 'handshake'
  readonly message: HandshakeName
  /** The whole message with its 4 bytes of header, a Buffer of the caller's own. */
  readonly bytes: Buffer
}

/**
 * A change_cipher_spec, with `trace`: RFC 5246 section 7.1, RFC 8446 appendix D.4. Every build tells of those sent; of
 * those received BoringSSL in TLS 1.2 alone, OpenSSL 3.5 and later in TLS 1.3 alone, OpenSSL up to 3.0 never.
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

/** An event on an Ssl since events were taken last. */
export type SslEvent = AlertEvent | HandshakeEvent | ChangeCipherSpecEvent | KeylogEvent | NewSessionEvent

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
  switch (native.kind) {
    case 'alert': {
      const { kind, level, code } = native
      return { type: kind, ...recorded, level: alertLevel(level), name: alertName(code), code }
    }
    case 'handshake': {
      const { kind, bytes } = native
      return { type: kind, ...recorded, message: handshakeName(bytes[0] ?? 0), bytes: Buffer.from(bytes) }
    }
    case 'change_cipher_spec':
      return { type: native.kind, ...recorded }
  }
}
