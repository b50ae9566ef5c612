// An SSL of the engine over a stream: bytes of the peer go in, plaintext comes out, and what OpenSSL writes leaves. It
// knows no Duplex above it and decides nothing about closing: tls-stream.ts is above, engine-side.ts closes.
//
// No byte behind the peer's close_notify is lost. OpenSSL takes from what it is fed a record at a time, header first, and
// takes no more after that alert: what is left in its input then are the last bytes of the chunk that was fed last, for
// every chunk before was used up. Those bytes, and whatever has come since, are the surplus: they go back into the
// transport at once, which is not read any more from there on. Only a context with `readAhead` takes more, as its name
// says: such a one is refused.
import type { Progress } from '../closing/side.js'
import type { ClientHello, ClientHelloAnswer, Ssl, SslResult } from '../openssl/index.js'
import { StreamEvidence } from './evidence.js'
import { RecordBuffers } from './record-buffers.js'
import { Sealer, type SealerListener } from './sealer.js'
import { SslError } from './ssl-error.js'
import { connectionReset, isFailure, isInterrupted, isWaitingForUs, protocolNamed } from './ssl-outcomes.js'
import type { Transport, TransportListener } from './transport.js'

const nothing = Buffer.alloc(0)
// From so many bytes on it costs less to have the plaintext decrypted into memory of its own than to copy it there.
const largeChunk = 8 * 1024

/** Hears of the connection. It may destroy it in any of these calls. */
export interface ConnectionListener {
  /** The handshake stands until answerHello(). */
  helloCame(hello: ClientHello): void
  secured(): void
  data(bytes: Buffer): void
  /** The transport has taken some of what was written. */
  written(): void
  /** Nothing more will come: the peer's close_notify, or `cut`, with the error that was the cause where there was one. */
  readingEnded(how: 'close_notify' | 'cut', cause: Error | undefined): void
  /** The transport has failed, and nothing more would have come anyway. */
  writingFailed(error: Error): void
  /** There will be no connection. */
  handshakeFailed(error: Error): void
  /** The transport is gone, and had not ended. */
  lost(): void
  /** The program asks for the transport's FIN. */
  endAsked(): void
  session(der: Buffer): void
  keylog(line: Buffer): void
}

export class EngineConnection implements TransportListener, SealerListener {
  readonly ssl: Ssl
  readonly transport: Transport
  readonly evidence: StreamEvidence
  readonly sealer: Sealer
  isSecured = false
  isFreed = false
  /** Whether data has come after FIN was given to the transport. */
  hasReadSinceFin = false

  readonly #listener: ConnectionListener
  readonly #buffers: RecordBuffers
  readonly #inbox: Buffer[] = []
  #isReading = false
  // The ClientHello waits for its answer: nothing is given to OpenSSL.
  #isHeld = false
  // OpenSSL is to be asked for more of what it has: at the start, and after a listener of the program's has thrown.
  #isDue = true
  // What OpenSSL was fed last, unless it has taken all of it.
  #chunk: Buffer | undefined
  // How the peer's direction has ended.
  #end: 'close_notify' | 'cut' | undefined
  // Sessions are told of when the peer is verified: TLS 1.2 has them before.
  #sessions: Buffer[] = []

