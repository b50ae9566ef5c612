import type { TLSSocket } from 'node:tls'
import { ClosureError } from '../errors.js'
import type { SslHandle } from '../native/addon.js'
import { bothShutdown } from '../tls/shutdown-flags.js'
import { protocolOf } from '../tls/versions.js'
import { Evidence } from './evidence.js'
import { FinGate } from './fin-gate.js'
import { undeliveredBytes } from './undelivered.js'
import { endStream, onreadCallback, handleOf, streamBeneath, wrapMethod } from './socket-internals.js'
import type { BegunClosing } from '../closing/side.js'
import type { ClosureFacts, Received, Sent, TcpEnd } from '../report/facts.js'

/**
 * A socket whose handshake is done, joined with its SSL: the evidence, the gate before FIN, and the view on what the
 * stream delivers. It watches; it starts nothing by itself.
 */
export class Connection {
  readonly socket: TLSSocket
  readonly ssl: SslHandle
  readonly evidence: Evidence
  readonly gate: FinGate
  readonly side: 'client' | 'server'
  readonly protocol: ClosureFacts['protocol'] | undefined

  /** The closing that has begun: there is one per connection, whoever starts it. It alone writes this, and its facts. */
  closing: BegunClosing | undefined
  /** The stream ends, and its reader has not been told yet. */
  onStreamEnd: (() => void) | undefined
  /** Whether data has come since our FIN: somebody reads on. */
  hasReadSinceFin = false

  #quiet = false
  #streamHasEnded = false
  #destroyedAt: number | undefined
  // The program has ended the stream beneath TLS.
  #endedBeneathAt: number | undefined
  readonly #handle: object
  readonly #totalWhenJoined: number
  #undeliveredBytes: number | undefined = 0
  // Untouched: write() and end() are still Node's own.
  #writes: 'untouched' | 'accepted' | 'refused' = 'untouched'

