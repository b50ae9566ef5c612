/**
 * A second adapter of the closing machine, beside the one for Node's sockets: an end of a connection in memory, with an
 * SSL of the engine and a queue in place of TCP. It proves that the machine knows no socket.
 */
import type { Peer } from '../../lib/closing/peer.js'
import type { AlertReadiness, BegunClosing, ClosingSide, PeerAct, Progress } from '../../lib/closing/side.js'
import type { Ssl } from '../../lib/openssl/index.js'

const fin = 'fin'
type Segment = Uint8Array | typeof fin

export class MemoryEnd implements ClosingSide {
  /** This end's close_notify and FIN, in the order in which they were sent. */
  readonly sent: ('close_notify' | 'fin')[] = []
  far: MemoryEnd | undefined
  /** Whether somebody reads here. */
  isRead = false
  /** Whether the transport beneath takes nothing more. */
  isStalled = false
  #closing: BegunClosing | undefined
  #end: 'alert' | 'tcp-end' | undefined
  #isDestroyed = false
  #gaveFin = false
  #toRead = 0
  readonly #queue: Segment[] = []
  readonly #ssl: Ssl

  constructor(ssl: Ssl) {
    this.#ssl = ssl
  }

  write(bytes: number): void {
    this.#ssl.write(Buffer.alloc(bytes))
    this.flush()
  }

  begin(closing: BegunClosing): void {
    this.#closing = closing
  }

  startDraining(drained: () => void): () => void {
    return drained
  }

  alertReadiness(): AlertReadiness {
    if (this.#isDestroyed || this.#end === 'tcp-end' || this.#hasWrittenAlert()) return 'never'
    return this.#ssl.inInit() ? 'later' : 'ready'
  }

  writeCloseNotify(): void {
    this.#ssl.shutdown()
  }

  closeQuietly(): void {
    // Nothing is to be sent, and this end reads on.
  }

  canCloseAtOnce(): boolean {
    return !this.#isDestroyed && this.#end !== 'tcp-end' && !this.isQueueing()
  }

  flush(): Progress {
    if (this.#isDestroyed) return 'gone'
    if (this.isStalled) return this.#ssl.outputPending() > 0 ? 'pending' : 'taken'
    const bytes = this.#ssl.transmit()
    if (bytes.length > 0) this.#give(bytes)
    if (this.#hasWrittenAlert() && !this.sent.includes('close_notify')) this.sent.push('close_notify')
    return 'taken'
  }

  outputLeft(): number {
    return this.#ssl.outputPending()
  }

  isAllAcknowledged(): boolean {
    return !this.isQueueing()
  }

  isQueueing(): boolean {
    return this.#ssl.outputPending() > 0
  }

  peerEnd(): 'alert' | 'tcp-end' | undefined {
    return this.#end
  }

  peerAct(): PeerAct | undefined {
    return this.#end === 'alert' ? 'close_notify' : this.#end && 'fin'
  }

  peer(): Peer {
    return { side: 'client', host: 'in-memory', address: undefined, port: 1 }
  }

  mayDeliver(): boolean {
    return true
  }

  takeReading(): boolean {
    return false
  }

  startReading(): void {
    this.isRead = true
    this.#read()
  }

  isReaderStalled(): boolean {
    return this.#toRead > 0
  }

  readToEnd(): void {
    this.startReading()
  }

  endTransport(taken: () => void): void {
    this.flush()
    this.#gaveFin = true
    this.#give(fin)
    this.#closing?.finGiven()
    this.#closing?.finCompleted()
    taken()
  }

  leaveTransport(): void {
    // No program asks for FIN here.
  }

  isDestroyed(): boolean {
    return this.#isDestroyed
  }

  destroy(): void {
    if (this.#isDestroyed) return
    this.#closing?.destroyed()
    this.#isDestroyed = true
    if (!this.#gaveFin) this.far?.receive(fin)
  }

  free(): void {
    this.#isDestroyed = true
    this.#ssl.free()
  }

  /** Takes what TCP delivers here, and reads it outside of the sender's stack. */
  receive(segment: Segment): void {
    this.#queue.push(segment)
    setImmediate(() => this.#read())
  }

  #give(segment: Segment): void {
    if (segment === fin) this.sent.push('fin')
    this.far?.receive(segment)
  }

  #read(): void {
    if (this.#isDestroyed || this.#end !== undefined) return
    for (const segment of this.#queue.splice(0)) {
      if (segment === fin) this.#ended('tcp-end')
      else this.#ssl.receive(segment)
    }
    for (let read = this.#ssl.read(); read.error !== 'SSL_ERROR_WANT_READ'; read = this.#ssl.read()) {
      if (read.error === 'SSL_ERROR_ZERO_RETURN') {
        this.#ended('alert')
        return
      }
      if (read.value <= 0) throw new Error(`expected bytes, the end or SSL_ERROR_WANT_READ, but ${read.error} came`)
      if (this.#closing?.dataCame(read.value) !== true && !this.isRead) this.#toRead += read.value
    }
  }

  #ended(end: 'alert' | 'tcp-end'): void {
    this.#end ??= end
    this.#closing?.peerEnded()
  }

  #hasWrittenAlert(): boolean {
    return (this.#ssl.getShutdown() & 1) !== 0
  }
}
