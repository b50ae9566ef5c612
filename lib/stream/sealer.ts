// What the program writes: encrypted piece by piece, so that the transport's back-pressure is ours.
import type { Ssl } from '../openssl/index.js'
import { recordHeaderLength } from '../tls/record-format.js'
import { SslError } from './ssl-error.js'
import type { Transport } from './transport.js'

/** Told once that a write has gone to the transport; with an error where it cannot be. */
type Done = (error?: Error | null) => void

// Four records: as much as the engine gives in one piece.
const pieceSize = 64 * 1024
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

  constructor(ssl: Ssl, transport: Transport, listener: SealerListener) {
    this.#ssl = ssl
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
    this.#job = { chunks: chunks.filter(({ length }) => length > 0), done, index: 0, offset: 0, taken: 0 }
    this.#seal()
  }

  /** Takes up a write that OpenSSL could not take before. */
  goOn(): void {
    if (!this.#isKept) return
    this.#isKept = false
    this.#seal()
  }

  /** Nothing more is written; the write that is under way has failed. */
  stop(error: Error): void {
    this.#isOver = true
    this.#flights = []
    const job = this.#job
    this.#job = undefined
    job?.done(error)
  }

  #seal(): void {
    let sealed = 0
    let inThisTurn = 0
    for (;;) {
      const job = this.#job
      if (job === undefined || this.#isOver) return
      const piece = nextPiece(job, pieceSize - sealed)
      if (piece === undefined) {
        this.#complete(job)
        return
      }
      const result = this.#ssl.write(piece)
      if (result.value <= 0) {
        const isWaiting = result.error === 'SSL_ERROR_WANT_READ' || result.error === 'SSL_ERROR_WANT_WRITE'
        this.#isKept = isWaiting
        this.#send(job, sealed)
        if (!isWaiting) this.#listener.failed(new SslError(result))
        return
      }
      job.offset += piece.length
      sealed += piece.length
      if (sealed < pieceSize && hasMore(job)) continue
      this.#awaited = this.#send(job, sealed)
      if (this.#awaited !== undefined || !hasMore(job)) return
      inThisTurn += sealed
      sealed = 0
      if (inThisTurn < turnSize) continue
      setImmediate(() => {
        if (this.#job === job) this.#seal()
      })
      return
    }
  }

  // The piece that has to be taken first, where the transport is full. A socket whose kernel has taken all of it at once is
  // not, whatever its mark says.
  #send(job: Job, plaintext: number): Flight | undefined {
    const bytes = this.#ssl.transmit()
    if (bytes.length === 0) return undefined
    const flight = { job, bytes, plaintext, isLast: !hasMore(job) }
    this.#flights.push(flight)
    const hasRoom = this.#transport.write(bytes, (error) => {
      if (error instanceof Error) this.#listener.failed(error)
      else this.#taken(flight)
    })
    if (this.#transport.isGone) return flight
    if (this.#transport.isQueueing) return hasRoom ? undefined : flight
    this.#land(flight)
    return undefined
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
  const chunk = job.chunks[job.index]
  return chunk !== undefined && (job.offset < chunk.length || job.index + 1 < job.chunks.length)
}

// At most that much of what is still to be written; undefined where nothing is.
function nextPiece(job: Job, most: number): Uint8Array | undefined {
  for (let chunk = job.chunks[job.index]; chunk !== undefined; chunk = job.chunks[job.index]) {
    if (job.offset < chunk.length) return chunk.subarray(job.offset, job.offset + most)
    job.index++
    job.offset = 0
  }
  return undefined
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
