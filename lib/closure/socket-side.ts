// The adapter of the machine that closes (closing/side.ts) for Node's own TLS sockets.
import { errorOf } from '../errors.js'
import type { AlertReadiness, BegunClosing, ClosingSide, PeerAct, Progress } from '../closing/side.js'
import { readinessBit } from '../native/addon.js'
import { peerActOf, peerOf } from './peers.js'
import type { Peer } from '../closing/peer.js'
import type { Connection } from './connection.js'
import type { AtTheGate } from './fin-gate.js'
import { isAcknowledged, outputLeft } from './output-progress.js'
import { leaveAgent, ownerOf, takeReadingFromHttpServer } from './http-internals.js'
import {
  handleOf,
  holdEmptyWrites,
  hostOf,
  isQueueing,
  isReading,
  runCycle,
  serverNameOf,
  startReading,
  streamBeneath,
} from './socket-internals.js'
import { wrapMethod } from './stand-ins.js'
import { sslShutdown } from './ssl-shutdown.js'
import { publishClosing } from './published.js'
import { isTelling, tell } from './story.js'

/**
 * How a socket is made to drain.
 *
 * - `end`: by ending the stream. Node asks for FIN when it has drained, and the gate holds that (fin-gate.ts).
 * - `ended`: the same, where the program has ended the stream already.
 * - `write`: by the callback of an empty write. The stream does not end, and TCP stays open.
 */
export type DrainBy = 'end' | 'ended' | 'write'

/** Our side of a socket's connection, for one way through the closing machine. */
export class SocketSide implements ClosingSide {
  readonly #connection: Connection
  readonly #drainBy: DrainBy

  constructor(connection: Connection, drainBy: DrainBy) {
    this.#connection = connection
    this.#drainBy = drainBy
  }