  constructor(ssl: Ssl, transport: Transport, listener: ConnectionListener) {
    this.ssl = ssl
    this.transport = transport
    this.#listener = listener
    this.evidence = new StreamEvidence(ssl.context.side)
    this.#buffers = new RecordBuffers(ssl)
    this.sealer = new Sealer(ssl, this.#buffers, transport, this)
  }

  /** Whether nothing more will come. */
  get hasReadingEnded(): boolean {
    return this.#end !== undefined
  }

  /** Takes the transport, and begins the handshake. */
  start(): void {
    this.transport.attach(this)
    // A transport in memory may answer in the stack of a write, where nobody listens to us yet.
    process.nextTick(() => this.#read())
  }

  received(bytes: Buffer, borrowed?: 'borrowed'): void {
    const isUsedUpAtOnce = !this.hasReadingEnded && !this.#isReading && !this.#isDue && !this.#isHeld
    const own = borrowed === undefined || isUsedUpAtOnce ? bytes : Buffer.from(bytes)
    if (this.hasReadingEnded) {
      this.#cameBehind(own)
      return
    }
    this.#inbox.push(own)
    if (this.#isHeld && lengthOf(this.#inbox) > mostHeld) this.transport.pause()
    try {
      this.#read()
    } finally {
      // A listener of the program's has thrown, or OpenSSL has not taken all of it.
      if (borrowed !== undefined && this.#chunk === bytes) this.#chunk = Buffer.from(bytes)
    }
  }

  ended(isReset: boolean): void {
    if (this.#isDue) this.#read()
    if (this.isFreed || this.evidence.tcp.kind !== 'open') return
    const at = performance.now()
    const cut = isReset ? undefined : this.#cut()
    this.evidence.tcp = isReset
      ? { kind: 'reset', at, code: 'ECONNRESET' }
      : { kind: 'fin', at, ...(cut !== undefined && { cut }) }
    if (this.hasReadingEnded) return
    const error = isReset || !this.isSecured ? connectionReset(this.isSecured) : undefined
    this.#cutOff(error)
  }

  taken(): void {
    if (!this.isFreed) this.#listener.written()
  }

  failed(error: Error): void {
    if (this.isFreed) return
    const code = 'code' in error ? String(error.code) : ''
    if (resetCodes.includes(code) && this.isSecured && this.evidence.tcp.kind !== 'reset') {
      this.evidence.tcp = { kind: 'reset', at: performance.now(), code }
    }
    if (this.hasReadingEnded) this.#listener.writingFailed(error)
    else this.#cutOff(error)
  }

  closed(): void {
    if (this.isFreed) return
    if (this.isSecured || this.hasReadingEnded) this.#listener.lost()
    else this.#cutOff(undefined)
  }

  endAsked(): void {
    this.#listener.endAsked()
  }

  /** Moves OpenSSL's output on, and tells how far all of it has got. */
  flush(): Progress {
    if (this.isFreed) return 'gone'
    const { transport, evidence } = this
    if (transport.isGone) return evidence.alertHasLeft || transport.finTaken ? 'taken' : 'given'
    this.#transmit()
    // The kernel refuses at once what is written behind a RST.
    if (transport.isGone) return 'given'
    if (transport.isQueueing) return 'pending'
    this.#noteLeft()
    return 'taken'
  }

  /** Notes whether our close_notify has left, while that can be told. */
  look(): void {
    const { ssl, transport } = this
    if (!this.isFreed && ssl.outputPending() === 0 && !transport.isQueueing && !transport.isGone) this.#noteLeft()
  }

  /** Writes our close_notify into OpenSSL's output: SSL_shutdown(3), once. */
  writeCloseNotify(): SslResult {
    this.#buffers.use()
    const result = this.ssl.shutdown()
    this.#takeEvents()
    return result
  }

  /** Gives the transport all that waits, and FIN behind it. */
  giveFin(done: () => void): void {
    const { transport, evidence } = this
    this.#transmit()
    if (!transport.isQueueing && !transport.isGone) this.#noteLeft()
    evidence.finAt ??= performance.now()
    evidence.closing?.finGiven()
    transport.end(() => {
      if (transport.finTaken) this.#noteLeft()
      evidence.closing?.finCompleted()
      done()
    })
  }

  /**
   * Answers the ClientHello, and the handshake goes on when the caller is done. It throws where the answer is wrong, and
   * another one may be given then.
   */
  answerHello(answer: ClientHelloAnswer): void {
    this.ssl.answerClientHello(answer)
    process.nextTick(() => {
      this.#isHeld = false
      if (this.isFreed || this.hasReadingEnded) return
      this.#isDue = true
      this.transport.resume()
      this.#read()
    })
  }

  /** Frees OpenSSL's objects. */
  free(): void {
    if (this.isFreed) return
    this.isFreed = true
    this.#buffers.forget()
    this.ssl.free()
    this.#inbox.length = 0
    this.#chunk = undefined
  }

  // A transport in memory may answer in the stack of what we write to it: that waits in the inbox.
  #read(): void {
    if (this.#isReading || this.#isHeld || this.isFreed) return
    this.#isReading = true
    let isDone = false
    try {
      if (this.#isDue) this.#pump(undefined)
      while (!this.isFreed && !this.#isHeld) {
        const chunk = this.#inbox.shift()
        if (chunk === undefined) break
        if (this.hasReadingEnded) this.#cameBehind(chunk)
        else this.#pump(chunk)
      }
      isDone = true
    } finally {
      this.#isReading = false
      this.#isDue = !isDone
      // A listener of the program's has thrown.
      if (!isDone) setImmediate(() => this.#read())
    }
  }

  #pump(chunk: Buffer | undefined): void {
    const { ssl, transport } = this
    if (this.hasReadingEnded) return
    this.#buffers.use()
    if (chunk !== undefined) this.#chunk = chunk
    let input = chunk
    let before = Number.POSITIVE_INFINITY
    for (;;) {
      // Plaintext is at most as long as the records that it comes in.
      const isLarge = this.isSecured && input !== undefined && input.length >= largeChunk
      const into = isLarge ? Buffer.allocUnsafeSlow(input?.length ?? 0) : undefined
      const { result, plaintext, output, events, inputPending } = ssl.pump(input, into)
      input = undefined
      // Views of memory that the next call on any Ssl overwrites, and user code runs from here on.
      const data = plaintext.length === 0 ? undefined : into === undefined ? Buffer.from(plaintext) : plaintext
      if (output.length > 0) transport.write(Buffer.from(output))
      if (events > 0) this.#takeEvents()
      try {
        if (!this.isSecured && !this.isFreed && !ssl.inInit()) this.#secured()
      } finally {
        // Whatever a listener of the program's throws, no data is lost.
        if (data !== undefined && !this.isFreed) this.#deliver(data)
      }
      if (this.isFreed) return
      if (result.value > 0) continue
      if (isInterrupted(result) && inputPending > 0 && inputPending < before) {
        before = inputPending
        continue
      }
      this.#settle(result, inputPending)
      return
    }
  }

  #deliver(data: Buffer): void {
    this.hasReadSinceFin ||= this.evidence.finAt !== undefined
    this.#listener.data(data)
  }

  #secured(): void {
    this.evidence.protocol = protocolNamed(this.ssl.getVersion())
    this.isSecured = true
    this.#listener.secured()
    for (const session of this.#sessions.splice(0)) {
      if (!this.isFreed) this.#listener.session(session)
    }
  }

  // OpenSSL reads no more of what it has.
  #settle(result: SslResult, left: number): void {
    const received = this.evidence.received()
    if (received.kind === 'close_notify' && this.isSecured) {
      const surplus = left > 0 ? (this.#chunk?.subarray(-left) ?? nothing) : nothing
      this.#end = 'close_notify'
      // A copy: it may lie in memory that others read into.
      const isAll = left === 0 && this.#inbox.length === 0
      this.#cameBehind(isAll ? nothing : Buffer.concat([surplus, ...this.#inbox.splice(0)]))
      this.#listener.readingEnded('close_notify', undefined)
    } else if (isWaitingForUs(result)) {
      this.#hold()
    } else if (isFailure(result) || received.kind !== 'nothing') {
      // A close_notify in the handshake is no failure of OpenSSL's.
      this.#cutOff(received.kind === 'close_notify' ? undefined : new SslError(result))
    } else {
      if (left === 0) this.#chunk = undefined
      // A handshake of TLS 1.2 that was under way may have kept a write.
      this.sealer.goOn()
    }
  }

  // The program is asked when nothing of ours runs any more.
  #hold(): void {
    this.#isHeld = true
    const hello = this.ssl.getClientHello()
    process.nextTick(() => {
      if (hello !== undefined && !this.isFreed) this.#listener.helloCame(hello)
    })
  }

  // Behind the peer's close_notify it is the program's, behind a cut nobody's.
  #cameBehind(bytes: Buffer): void {
    if (this.#end !== 'close_notify') return
    this.evidence.surplusBytes += bytes.length
    this.transport.keep(bytes)
  }

  #cutOff(cause: Error | undefined): void {
    if (this.hasReadingEnded) return
    this.#end = 'cut'
    // What still comes is read by nobody, and must not be kept.
    this.transport.pause()
    if (this.isSecured) this.#listener.readingEnded('cut', cause)
    else this.#listener.handshakeFailed(cause ?? connectionReset(false))
  }

  #transmit(): void {
    const bytes = this.ssl.transmit()
    if (bytes.length > 0) this.transport.write(bytes)
  }

  #noteLeft(): void {
    if (this.evidence.hasWrittenCloseNotify()) this.evidence.alertHasLeft = true
  }

