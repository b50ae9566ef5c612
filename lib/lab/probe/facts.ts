/** What a connection tells while its SSL is there. */
import type { Wire } from '../wire/wire.js'
import { certificateOf, type Connection } from './connection.js'
import type { Certificate, Resumption } from './result.js'

export interface FirstConnection {
  readonly cipher: string | undefined
  readonly alpn: string | undefined
  readonly certificate: Certificate
  readonly handshake: number
}

/** `address` as `certificateOf()` has it. */
export function firstOf({ wire, handshake }: Connection, address: string | undefined): FirstConnection {
  const { ssl } = wire
  return { cipher: ssl.getCipher(), alpn: ssl.getAlpn(), certificate: certificateOf(ssl, address), handshake }
}

export function resumptionOf({ wire }: Connection): Resumption {
  return wire.ssl.sessionReused() ? 'resumed' : 'full-handshake'
}

/**
 * The session, where it can be resumed. A copy: OpenSSL marks the session of an SSL that is freed without a close_notify
 * as not resumable, and whether the server thinks so too is the question.
 */
export function copyOfSession({ ssl, newSession }: Wire): Buffer | undefined {
  const session = ssl.getSession()
  try {
    return session?.isResumable() === true ? session.toBuffer() : newSession
  } finally {
    session?.free()
  }
}