  /** `gate` may stand before FIN since before the handshake was done. */
  constructor(socket: TLSSocket, handle: object, ssl: SslHandle, gate: FinGate | undefined) {
    this.socket = socket
    this.ssl = ssl
    this.#handle = handle
    this.#totalWhenJoined = ssl.outputTotal()
    this.side = ssl.isServer() ? 'server' : 'client'
    this.protocol = protocolOf(ssl.version())
    this.evidence = new Evidence(ssl, handle)
    this.gate = gate ?? new FinGate(handle)
    this.gate.around = (send) => this.#sendFin(send)
    this.gate.onCompleted = (taken) => {
      this.evidence.finCompleted(taken)
      this.closing?.finCompleted()
    }
    // Ended and drained: Node has asked for FIN before the gate stood there.
    const isEnded = socket.writableEnded && socket.writableLength === 0
    if (gate === undefined && isEnded) this.gate.finAt = performance.now()
    this.#watchBeneath()
    wrapMethod(socket, 'push', (previous, args) => this.#push(previous, args))
    const onread = onreadCallback(socket)
    if (onread === undefined) return
    wrapMethod(socket, onread, (previous, args) => {
      const [bytes] = args
      return (typeof bytes === 'number' && this.closing?.dataCame(bytes) === true) || previous(args)
    })
  }

  /** The socket is being destroyed. What can only be asked while the SSL is alive is asked now. */
  destroying(error: unknown, mayBeInsideHandshake: boolean): void {
    // In the handshake OpenSSL's output goes through a buffer of its own, which nothing outside of it can look into.
    const isUnknown = mayBeInsideHandshake && this.socket.writableLength > 0
    this.#undeliveredBytes = isUnknown ? undefined : this.undeliveredBytes()
    this.evidence.socketFailed(error)
    // A destruction that follows from the peer's RST is no act of ours.
    if (this.evidence.tcp.kind !== 'reset') this.#destroyedAt ??= performance.now()
    this.evidence.observe()
    this.closing?.destroyed()
  }

  /** Whether the peer has answered our FIN without an alert by an alert about it. */
  isQuietAnswered(): boolean {
    const isQuiet = this.#quiet || this.closing?.mode === 'quiet'
    return isQuiet && this.gate.finAt !== undefined && this.evidence.received().kind === 'fatal-alert'
  }

  /**
   * Ends the stream, where the peer's close_notify has come and Node has not heard of it. OpenSSL 3.2 and newer keep an earlier
   * user_canceled of TLS 1.3 as the last warning, so that the 0 of SSL_read(3) is SSL_ERROR_SYSCALL to SSL_get_error(3)
   * and not SSL_ERROR_ZERO_RETURN; to Node that is nothing, and the stream would end with TCP alone. Call from a stack
   * of its own: in that of SSL_read, Node is about to hear.
   */
  hearCloseNotify(): void {
    const { socket, ssl, evidence } = this
    if (this.#streamHasEnded || socket.destroyed || !ssl.alive() || ssl.alertCount() === 0) return
    if (evidence.received().kind === 'close_notify') endStream(socket)
  }

  /** Bytes that were written to the socket and have not reached the kernel, as far as that can be known now. */
  undeliveredBytes(): number | undefined {
    const { socket, ssl, evidence } = this
    if (!ssl.alive()) return undefined
    const totalWhenJoined = this.#totalWhenJoined
    const hasWrittenAlert = evidence.hasWrittenCloseNotify()
    const output = { socket, handle: this.#handle, ssl, progress: evidence.output, totalWhenJoined, hasWrittenAlert }
    return undeliveredBytes(output)
  }

  /** From now on a write calls back with an error and harms nothing: the reading side goes on. */
  refuseWrites(): void {
    this.#writes = this.#writes === 'untouched' ? this.#guardWrites() : 'refused'
  }

  /** Takes refuseWrites() back: our close_notify was not written after all. */
  acceptWrites(): void {
    if (this.#writes === 'refused') this.#writes = 'accepted'
  }

  facts(): ClosureFacts {
    const sent = this.evidence.sent()
    const received = this.evidence.received()
    const { tcp } = this.evidence
    const { closing } = this
    const localAct = earliest(timeOf(sent), this.gate.finAt, this.#endedBeneathAt, this.#destroyedAt)
    const peerAct = earliest(timeOf(received), timeOf(tcp))
    const facts: { -readonly [K in keyof ClosureFacts]: ClosureFacts[K] } = {
      side: this.side,
      handshake: 'completed',
      mode: closing?.mode ?? 'uncontrolled',
      quiet: this.#quiet || closing?.mode === 'quiet',
      sent,
      received,
      tcp,
      waitRefused: closing?.waitRefused ?? false,
      began: peerAct < localAct ? 'peer' : 'local',
      discardedBytes: closing?.discardedBytes ?? 0,
      surplusBytes: this.evidence.surplusBytes,
      alerts: this.evidence.alerts(),
      startedAt: Math.min(peerAct, localAct, closing?.startedAt ?? Number.POSITIVE_INFINITY, performance.now()),
      endedAt: performance.now(),
    }
    if (this.protocol !== undefined) facts.protocol = this.protocol
    if (this.#undeliveredBytes !== undefined) facts.undeliveredBytes = this.#undeliveredBytes
    if (closing?.endedBy !== undefined) facts.endedBy = closing.endedBy
    return facts
  }

  #watchBeneath(): void {
    const stream = streamBeneath(this.socket)
    if (stream === undefined) return
    if (stream.writableEnded) this.#endedBeneathAt = performance.now()
    wrapMethod(stream, 'end', (previous, args) => {
      this.#endedBeneathAt ??= performance.now()
      return previous(args)
    })
  }

  #guardWrites(): 'refused' {
    wrapMethod(this.socket, 'write', (previous, args) => {
      if (this.#writes !== 'refused') return previous(args)
      refuse(args)
      return false
    })
    wrapMethod(this.socket, 'end', (previous, args) => {
      const [chunk] = args
      const isPlain = chunk === undefined || chunk === null || typeof chunk === 'function'
      if (this.#writes !== 'refused' || isPlain) return previous(args)
      refuse(args)
      return previous([])
    })
    return 'refused'
  }

  // Node calls SSL_shutdown here, and a second time when the first gives 0. Where the closing is ours, or our alert is
  // written already, these calls must find nothing to do: a second SSL_shutdown that meets application data is fatal to
  // the SSL and loses the data. With both flags set OpenSSL returns 1 and touches nothing; afterwards the flags tell
  // the truth again and reading goes on.
  #sendFin(send: () => unknown): unknown {
    const { ssl } = this
    if (!ssl.alive()) return send()
    this.evidence.observe()
    if (this.closing === undefined && !this.evidence.hasWrittenCloseNotify()) {
      this.#quiet = ssl.getQuietShutdown()
      const status = send()
      if (ssl.alive()) this.evidence.finGiven()
      return status
    }
    const flags = ssl.getShutdown()
    ssl.setShutdown(bothShutdown)
    try {
      return send()
    } finally {
      if (ssl.alive()) {
        ssl.setShutdown(flags)
        this.evidence.finGiven()
      }
      this.closing?.finGiven()
    }
  }

  #push(previous: (args: readonly unknown[]) => unknown, args: readonly unknown[]): unknown {
    const [chunk] = args
    if (chunk instanceof Uint8Array) {
      this.hasReadSinceFin ||= this.gate.finAt !== undefined
      return this.closing?.dataCame(chunk.length) === true ? true : previous(args)
    }
    if (chunk !== null || this.#streamHasEnded) return previous(args)
    this.#streamHasEnded = true
    this.evidence.streamEnded(this.gate.finAt !== undefined)
    this.onStreamEnd?.()
    const result = previous(args)
    this.closing?.peerEnded()
    return result
  }
}

/** The handle of a socket that can be joined with its SSL; undefined when it is gone. */
export function liveHandle(socket: TLSSocket): object | undefined {
  return socket.destroyed ? undefined : handleOf(socket)
}

function refuse(args: readonly unknown[]): void {
  const callback = args.find((arg) => typeof arg === 'function')
  if (typeof callback !== 'function') return
  const message = 'close_notify has been sent on this connection: nothing can be written after it'
  process.nextTick(() => {
    Reflect.apply(callback, undefined, [new ClosureError('ERR_WRITE_AFTER_CLOSE_NOTIFY', message)])
  })
}

function timeOf(act: Sent | Received | TcpEnd): number | undefined {
  return 'at' in act ? act.at : undefined
}

function earliest(...times: readonly (number | undefined)[]): number {
  return Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
}
