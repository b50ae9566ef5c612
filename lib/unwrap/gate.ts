import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { mayBeRecord, recordHeaderLength } from '../tls/record-format.js'
import type { HeldSocket } from './held-socket.js'

type Done = (error?: Error | null) => void

/** Who sits above a gate: TLS. */
export interface AboveGate {
  /** Whether the peer's close_notify has been decrypted: not one byte more belongs to TLS. */
  hasHeardCloseNotify(): boolean
  /** The net.Socket is gone, with that error. */
  failed(error: Error | undefined): void
}

/**
 * Stands between a net.Socket and Node's TLS, which reads on after the peer's close_notify and drops what it gets. One
 * record at a time goes up, and the next one only once TLS has read that, so that what follows the close_notify is never
 * taken out of the net.Socket at all: it needs no putting back, and its 'end' is still to come there.
 *
 * What is no record goes up as it comes: OpenSSL has to refuse it now, not when as many bytes have come as its third and
 * fourth seem to say.
 */
export class Gate extends Duplex {
  above: AboveGate | undefined

  readonly #held: HeldSocket
  readonly #tcp: Socket
  // Of a record whose rest has not come.
  #header: Buffer | undefined
  #isWanted = false
  #isReleased = false

  constructor(held: HeldSocket) {
    // Its own direction ends when TLS says so. Without a mark nothing is asked for before TLS has read what it was given.
    super({ allowHalfOpen: true, readableHighWaterMark: 0 })
    this.#held = held
    this.#tcp = held.tcp
    this.#tcp.on('readable', this.#pass).on('end', this.#end).on('error', this.#fail).on('close', this.#closed)
  }

  /** From now on whatever becomes of TLS does nothing to the net.Socket. */
  release(): void {
    this.#isReleased = true
    this.#tcp.off('readable', this.#pass).off('end', this.#end).off('error', this.#fail).off('close', this.#closed)
  }

  override _read(): void {
    this.#isWanted = true
    this.#pass()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Done): void {
    this.#held.write(chunk, callback)
  }

  // TLS hands on up to ten pieces at once.
  override _writev(chunks: readonly { readonly chunk: Buffer }[], callback: Done): void {
    this.#tcp.cork()
    chunks.forEach(({ chunk }, index) => {
      this.#held.write(chunk, index === chunks.length - 1 ? callback : undefined)
    })
    this.#tcp.uncork()
  }

  override _final(callback: Done): void {
    if (this.#isReleased || this.#tcp.destroyed) callback()
    else this.#held.end(callback)
  }

  override _destroy(error: Error | null, callback: Done): void {
    // Its error, if it has one, is still to be emitted.
    if (!this.#isReleased) this.#tcp.off('readable', this.#pass).off('end', this.#end).destroy()
    callback(error)
  }

  readonly #pass = (): void => {
    if (!this.#isWanted || this.above?.hasHeardCloseNotify() === true) return
    const bytes = this.#nextRecord()
    if (bytes === undefined) return
    this.#isWanted = false
    this.push(bytes)
  }

  // After the end of TCP what is left of a record: OpenSSL tells where the stream was cut.
  #nextRecord(): Buffer | undefined {
    const header = this.#header ?? this.#take(recordHeaderLength)
    if (header === undefined || header.length < recordHeaderLength) return header
    this.#header = undefined
    if (!mayBeRecord(header)) return joined(header, this.#take())
    const length = header.readUInt16BE(3)
    const body = length === 0 ? undefined : this.#take(length)
    if (length === 0 || body !== undefined) return joined(header, body)
    this.#header = header
    return undefined
  }

  #take(length?: number): Buffer | undefined {
    const bytes: unknown = this.#tcp.read(length)
    return Buffer.isBuffer(bytes) ? bytes : undefined
  }

  readonly #end = (): void => {
    if (this.above?.hasHeardCloseNotify() === true) return
    if (this.#header !== undefined) this.push(this.#header)
    this.#header = undefined
    this.push(null)
  }

  readonly #fail = (error: Error): void => {
    this.above?.failed(error)
  }

  readonly #closed = (): void => {
    this.release()
    this.above?.failed(undefined)
  }
}

function joined(header: Buffer, body: Buffer | undefined): Buffer {
  return body === undefined ? header : Buffer.concat([header, body])
}
