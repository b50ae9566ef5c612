/** Sessions that a probe offers: which connections leave one, and which offer it. */
import type { Wire } from '../wire/wire.js'
import type { Connection } from './connection.js'
import type { CloseKind, Question, Resumption } from './result.js'

/**
 * Questions whose connections offer a session. A resumed connection may bring no session of its own, so that these are
 * not those that one is taken from.
 */
export const offering: readonly Question[] = ['onCloseNotifyAfterRequest', 'onFinInRequest', 'idle']

/** The way in which the connection of a question ends. */
export const ends: Readonly<Partial<Record<Question, CloseKind>>> = {
  afterResponse: 'afterResponse',
  onCloseNotify: 'afterCloseNotify',
  onFin: 'afterFin',
}

/** The next way of ending of which there is a session that was not offered yet. */
export function nextOffer(
  sessions: ReadonlyMap<CloseKind, Buffer>,
  resumption: Readonly<Record<CloseKind, Resumption>>,
): CloseKind | undefined {
  return [...sessions.keys()].find((kind) => resumption[kind] === 'not-asked')
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
