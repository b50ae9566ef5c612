// Connections that nobody would end any more. No event announces that nothing happens, so that each socket under a
// policy is looked at now and then.
import { ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Connection } from '../closure/connection.js'
import { isAcknowledged, outputLeft } from '../closure/output-progress.js'
import { closesConnection, messageUnderWay } from '../closure/http-internals.js'
import type { EndedBy } from '../report/facts.js'
import type { CheckedConnectionPolicy } from './policy.js'

/** The doings of one socket between the looks at it. */
export class Standstill {
  #seen = ''
  #since = 0

  /** The budget that has run out, if one has. */
  overdue(connection: Connection, policy: CheckedConnectionPolicy): EndedBy | undefined {
    const { socket, gate, closing } = connection
    if (gate.finAt === undefined) {
      const isStalled = closing === undefined && isLeftUnread(socket) && this.#stoodFor(socket) >= policy.flushTimeout
      return isStalled ? 'flush-timeout' : undefined
    }
    // It was not to wait, for too many did or the peer never answers: the descriptor goes as soon as the peer's TCP has everything.
    const hasNotWaited = closing?.waitRefused === true || closing?.learnedWait === 0
    if (hasNotWaited && isAcknowledged(socket) !== false) return 'done'
    const budget = hasReader(socket) ? policy.lingerTimeout : policy.flushTimeout
    if (budget === 'off' || this.#stoodFor(socket) < budget) return undefined
    // TCP has not even taken FIN: what stands still is our own output.
    return gate.outcome !== undefined ? 'linger-timeout' : 'flush-timeout'
  }

  // ms since something was read, came, or was acknowledged.
  #stoodFor(socket: TLSSocket): number {
    const now = performance.now()
    const seen = `${socket.bytesRead} ${socket.readableLength} ${outputLeft(socket)}`
    if (seen !== this.#seen) {
      this.#seen = seen
      this.#since = now
    }
    return now - this.#since
  }
}

// A response that ends the connection was written in whole, and the peer does not take it: until it has, http does not
// end the stream. A client's request is under way until its response is there, which may take as long as it does.
function isLeftUnread(socket: TLSSocket): boolean {
  const message = messageUnderWay(socket)
  return message instanceof ServerResponse && message.writableEnded && closesConnection(message)
}

// Whether the program reads the socket, or has read it once and paused.
function hasReader(socket: TLSSocket): boolean {
  return socket.readableFlowing !== null || socket.listenerCount('readable') > 0
}
