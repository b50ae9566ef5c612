// What the program writes: encrypted piece by piece, so that the transport's back-pressure is ours.
import type { Ssl } from '../openssl/index.js'
import { recordHeaderLength } from '../tls/record-format.js'
import { giveMemory, isLarge, pieceSize, takeMemory } from './output-memory.js'
import type { RecordBuffers } from './record-buffers.js'
import { SslError } from './ssl-error.js'
import type { Transport } from './transport.js'

/** Told once that a write has gone to the transport; with an error where it cannot be. */
type Done = (error?: Error | null) => void

// A kernel whose peer reads as fast as we write takes all at once: others have their turn after so many bytes.
const turnSize = 1024 * 1024

/** Hears how the writing goes. */
export interface SealerListener {
  /** The transport has taken some of a write. */
  taken(): void
  failed(error: Error): void
}

interface Job {
  readonly chunks: readonly Uint8Array[]
  readonly done: Done
  index: number
  offset: number
  /** Plaintext of it that the transport has taken, piece by piece. */
  taken: number
}

/** A piece that the transport was given and has not taken as a whole. */
interface Flight {
  readonly job: Job
  readonly bytes: Buffer
  readonly plaintext: number
  /** Whether the write ends with it. */
  readonly isLast: boolean
}

/** Encrypts one write after the other; a second one begins when the first is done. */
export class Sealer {
  readonly #ssl: Ssl
  readonly #buffers: RecordBuffers
  readonly #transport: Transport
  readonly #listener: SealerListener
  #job: Job | undefined
  // In the middle of a handshake of TLS 1.2 OpenSSL writes no data.
  #isKept = false
  #isOver = false
  #flights: Flight[] = []
  // The piece that a full transport has to take before the next one. Nothing is ever written to find out: there are transports
  // that bear no empty write.
  #awaited: Flight | undefined

  constructor(ssl: Ssl, buffers: RecordBuffers, transport: Transport, listener: SealerListener) {
    this.#ssl = ssl
    this.#buffers = buffers
    this.#transport = transport
    this.#listener = listener
  }

  /** Whether a write is under way. */
  get isBusy(): boolean {
    return this.#job !== undefined
  }

  /**
   * Plaintext of the write that is under way whose records the transport, or the kernel beneath a socket, has as a whole;
   * undefined where that cannot be told.
   */
  taken(): number | undefined {
    const landed = this.#job?.taken ?? 0
    const [flight, another] = this.#flights
    if (flight === undefined || flight.plaintext === 0) return landed
    const taken = another === undefined ? this.#transport.takenOf(flight.bytes.length) : undefined
    const within = taken === undefined ? undefined : plaintextWithin(flight, taken)
    return within === undefined ? undefined : landed + within
  }

  write(chunks: readonly Uint8Array[], done: Done): void {
    this.#job = { chunks, done, index: 0, offset: 0, taken: 0 }
    this.#seal()
  }

