/**
 * A Duplex between TCP and TLS that gives TLS no byte which comes after the peer's close_notify: those stay in the TCP
 * socket, and so does FIN. docs/closure.md shows the same, shorter.
 *
 *     const gate = new Gate(tcp)
 *     const socket = tls.connect({ socket: gate, … })
 *     gate.isTlsOver = () => closureOf(socket).alerts.some(…)
 *     …
 *     gate.release()         TCP is the caller's, whatever TLS does from here on
 */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

const headerLength = 5

export class Gate extends Duplex {
  isTlsOver: () => boolean = () => false

  readonly #tcp: Socket
  // The piece of a record that comes next.
  #piece: { readonly kind: 'header' | 'body'; readonly length: number } = { kind: 'header', length: headerLength }
  #isWanted = false
  #isReleased = false

  constructor(tcp: Socket, allowHalfOpen = true) {
    // No piece is asked for before TLS has read the one before it, and has said whether it was the last.
    super({ allowHalfOpen, readableHighWaterMark: 0 })
    this.#tcp = tcp
    tcp.on('readable', this.#pass).on('end', this.#end).on('error', this.#fail).on('close', this.#fail)
  }

  release(): void {
    this.#isReleased = true
    this.#tcp.off('readable', this.#pass).off('end', this.#end).off('error', this.#fail).off('close', this.#fail)
  }

  override _read(): void {
    this.#isWanted = true
    this.#pass()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#tcp.write(chunk, callback)
  }

  override _final(callback: () => void): void {
    if (this.#isReleased || this.#tcp.destroyed) callback()
    else this.#tcp.end(callback)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.#isReleased) this.#tcp.destroy()
    callback(error)
  }

  readonly #pass = (): void => {
    if (!this.#isWanted || this.isTlsOver()) return
    const bytes: unknown = this.#tcp.read(this.#piece.length)
    if (!Buffer.isBuffer(bytes)) return
    this.#isWanted = false
    const length = this.#piece.kind === 'header' && bytes.length === headerLength ? bytes.readUInt16BE(3) : 0
    this.#piece = length > 0 ? { kind: 'body', length } : { kind: 'header', length: headerLength }
    this.push(bytes)
  }

  readonly #end = (): void => {
    if (!this.isTlsOver()) this.push(null)
  }

  readonly #fail = (error: unknown): void => {
    this.destroy(error instanceof Error ? error : undefined)
  }
}
