/**
 * A recording TCP relay on 127.0.0.1 between a client and a server. Each connection through it is a `Wire`.
 *
 *     const relay = await startRelay({ port: serverPort })
 *     server.on('keylog', (line) => relay.keys.add(line))
 *     const socket = tls.connect({ port: relay.port, … })
 *     const wire = await relay.nextWire()
 *     …
 *     await relay.close()
 *
 * The client's bytes are read once the connection to the server stands. Where that one is refused, the client gets RST.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { OnRecord } from './tampering.js'
import { KeyLog } from '../../lib/tls/keys.js'
import { Wire, type Side } from './wire.js'

export interface RelayOptions {
  /** The server's port on 127.0.0.1. */
  readonly port: number
  /**
   * ms on the way: in both directions, or for what each side sends.
   * @default 0
   */
  readonly delay?: number | Readonly<Partial<Record<Side, number>>>
  /** Makes the relay decrypt, ask and seal each record, see `tampering.ts`. */
  readonly onRecord?: OnRecord
}

export async function startRelay(options: RelayOptions): Promise<Relay> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return new Relay(server, options)
}

export class Relay {
  readonly keys = new KeyLog()
  readonly port: number
  /** Every connection so far, in order. */
  readonly wires: Wire[] = []
  readonly #server: Server
  readonly #options: RelayOptions
  readonly #accepted = new Set<Socket>()
  #waiting: ((wire: Wire) => void)[] = []
  #taken = 0

  constructor(server: Server, options: RelayOptions) {
    this.#server = server
    this.#options = options
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
    this.port = address.port
    server.on('connection', (socket) => this.#accept(socket))
  }

  /** The next connection that this method has not handed out yet. */
  nextWire(): Promise<Wire> {
    const wire = this.wires[this.#taken++]
    if (wire !== undefined) return Promise.resolve(wire)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Ends whatever is still open with RST. */
  readonly close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#accepted) socket.destroy()
    await Promise.all(this.wires.map((wire) => wire.close()))
    await closed
  }

  #accept(toClient: Socket): void {
    this.#accepted.add(toClient)
    const toServer = connect({ port: this.#options.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const refused = () => toClient.resetAndDestroy()
    const gone = () => toServer.destroy()
    toClient.on('error', gone)
    toServer.on('error', refused)
    toClient.once('close', () => this.#accepted.delete(toClient))
    toServer.once('connect', () => {
      toClient.off('error', gone)
      toServer.off('error', refused)
      this.#accepted.delete(toClient)
      const wire = new Wire(toClient, toServer, {
        keys: this.keys,
        delay: bothDelays(this.#options.delay ?? 0),
        onRecord: this.#options.onRecord,
      })
      toClient.resume()
      this.wires.push(wire)
      this.#waiting.shift()?.(wire)
    })
  }
}

function bothDelays(delay: number | Readonly<Partial<Record<Side, number>>>): Record<Side, number> {
  if (typeof delay === 'number') return { client: delay, server: delay }
  return { client: delay.client ?? 0, server: delay.server ?? 0 }
}