  begin(closing: BegunClosing): void {
    this.#connection.closing = closing
    publishClosing(this.#connection.socket)
  }

  startDraining(drained: () => void): () => void {
    const connection = this.#connection
    const { socket, gate } = connection
    if (this.#drainBy === 'write') {
      // A program that ends its stream meanwhile would send FIN before our alert.
      if (connection.closing !== undefined) gate.hold({ finArrived: () => 'hold' })
      this.#drainByWrite(drained)
      connection.refuseWrites()
      return () => undefined
    }
    const finArrived = (): AtTheGate => {
      drained()
      return 'hold'
    }
    gate.hold({ finArrived })
    const owner = ownerOf(socket)
    // The gate is closed: from here on ending the stream sends nothing.
    if (owner === 'http-client') leaveAgent(socket)
    return () => {
      // http2 writes beneath the stream: it ends it by itself, after its last frame.
      if (owner === 'http2' || this.#drainBy !== 'end') return
      socket.end()
      connection.refuseWrites()
    }
  }

  alertReadiness(): AlertReadiness {
    const { ssl, evidence } = this.#connection
    // After the peer's FIN the alert still goes: a peer that has ended its side alone reads on, and stock Node sends it.
    if (!ssl.alive() || evidence.tcp.kind === 'reset' || evidence.hasWrittenCloseNotify()) return 'never'
    return ssl.inInit() ? 'later' : 'ready'
  }

  writeCloseNotify(leaves: 'alone' | 'behind-data' | 'with-fin'): void {
    const { socket, ssl, evidence } = this.#connection
    if (isTelling) tell(socket, `writes close_notify ${leaves}`)
    // The last moment at which what went before TLS can be told from the alert.
    evidence.observe()
    // Nagle's algorithm would hold the alert back until the peer has acknowledged the data before it, which a peer with
    // delayed acknowledgements does 40 ms later.
    if (leaves === 'behind-data') socket.setNoDelay(true)
    // With nothing to read Node's own call does the same, and nothing else.
    if (leaves === 'with-fin' && (ssl.readiness() & (readinessBit.input | readinessBit.sent)) === 0) {
      this.#connection.leaveAlertToNode()
      return
    }
    const { value, error, queue } = sslShutdown(ssl)
    if (value >= 0 || evidence.hasWrittenCloseNotify()) return
    throw errorOf({ code: 'ERR_CLOSURE_OPENSSL', call: 'SSL_shutdown', value, error, queue })
  }

  // OpenSSL marks both directions closed; the marks are taken back at once, for with them it would drop what the peer
  // still sends.
  closeQuietly(): void {
    const { socket, ssl } = this.#connection
    if (!ssl.alive()) return
    const handle = handleOf(socket)
    // Node emits an error of OpenSSL's on the socket: the peer's alert about our bare FIN is no news to the program.
    if (handle !== undefined) {
      wrapMethod(handle, 'onerror', (previous, args) => {
        if (!this.#connection.isQuietAnswered()) return previous(args)
        return setImmediate(() => socket.destroy())
      })
    }
    const flags = ssl.getShutdown()
    ssl.setQuietShutdown(true)
    ssl.sslShutdown()
    ssl.setShutdown(flags)
  }

  canCloseAtOnce(): boolean {
    const { socket, ssl, evidence } = this.#connection
    if (evidence.tcp.kind === 'reset') return false
    const { alive, insideCallback, inInit, output } = readinessBit
    // With an empty BIO no write of TLSWrap's is under way, behind which the alert would stay back.
    return (ssl.readiness() & (alive | insideCallback | inInit | output)) === alive && !isQueueing(socket)
  }

  flush(): Progress {
    const { ssl, evidence } = this.#connection
    if (!ssl.alive()) return 'gone'
    if (ssl.outputPending() > 0) runCycle(this.#connection.socket)
    if (!ssl.alive()) return 'gone'
    evidence.observe()
    const progress = evidence.outputProgress()
    // After RST the kernel takes nothing more, whether TCP was given it or not.
    return progress === 'pending' && evidence.tcp.kind === 'reset' ? 'given' : progress
  }

  outputLeft(): number {
    return outputLeft(this.#connection.socket)
  }

  isAllAcknowledged(): boolean {
    return isAcknowledged(this.#connection.socket) === true
  }

  isQueueing(): boolean {
    return isQueueing(this.#connection.socket)
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
    const { socket, side } = this.#connection
    return peerOf(side, socket, [serverNameOf(socket), hostOf(socket), hostOf(streamBeneath(socket))])
  }

  mayDeliver(): boolean {
    const owner = ownerOf(this.#connection.socket)
    return owner !== 'http-server' && owner !== 'http2'
  }

  // http's parser would run requests that come after the response that closed the connection.
  takeReading(): boolean {
    const { socket } = this.#connection
    if (this.#drainBy === 'write' || ownerOf(socket) !== 'http-server') return false
    takeReadingFromHttpServer(socket)
    return true
  }

  startReading(): void {
    const handle = handleOf(this.#connection.socket)
    if (handle !== undefined) startReading(handle)
  }

  isReaderStalled(): boolean {
    const { socket } = this.#connection
    const handle = handleOf(socket)
    return handle !== undefined && (socket.readableLength > 0 || isReading(handle) === false)
  }

  // Without a reader 'end' and 'close' would never come.
  readToEnd(): void {
    const { socket } = this.#connection
    if (socket.readableLength === 0) socket.resume()
  }

  endTransport(taken: () => void): void {
    const { gate, ssl, evidence } = this.#connection
    gate.release(taken)
    // FIN is refused when the peer goes with our alert unread: its RST must not make us doubt what the kernel has taken.
    if (ssl.alive()) evidence.observe()
  }

  leaveTransport(): void {
    const { socket, gate } = this.#connection
    if (!socket.destroyed) gate.release()
  }

  isDestroyed(): boolean {
    return this.#connection.socket.destroyed
  }

  destroy(): void {
    this.#connection.socket.destroy()
  }

  // Corked data goes too.
  #drainByWrite(drained: () => void): void {
    const connection = this.#connection
    const { socket } = connection
    while (socket.writableCorked > 0) socket.uncork()
    const handOn = holdEmptyWrites(socket)
    // An error means that the socket is being destroyed, which the early end tells.
    connection.drainByWrite(() => {
      handOn()
      drained()
    })
  }
}
