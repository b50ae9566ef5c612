// The adapter of the machine that closes (closing/side.ts) for a TLS stream on the engine.
import type { AlertReadiness, BegunClosing, ClosingSide, PeerAct, Progress } from '../closing/side.js'
import type { Peer } from '../closing/peer.js'
import { peerActOf, peerOf } from '../closure/peers.js'
import { hostOf } from '../closure/socket-internals.js'
import { isTelling } from '../closure/story.js'
import { errorOf } from '../errors.js'
import type { EngineConnection } from './connection.js'

/** The stream above the connection, as its closing needs it. */
export interface ClosableStream {
  readonly destroyed: boolean
  readonly readableLength: number
  /** A closing begins, and whoever subscribes is told. */
  closingBegins(): void
  /** Something has happened that NODE_DEBUG tells of. */
  tells(happened: string): void
  /** Stops FIN. `drained` is called once the stream has ended and all that was written has been given to the transport. */
  holdFin(drained: () => void): void
  /** Ends the stream, which leads to the held FIN. */
  endStream(): void
  /** Calls when all that was written before has been given to the transport; nothing is written after it. */
  drainOpen(drained: () => void): void
  /** FIN has gone, or was refused. */
  finGone(): void
  /** The transport stays open; a FIN that was asked for meanwhile goes. */
  leaveOpen(): void
  /** Reads where nobody does. */
  resume(): unknown
  destroy(): unknown
}

/**
 * How a stream is made to drain.
 *
 * - `end`: by ending it; FIN is held.
 * - `ended`: the same, where the program has ended it.
 * - `write`: by the callback of an empty write. TCP stays open.
 */
export type DrainBy = 'end' | 'ended' | 'write'

export class EngineSide implements ClosingSide {
  readonly #connection: EngineConnection
  readonly #stream: ClosableStream
  readonly #drainBy: DrainBy
  readonly #survives: (closing: BegunClosing) => boolean

  /** `survives`: whether the stream outlives that a closing destroys it. */
  constructor(
    connection: EngineConnection,
    stream: ClosableStream,
    drainBy: DrainBy,
    survives: (closing: BegunClosing) => boolean = () => false,
  ) {
    this.#connection = connection
    this.#stream = stream
    this.#drainBy = drainBy
    this.#survives = survives
  }

  begin(closing: BegunClosing): void {
    this.#connection.evidence.closing = closing
    this.#stream.closingBegins()
  }

  startDraining(drained: () => void): () => void {
    if (this.#drainBy === 'write') {
      this.#stream.drainOpen(drained)
      return () => undefined
    }
    this.#stream.holdFin(drained)
    return () => {
      if (this.#drainBy === 'end') this.#stream.endStream()
    }
  }

  alertReadiness(): AlertReadiness {
    const { isFreed, evidence, ssl, transport } = this.#connection
    // After the peer's FIN the alert still goes: a peer that has ended its side alone reads on. Behind our own it cannot.
    if (isFreed || transport.hasFin || evidence.tcp.kind === 'reset' || evidence.sent().kind !== 'nothing')
      return 'never'
    return ssl.inInit() ? 'later' : 'ready'
  }

  writeCloseNotify(leaves: 'alone' | 'behind-data' | 'with-fin'): void {
    const connection = this.#connection
    if (isTelling) this.#stream.tells(`writes close_notify ${leaves}`)
    // Nagle's algorithm would hold the alert back until the peer has acknowledged the data before it.
    if (leaves === 'behind-data') connection.transport.hurry()
    const { value, error, queue } = connection.writeCloseNotify()
    if (value >= 0 || connection.evidence.hasWrittenCloseNotify()) return
    throw errorOf({ code: 'ERR_CLOSURE_OPENSSL', call: 'SSL_shutdown', value, error, queue })
  }

  // Nothing is sent, and nothing of OpenSSL's is to be marked: the stream reads on.
  closeQuietly(): void {}

  canCloseAtOnce(): boolean {
    const { isFreed, evidence, ssl, transport, sealer } = this.#connection
    if (isFreed || evidence.tcp.kind === 'reset' || transport.isGone || sealer.isBusy) return false
    return !ssl.inInit() && ssl.outputPending() === 0 && !transport.isQueueing
  }

  flush(): Progress {
    return this.#connection.flush()
  }

  outputLeft(): number {
    const { transport } = this.#connection
    return transport.stream.writableLength + (transport.unacknowledged() ?? 0)
  }

  isAllAcknowledged(): boolean {
    const { transport } = this.#connection
    return !transport.isQueueing && transport.unacknowledged() === 0
  }

  isQueueing(): boolean {
    return this.#connection.transport.isQueueing
  }

  peerEnd(): 'alert' | 'tcp-end' | undefined {
    const { evidence } = this.#connection
    if (evidence.received().kind !== 'nothing') return 'alert'
    return evidence.tcp.kind === 'open' ? undefined : 'tcp-end'
  }

  peerAct(): PeerAct | undefined {
    return peerActOf(this.#connection.evidence)
  }

  peer(): Peer {
    const { isFreed, ssl, transport, evidence } = this.#connection
    return peerOf(evidence.side, transport.stream, [
      isFreed ? undefined : ssl.getServername(),
      hostOf(transport.stream),
    ])
  }

  mayDeliver(): boolean {
    return true
  }

  takeReading(): boolean {
    return false
  }

  startReading(): void {
    this.#connection.transport.resume()
  }

  isReaderStalled(): boolean {
    return this.#stream.readableLength > 0 || this.#connection.transport.isPaused
  }

  readToEnd(): void {
    if (this.#stream.readableLength === 0) this.#stream.resume()
  }

  endTransport(taken: () => void): void {
    if (isTelling) this.#stream.tells('FIN goes')
    this.#connection.giveFin(() => {
      taken()
      this.#stream.finGone()
    })
  }

  leaveTransport(): void {
    this.#stream.leaveOpen()
  }

  isDestroyed(): boolean {
    return this.#stream.destroyed
  }

  destroy(): void {
    const { closing } = this.#connection.evidence
    if (closing === undefined || !this.#survives(closing)) this.#stream.destroy()
  }
}
