/**
 * TLS whose ciphertext can be held back, so that exactly so many bytes of it go out before TCP ends.
 *
 *     const held = new HeldTls(tcp, (transport) => new TLSSocket(transport, { isServer: true, … }))
 *     await held.sendCut(cut, 'TLSv1.3')      // the message of `messages.ts`, up to the cut; then FIN or RST
 */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { TlsVersion } from '../../support/pair.js'
import { type Cut, passingBytes, recordsOf, wholeLength } from './messages.js'

export class HeldTls {
  readonly tls: TLSSocket
  readonly tcp: Socket
  readonly #transportEnded: Promise<void>
  // Ciphertext that does not go out by itself.
  #kept: Buffer[] | undefined

  constructor(tcp: Socket, secure: (transport: Duplex) => TLSSocket) {
    this.tcp = tcp
    const transport = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, callback) => {
        if (this.#kept === undefined) tcp.write(chunk)
        else this.#kept.push(chunk)
        callback()
      },
    })
    this.#transportEnded = new Promise((resolve) => transport.once('finish', () => resolve()))
    transport.on('error', () => undefined)
    tcp.on('data', (bytes: Buffer) => transport.push(bytes))
    tcp.on('end', () => transport.push(null))
    // Nothing that happens to the connection is news to the one who cuts it.
    tcp.on('error', () => undefined)
    tcp.once('close', () => transport.destroy())
    this.tls = secure(transport)
    this.tls.on('error', () => undefined)
  }

  /** Encrypts the records and a close_notify, sends what is to pass in one write, and ends TCP. */
  async sendCut(cut: Cut, version: TlsVersion): Promise<void> {
    const kept: Buffer[] = []
    this.#kept = kept
    for (const record of recordsOf(cut)) await this.#write(record)
    this.tls.end()
    await this.#transportEnded
    const held = Buffer.concat(kept)
    const expected = wholeLength(cut, version)
    if (held.length !== expected) {
      this.tcp.destroy()
      throw new Error(`Expected ${expected} bytes of ciphertext but there are ${held.length}`)
    }
    const passing = held.subarray(0, passingBytes(cut, version))
    if (cut.with !== 'rst') this.tcp.end(passing)
    else if (passing.length === 0) this.tcp.resetAndDestroy()
    else this.tcp.write(passing, () => this.tcp.resetAndDestroy())
  }

  #write(record: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.tls.write(record, (error) => {
        if (error instanceof Error) reject(error)
        else resolve()
      })
    })
  }
}
