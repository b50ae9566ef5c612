import type { TLSSocket } from 'node:tls'
import type { Progress } from '../closing/side.js'
import { endToRead, tcpState, type UnreadEnd, unacknowledged } from '../native/addon.js'
import type { NodeSsl, SslStatus } from '../native/node-ssl.js'
import { fileDescriptor, givenToTransport, handleOf, transportOutput } from './socket-internals.js'

/**
 * How far OpenSSL's output has got. When the output BIO is empty the kernel has taken everything. But Node empties it
 * in a setImmediate, before which a socket can be gone already, and until then other things must tell:
 *
 * - TCP took FIN: it does so after all that was given before it, and refuses on a connection that is gone.
 * - The transport was given as many bytes as OpenSSL has written and queues none. What TCP has refused counts as given
 *   too, but it refuses only on a connection that the kernel has closed.
 */
export class OutputProgress {
  readonly #ssl: NodeSsl
  readonly #handle: object
  // Bytes that the transport had carried before TLS began on it, as STARTTLS does; undefined while that cannot be told.
  #before: number | undefined
  // Bytes that the transport had been given when FIN was, and whether it has taken FIN.
  #givenBeforeFin: number | undefined
  #finTaken = false

  /** `status` is that of this moment. */
  constructor(ssl: NodeSsl, handle: object, status: SslStatus) {
    this.#ssl = ssl
    this.#handle = handle
    this.#before = startOf(handle, status.outputTotal, status.outputPending)
  }

  findStart(): void {
    if (this.#before !== undefined) return
    this.#before = startOf(this.#handle, this.#ssl.outputTotal(), this.#ssl.outputPending())
  }

  progress(): Exclude<Progress, 'gone'> {
    if (this.#ssl.outputPending() === 0) return 'taken'
    const transport = this.#transport()
    if (transport === undefined || transport.given < this.#ssl.outputTotal()) return 'pending'
    if (this.#finTaken) return 'taken'
    if (transport.queued > 0) return 'pending'
    switch (kernelHasClosed(this.#handle)) {
      case false:
        return 'taken'
      case true:
        return 'given'
      case undefined:
        return 'pending'
    }
  }

  /**
   * Bytes of OpenSSL's output that the kernel has not taken: what lies in Node's buffers. Undefined where that cannot be
   * told. Call while the SSL is alive.
   */
  left(): number | undefined {
    if (this.#ssl.outputPending() === 0) return 0
    const transport = this.#transport()
    if (transport === undefined) return undefined
    return Math.max(0, this.#ssl.outputTotal() - transport.given + transport.queued)
  }

  /** Bytes that are given from now on come after FIN, and are never sent. */
  finGiven(): void {
    this.#givenBeforeFin ??= givenToTransport(this.#handle)
  }

  finTaken(): void {
    this.#finTaken = true
  }

  // How much of OpenSSL's output the transport was given before FIN, and how much of it it queues.
  #transport(): { readonly given: number; readonly queued: number } | undefined {
    const transport = transportOutput(this.#handle)
    if (transport === undefined || this.#before === undefined) return undefined
    return { given: (this.#givenBeforeFin ?? transport.given) - this.#before, queued: transport.queued }
  }
}

// Bytes that the transport was given before TLS began to write to it.
function startOf(handle: object, written: number, pending: number): number | undefined {
  const given = givenToTransport(handle)
  if (given === undefined) return undefined
  if (pending === 0) return given - written
  // Pending bytes may have been given or not: both are a start from zero.
  return given === written || given === written - pending ? 0 : undefined
}

/**
 * How much of the output the peer's TCP has not acknowledged: a number that changes as long as the peer takes some of it.
 * The kernel's send buffer counts, for libuv hears of it only when a third of it is free. Where the transport does not
 * say, what the stream still holds.
 */
export function outputLeft(socket: TLSSocket): number {
  const handle = handleOf(socket)
  const output = handle === undefined ? undefined : transportOutput(handle)
  if (handle === undefined || output === undefined) return socket.writableLength
  return output.queued - output.given + (unacknowledgedBy(handle) ?? 0)
}

/** Whether the peer's TCP has acknowledged all that was written; undefined where the kernel does not tell. */
export function isAcknowledged(socket: TLSSocket): boolean | undefined {
  const handle = handleOf(socket)
  if (handle === undefined) return undefined
  if ((transportOutput(handle)?.queued ?? 0) > 0) return false
  const bytes = unacknowledgedBy(handle)
  return bytes === undefined ? undefined : bytes === 0
}

function unacknowledgedBy(handle: object): number | undefined {
  const fd = fileDescriptor(handle)
  return fd === undefined ? undefined : unacknowledged(fd)
}

/** The peer's end of TCP beneath a handle, where that is all that is left to read; undefined where it is not, or nobody tells. */
export function endToReadBeneath(handle: object): UnreadEnd | undefined {
  const fd = fileDescriptor(handle)
  return fd === undefined ? undefined : endToRead(fd)
}

/** Whether the kernel has closed the TCP connection beneath a handle; undefined where that cannot be told. */
export function kernelHasClosed(handle: object): boolean | undefined {
  const fd = fileDescriptor(handle)
  const state = fd === undefined ? undefined : tcpState(fd)
  return state === undefined ? undefined : state === 'closed'
}