  #takeEvents(): void {
    if (this.isFreed) return
    for (const event of this.ssl.takeEvents()) {
      switch (event.type) {
        case 'alert':
          this.evidence.add(event)
          break
        case 'keylog':
          this.#listener.keylog(Buffer.from(`${event.line}\n`))
          break
        case 'new_session':
          if (event.der !== undefined) this.#sessionCame(event.der)
          break
        case 'handshake':
        case 'change_cipher_spec':
      }
    }
  }

  #sessionCame(der: Buffer): void {
    if (this.isSecured) this.#listener.session(der)
    else this.#sessions.push(der)
  }

  // "RB" is inside a record's body; "RH" is at its header, and bytes held back there are a part of one.
  #cut(): 'between-records' | 'inside-header' | 'inside-record' | undefined {
    const { ssl } = this
    const { lacking } = ssl.context.openssl
    if (lacking.includes('SSL_rstate_string') || lacking.includes('SSL_has_pending')) return undefined
    const state = ssl.getRecordState()
    if (state === 'RB') return 'inside-record'
    if (state !== 'RH') return undefined
    return ssl.hasPending() ? 'inside-header' : 'between-records'
  }
}

/** Errors of the system that say that the peer's RST has come. */
const resetCodes: readonly string[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED']

// More than the rest of a flight that a client may send before it is answered; early data is none of ours.
const mostHeld = 64 * 1024

function lengthOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0)
}
