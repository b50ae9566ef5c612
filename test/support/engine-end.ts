/**
 * One end of a TLS connection that is made of the engine, over TCP or any other Duplex: it decides what goes into one
 * segment, and goes on in the clear once both close_notify have passed.
 *
 *     const end = new EngineEnd(tcp, { side: 'server', version: 'TLSv1.3' })
 *     await end.until(() => end.data === 'hello')
 *     end.send(end.closeNotify(), 'in the clear')                  in one write
 *     await end.until(() => end.plaintext === 'the answer')
 */
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { loadOpenSSL, type Ssl } from '../../lib/openssl/index.js'
import type { Side } from '../../lib/tls/records.js'
import { certificate } from './certificate.js'
import type { TlsVersion } from './pair.js'
import { once } from './streams.js'

export class EngineEnd {
  readonly stream: Duplex
  /** Application data, decrypted. */
  data = ''
  /** All that came behind the other side's close_notify. */
  plaintext = ''
  /** Whether that close_notify has come. */
  isClosed = false
  /** Whether the stream has ended: FIN. */
  hasEnded = false
  /** Bytes of any kind that came. */
  received = 0
  readonly #ssl: Ssl
  #input = Buffer.alloc(0)

  constructor(stream: Duplex, options: { readonly side: Side; readonly version: TlsVersion }) {
    const { side, version } = options
    const identity = side === 'server' ? { key: certificate.key, cert: certificate.cert } : {}
    const versions = { minVersion: version, maxVersion: version }
    this.stream = stream
    this.#ssl = loadOpenSSL()
      .createContext({ side, ...versions, ...identity })
      .createSsl()
    stream.on('data', (bytes: Buffer) => this.#receive(bytes))
    stream.on('end', () => {
      this.hasEnded = true
      stream.emit('step')
    })
    stream.on('error', () => undefined)
    onTestFinished(() => {
      stream.destroy()
      this.#ssl.free()
    })
    this.#step()
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await once(this.stream, 'step')
  }

  isSecure(): boolean {
    return !this.#ssl.inInit()
  }

  /** The record or records of that data, not sent yet. */
  sealed(data: string | Buffer): Buffer {
    this.#ssl.write(Buffer.from(data))
    return this.#ssl.transmit()
  }

  /** Our close_notify, not sent yet. */
  closeNotify(): Buffer {
    this.#ssl.shutdown()
    return this.#ssl.transmit()
  }

  /** The fatal alert by which we refuse a record that cannot be decrypted, not sent yet. */
  fatalAlert(): Buffer {
    const body = Buffer.alloc(64)
    this.#ssl.receive(Buffer.concat([Buffer.from([23, 3, 3, 0, body.length]), body]))
    this.#ssl.read()
    return this.#ssl.transmit()
  }

  /** A KeyUpdate of TLS 1.3 that asks for one in return, not sent yet. */
  keyUpdate(): Buffer {
    this.#ssl.keyUpdate('update_requested')
    this.#ssl.doHandshake()
    return this.#ssl.transmit()
  }

  /** Sends all of it in one write. */
  send(...parts: readonly (string | Buffer)[]): void {
    const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)))
    if (bytes.length > 0) this.stream.write(bytes)
  }

  // One record at a time: what is behind the close_notify is not TLS's.
  #receive(bytes: Buffer): void {
    this.received += bytes.length
    this.#input = Buffer.concat([this.#input, bytes])
    for (let end = this.#recordEnd(); end > 0 && !this.isClosed; end = this.#recordEnd()) {
      this.#ssl.receive(this.#input.subarray(0, end))
      this.#input = this.#input.subarray(end)
      this.#step()
    }
    if (this.isClosed) {
      this.plaintext += String(this.#input)
      this.#input = Buffer.alloc(0)
    }
    this.stream.emit('step')
  }

  // 0 while the record is not complete.
  #recordEnd(): number {
    const end = this.#input.length < 5 ? Number.POSITIVE_INFINITY : 5 + this.#input.readUInt16BE(3)
    return end <= this.#input.length ? end : 0
  }

  #step(): void {
    if (this.#ssl.inInit()) this.#ssl.doHandshake()
    this.send(this.#ssl.transmit())
    if (this.#ssl.inInit()) return
    for (;;) {
      const { error, data } = this.#ssl.read()
      this.data += String(data)
      this.isClosed ||= error === 'SSL_ERROR_ZERO_RETURN'
      if (data.length === 0) return
    }
  }
}
