import type { TLSSocket } from 'node:tls'
import { isThisTurn, leaveStack, thisTurn } from '../closing/turns.js'
import { ClosureError } from '../errors.js'
import type { NodeSsl, SslStatus } from '../native/node-ssl.js'
import { bothShutdown } from '../tls/shutdown-flags.js'
import { protocolOf } from '../tls/versions.js'
import { Evidence, isRefusedWrite, isSystemError } from './evidence.js'
import { FinGate, type GateOwner } from './fin-gate.js'
import { endToReadBeneath } from './output-progress.js'
import { undeliveredBytes } from './undelivered.js'
import {
  bytesWrittenTo,
  endStream,
  fileDescriptor,
  handleOf,
  isEmptyChunk,
  isFedToTheEnd,
  nativeTransport,
  onreadCallback,
  streamBeneath,
  writableStateOf,
} from './socket-internals.js'
import { type Method, slotOn, standIns, wrapMethod } from './stand-ins.js'
import { isTelling, tell } from './story.js'
import { pipesPastWrite } from './stream-internals.js'
import type { BegunClosing } from '../closing/side.js'
import { decisiveFactsOf, factsOf, firstOf } from '../report/assembling.js'
import type { ClosureFacts } from '../report/facts.js'
import { type ClosureReport, type DecisiveFacts, reportOf, type Verdict, verdictOf } from '../report/verdict.js'

/**
 * A socket whose handshake is done, joined with its SSL: the evidence, the gate before FIN, and the view on what the
 * stream delivers. It watches; it starts nothing by itself.
 */
export class Connection implements GateOwner {
  readonly socket: TLSSocket
  /** TLSWrap. */
  readonly handle: object
  readonly ssl: NodeSsl
  readonly evidence: Evidence
  readonly gate: FinGate
  readonly side: 'client' | 'server'
  readonly protocol: ClosureFacts['protocol'] | undefined
  /** Bytes that OpenSSL had written when the socket was joined. */
  readonly totalWhenJoined: number
  /** Bytes that had been written to the socket then. */
  readonly bytesWhenJoined: number

  /** The closing that has begun: there is one per connection, whoever starts it. It alone writes this, and its facts. */
  closing: BegunClosing | undefined
  /** Is told that the stream ends, before its reader is. */
  streamEndHook: StreamEndHook | undefined
  /** Whether data has come since our FIN: somebody reads on. */
  hasReadSinceFin = false

  #quiet = false
  #alertIsNodes = false
  #streamHasEnded = false
  #destroyedAt: number | undefined
  // The program has ended the stream beneath TLS.
  #endedBeneathAt: number | undefined
  #undeliveredBytes: number | undefined = 0
  // Untouched: write() and end() are still Node's own.
  #writes: 'untouched' | 'accepted' | 'refused' = 'untouched'
  // The write is that of drainByWrite().
  #isDraining = false
  // The turn in which the socket was joined.
  readonly #joinedIn = thisTurn()
  // What was decided when the socket was destroyed.
  #decided: Decided | undefined

  /** `status` is that of this moment; `gate` may stand before FIN since before the handshake was done. */
  constructor(socket: TLSSocket, handle: object, ssl: NodeSsl, status: SslStatus, gate: FinGate | undefined) {
    this.socket = socket
    this.ssl = ssl
    this.handle = handle
    this.bytesWhenJoined = bytesWrittenTo(socket, handle)
    this.totalWhenJoined = status.outputTotal
    this.side = status.isServer ? 'server' : 'client'
    this.protocol = protocolOf(status.version)
    this.evidence = new Evidence(ssl, handle, status)
    this.gate = gate ?? new FinGate(handle)
    this.gate.owner = this
    // A real handle is kept alive until it is closed, and with it the socket, which is destroyed then.
    if (fileDescriptor(handle) === undefined) ssl.releaseWithGarbage()
    // Ended and drained: Node has asked for FIN before the gate stood there.
    const isEnded = socket.writableEnded && socket.writableLength === 0
    if (gate === undefined && isEnded) this.gate.finAt = performance.now()
    this.#watchBeneath()
    const onread = onreadCallback(socket)
    if (onread === undefined) return
    wrapMethod(socket, onread, (previous, args) => {
      const [bytes] = args
      return (typeof bytes === 'number' && this.closing?.dataCame(bytes) === true) || previous(args)
    })
  }

