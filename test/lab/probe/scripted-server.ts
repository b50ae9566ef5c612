/** TLS servers whose every step is scripted: the engine's SSL over TCP, one script for all connections. */
import { createServer, type AddressInfo } from 'node:net'
import { Forger } from '../../../lib/lab/wire/forger.js'
import { Wire } from '../../../lib/lab/wire/wire.js'
import { loadOpenSSL, type SslContextOptions } from '../../../lib/openssl/index.js'
import { certificate } from '../../support/certificate.js'

export interface ScriptedConnection {
  readonly wire: Wire
  readonly forger: Forger
  /** Resolves when the request, or our close_notify, or the end of TCP has come. */
  readonly whatComes: () => Promise<void>
  /** Resolves when the client's close_notify has come, or TCP's end. */
  readonly closeNotify: () => Promise<void>
}

export interface ScriptedServer {
  readonly port: number
  readonly connections: number
  close(): Promise<void>
}

const longest = 20_000

/** What the server asks of its clients. */
export type ScriptedOptions = Pick<SslContextOptions, 'verify' | 'ca'>

export async function scriptedServer(
  script: (connection: ScriptedConnection) => Promise<void> | void,
  options: ScriptedOptions = {},
): Promise<ScriptedServer> {
  const context = loadOpenSSL().createContext({
    side: 'server',
    cert: certificate.cert,
    key: certificate.key,
    keylog: true,
    sessionIdContext: 'scripted',
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
    ...options,
  })
  const wires = new Set<Wire>()
  let connections = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections += 1
    const forger = new Forger('server')
    const wire = new Wire(socket, context.createSsl(), { tap: forger })
    wires.add(wire)
    const run = async (): Promise<void> => {
      if (!(await wire.handshake(longest))) return
      const { seen } = wire
      await script({
        wire,
        forger,
        whatComes: async () => {
          await wire.until(() => seen.bytes > 0 || seen.closeNotifyAt !== undefined || wire.isOver, longest)
        },
        closeNotify: async () => {
          await wire.until(() => seen.closeNotifyAt !== undefined || wire.isOver, longest)
        },
      })
    }
    run().catch(() => wire.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: portOf(server.address()),
    get connections() {
      return connections
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const wire of wires) wire.destroy()
      await closed
      context.free()
    },
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}

/** A whole response, whose end it tells itself. */
export function response(body: string): Buffer {
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