  /** Takes up a write that OpenSSL could not take before. */
  goOn(): void {
    if (!this.#isKept) return
    this.#isKept = false
    this.#seal()
  }

  /** Nothing more is written; the write that is under way has failed. */
  stop(reason: () => Error): void {
    this.#isOver = true
    this.#flights = []
    const job = this.#job
    this.#job = undefined
    job?.done(reason())
  }

  #seal(): void {
    for (let inThisTurn = 0; ; ) {
      const job = this.#job
      if (job === undefined || this.#isOver) return
      const piece = nextPiece(job)
      if (piece === undefined) {
        this.#complete(job)
        return
      }
      const memory = isLarge(piece.length) ? takeMemory() : undefined
      this.#buffers.use()
      const { value, error, queue, output } = this.#ssl.writeAndTransmit(piece, memory)
      if (value <= 0) {
        const isWaiting = error === 'SSL_ERROR_WANT_READ' || error === 'SSL_ERROR_WANT_WRITE'
        this.#isKept = isWaiting
        this.#send(job, 0, Buffer.from(output), undefined)
        if (!isWaiting) this.#listener.failed(new SslError({ error, queue }))
        return
      }
      advance(job, piece.length)
      // A view of memory that the next call overwrites, where it is not in ours.
      const bytes = memory === undefined ? Buffer.from(output) : output
      this.#awaited = this.#send(job, piece.length, bytes, memory)
      if (this.#awaited !== undefined) return
      inThisTurn += piece.length
      if (inThisTurn < turnSize) continue
      setImmediate(() => {
        if (this.#job === job) this.#seal()
      })
      return
    }
  }

  // The piece that has to be taken first: where the transport is full, or the write ends with it. A socket whose kernel has
  // taken all of it at once is not full, whatever its mark says.
  #send(job: Job, plaintext: number, bytes: Buffer, memory: Buffer | undefined): Flight | undefined {
    const transport = this.#transport
    const isLast = !hasMore(job)
    if (bytes.length === 0) return undefined
    const flight = { job, bytes, plaintext, isLast }
    let isAway = false
    const hasRoom = transport.write(bytes, (error) => {
      if (isAway) return
      isAway = true
      if (error instanceof Error) {
        this.#listener.failed(error)
        return
      }
      if (memory !== undefined && transport.givesMemoryBack) giveMemory(memory)
      this.#taken(flight)
    })
    if (transport.isGone) {
      this.#flights.push(flight)
      return flight
    }
    if (transport.givesMemoryBack && !transport.isQueueing) {
      // The kernel has it. An error that comes later is one of the socket.
      isAway = true
      if (memory !== undefined) giveMemory(memory)
      job.taken += plaintext
      this.#listener.taken()
      return undefined
    }
    this.#flights.push(flight)
    if (transport.isQueueing) return hasRoom && !isLast ? undefined : flight
    this.#land(flight)
    return isLast ? flight : undefined
  }

  #taken(flight: Flight): void {
    this.#land(flight)
    if (flight.job !== this.#job) return
    this.#listener.taken()
    if (flight.isLast) this.#complete(flight.job)
    else if (flight === this.#awaited) this.#seal()
  }

  // The transport has that piece, and what went before.
  #land(flight: Flight): void {
    const index = this.#flights.indexOf(flight)
    for (const { job, plaintext } of this.#flights.splice(0, index + 1)) job.taken += plaintext
  }

  #complete(job: Job): void {
    if (this.#job !== job) return
    this.#job = undefined
    job.done()
  }
}

function hasMore(job: Job): boolean {
  for (; job.index < job.chunks.length; job.index++, job.offset = 0) {
    if (job.offset < (job.chunks[job.index]?.length ?? 0)) return true
  }
  return false
}

// At most a piece of what is still to be written; undefined where nothing is. Short chunks go together, so that they share
// records.
function nextPiece(job: Job): Uint8Array | undefined {
  if (!hasMore(job)) return undefined
  const { chunks, index, offset } = job
  const whole = chunks[index]
  // Most writes are one, and short: a view of it would cost as much as a call of the addon.
  if (chunks.length === 1 && offset === 0 && whole !== undefined && whole.length <= pieceSize) return whole
  const first = whole?.subarray(offset, offset + pieceSize)
  if (first === undefined || first.length === pieceSize || index + 1 === chunks.length) return first
  const parts = [first]
  let length = first.length
  for (let at = index + 1; at < chunks.length && length < pieceSize; at++) {
    const part = chunks[at]?.subarray(0, pieceSize - length)
    if (part === undefined) continue
    parts.push(part)
    length += part.length
  }
  return Buffer.concat(parts, length)
}

function advance(job: Job, length: number): void {
  for (let left = length; left > 0; ) {
    const rest = (job.chunks[job.index]?.length ?? 0) - job.offset
    const part = Math.min(left, rest)
    left -= part
    job.offset += part
    if (part < rest) return
    job.index++
    job.offset = 0
  }
}

// Records hold more plaintext or less, and each is longer than that by the same.
function plaintextWithin({ bytes, plaintext }: Flight, taken: number): number | undefined {
  const lengths: number[] = []
  for (let at = 0; at + recordHeaderLength <= bytes.length; at += lengths.at(-1) ?? 0) {
    lengths.push(recordHeaderLength + bytes.readUInt16BE(at + 3))
  }
  const overhead = (bytes.length - plaintext) / lengths.length
  // Records of other kinds are among them, or a cipher that pads.
  if (!Number.isInteger(overhead)) return undefined
  let end = 0
  let within = 0
  for (const length of lengths) {
    end += length
    if (end > taken) return within
    within += length - overhead
  }
  return within
}