  /**
   * Whether a callback of Node's handshake may still be on the stack, inside OpenSSL: in the turn in which the socket
   * was joined, until something written has left, for Node completes no write in the stack of another thing.
   */
  mayBeInsideHandshake(): boolean {
    if (!isThisTurn(this.#joinedIn)) return false
    const { bytesWritten, writableLength } = this.socket
    return writableLength > 0 || bytesWritten === this.bytesWhenJoined
  }

  /**
   * Somebody destroys the socket, before anything of that happens. The kernel is asked whether the peer has ended TCP: a guard of
   * Node's agents, since 22, destroys an idle socket inside the very read that brings the end, or because there is
   * something to read; and what reads in the place of Node's own reader tells nobody.
   */
  destructionBegins(error: unknown): void {
    const { evidence, ssl } = this
    const isOurs = this.closing !== undefined || this.#actedAt() !== undefined
    if (isOurs || evidence.tcp.kind !== 'open' || isSystemError(error) || !ssl.alive()) return
    const end = isFedToTheEnd(this.handle) ? 'fin' : endToReadBeneath(this.handle)
    if (end !== undefined) evidence.noteUnheardEnd(end)
  }

  /**
   * The socket is being destroyed. What can only be asked while the SSL is alive is asked now. `inside-read`: the facts are
   * complete only when the stack is left.
   */
  destroying(error: unknown): 'inside-read' | undefined {
    // In the handshake OpenSSL's output goes through a buffer of its own, which nothing outside of it can look into.
    const isUnknown = this.mayBeInsideHandshake() && this.socket.writableLength > 0
    this.#undeliveredBytes = isUnknown || isRefusedWrite(error) ? undefined : this.undeliveredBytes()
    this.evidence.socketFailed(error)
    // A destruction that follows from the peer's RST is no act of ours.
    if (this.evidence.tcp.kind !== 'reset') this.#destroyedAt ??= performance.now()
    this.evidence.observe()
    this.closing?.destroyed()
    return this.evidence.destroying() ? 'inside-read' : undefined
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

  /** From now on the closing is told when TLS fails, of which Node makes an 'error' alone. */
  hearTlsFail(): void {
    wrapMethod(this.handle, 'onerror', (previous, args) => {
      try {
        // Whoever hears the error may throw.
        return previous(args)
      } finally {
        this.closing?.tlsFailed()
      }
    })
  }

  /** Bytes that were written to the socket and have not reached the kernel, as far as that can be known now. */
  undeliveredBytes(): number | undefined {
    return this.ssl.alive() ? undeliveredBytes(this) : undefined
  }

  /** Our close_notify is written by Node's own SSL_shutdown, which sendFin() leads to. */
  leaveAlertToNode(): void {
    this.#alertIsNodes = true
  }

  /**
   * Calls back by an empty write when all that was written before has been given to TLS and to the kernel, or when the
   * socket is being destroyed. Refused writes do not keep it: an earlier drain may still be under way.
   */
  drainByWrite(drained: () => void): void {
    this.#isDraining = true
    try {
      this.socket.write('', drained)
    } finally {
      this.#isDraining = false
    }
  }

  /** From now on a write calls back with an error and harms nothing: the reading side goes on. */
  refuseWrites(): void {
    this.#writes = this.#writes === 'untouched' ? this.#guardWrites() : 'refused'
  }

  /** Takes refuseWrites() back: our close_notify was not written after all, and no closing is about to write it. */
  acceptWrites(): void {
    if (this.#writes === 'refused' && this.closing === undefined) this.#writes = 'accepted'
  }

  /** The facts of the destroyed socket stand from now on, and the memory of the addon is given back. */
  settle(): Verdict {
    // A destruction that an end of the peer's led to, or was overtaken by, is no first act of ours.
    if (this.evidence.settle()) this.#destroyedAt = undefined
    const decisive = this.#decisiveFacts()
    this.#decided = { decisive, endedAt: performance.now() }
    this.ssl.release()
    return verdictOf(decisive)
  }

  /** The report of what has been until now, or of the whole once the socket is destroyed. */
  report(): ClosureReport {
    return reportOf(this.facts())
  }

  facts(): ClosureFacts {
    const { decisive, endedAt } = this.#decided ?? { decisive: this.#decisiveFacts(), endedAt: performance.now() }
    const { side, protocol, closing, evidence } = this
    return factsOf(decisive, {
      side,
      protocol,
      actedAt: this.#actedAt(),
      closing,
      discardedBytes: closing?.discardedBytes ?? 0,
      surplusBytes: evidence.surplusBytes,
      undeliveredBytes: this.#undeliveredBytes,
      alerts: evidence.alerts(),
      endedAt,
    })
  }

  #decisiveFacts(): DecisiveFacts {
    const { evidence, closing } = this
    return decisiveFactsOf({
      handshake: 'completed',
      quiet: this.#quiet || closing?.mode === 'quiet',
      sent: evidence.sent(),
      received: evidence.received(),
      tcp: evidence.tcp,
      actedAt: this.#actedAt(),
      endedBy: closing?.endedBy,
    })
  }

  #actedAt(): number | undefined {
    return firstOf(this.gate.finAt, this.#endedBeneathAt, this.#destroyedAt)
  }

  #watchBeneath(): void {
    const stream = streamBeneath(this.socket)
    if (stream === undefined) return
    if (stream.writableEnded) this.#endedBeneathAt = performance.now()
    connectionsAbove.put(stream, this)
    standInsBeneath(stream, this)
  }

  /** The program ends the stream beneath TLS. */
  endedBeneath(): void {
    this.#endedBeneathAt ??= performance.now()
  }

  #guardWrites(): 'refused' {
    wrapMethod(this.socket, 'write', (previous, args) => {
      if (this.#writes !== 'refused' || (this.#isDraining && isEmptyChunk(args[0]))) return previous(args)
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
    if (pipesPastWrite) this.#guardPipes()
    return 'refused'
  }

  // What a pipe brings behind our alert is dropped: an error would destroy the socket, and nobody else would hear of it.
  #guardPipes(): void {
    wrapMethod(this.socket, '_write', (previous, args) => {
      const [chunk, , callback] = args
      const isLate = this.#writes === 'refused' && !isEmptyChunk(chunk) && this.evidence.hasWrittenCloseNotify()
      if (!isLate || typeof callback !== 'function') return previous(args)
      process.nextTick(() => {
        Reflect.apply(callback, undefined, [])
      })
      return undefined
    })
  }

  // In the callback of the handshake a server's session tickets of TLS 1.3 are still to be written. A bare FIN would
  // overtake them: they would be lost, and over a Duplex Node would abort, for it asserts that nothing follows FIN.
  delayOfFin(): Promise<boolean> | undefined {
    const { ssl } = this
    if (!ssl.alive() || !ssl.getQuietShutdown()) return undefined
    if (!this.mayBeInsideHandshake() && !ssl.insideCallback()) return undefined
    return leaveStack().then(() => !this.socket.destroyed)
  }

  // What is done with it beneath TLS is not seen: startTls() lets none pass once TLS is off.
  #finAsTold(): string {
    return nativeTransport(this.socket) === undefined ? 'FIN goes to the stream beneath' : 'FIN goes'
  }

  // Node calls SSL_shutdown here, and a second time when the first gives 0. Where the closing is ours, or our alert is
  // written already, these calls must find nothing to do: a second SSL_shutdown that meets application data is fatal to
  // the SSL and loses the data. With both flags set OpenSSL returns 1 and touches nothing; afterwards the flags tell
  // the truth again and reading goes on.
  sendFin(request: unknown): unknown {
    const { ssl, gate } = this
    if (isTelling) tell(this.socket, this.closing === undefined ? "ended by Node's own end()" : this.#finAsTold())
    if (!ssl.alive()) return gate.callNode(request)
    this.evidence.observe()
    if (this.closing === undefined && !this.evidence.hasWrittenCloseNotify()) {
      this.#quiet = ssl.getQuietShutdown()
      const status = gate.callNode(request)
      if (ssl.alive()) this.evidence.finGiven()
      return status
    }
    if (this.#alertIsNodes) {
      this.#alertIsNodes = false
      const status = gate.callNode(request)
      if (ssl.alive()) this.evidence.finGiven()
      this.closing?.finGiven()
      return status
    }
    const flags = ssl.getShutdown()
    ssl.setShutdown(bothShutdown)
    try {
      return gate.callNode(request)
    } finally {
      if (ssl.alive()) {
        ssl.setShutdown(flags)
        this.evidence.finGiven()
      }
      this.closing?.finGiven()
    }
  }

  finCompleted(taken: boolean): void {
    this.evidence.finCompleted(taken)
    this.closing?.finCompleted()
  }

  /** Something is on its way to the reader: data, or the end. */
  pushing(previous: Method, args: readonly unknown[]): unknown {
    const { socket } = this
    const [chunk] = args
    if (chunk instanceof Uint8Array) {
      this.hasReadSinceFin ||= this.gate.finAt !== undefined
      return this.closing?.dataCame(chunk.length) === true ? true : Reflect.apply(previous, socket, args)
    }
    if (chunk !== null || this.#streamHasEnded) return Reflect.apply(previous, socket, args)
    this.#streamHasEnded = true
    this.evidence.streamEnded(this.gate.mayHaveLeft)
    if (isTelling) tell(socket, `the peer's stream has ended: received ${this.evidence.received().kind}`)
    this.streamEndHook?.streamEnds()
    const result: unknown = Reflect.apply(previous, socket, args)
    this.closing?.peerEnded()
    return result
  }
}

interface Decided {
  readonly decisive: DecisiveFacts
  readonly endedAt: number
}

/** Is told that the stream ends, before its reader is. */
export interface StreamEndHook {
  streamEnds(): void
}

// Of a stream beneath TLS: the connection on it. The stream may be a TLS socket itself.
const connectionsAbove = slotOn<Connection>(writableStateOf)

const standInsBeneath = standIns(connectionsAbove, {
  end: (connection, previous, args) => {
    connection.endedBeneath()
    return Reflect.apply(previous, streamBeneath(connection.socket), args)
  },
})

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
