/** TLS servers that send what a test tells them, byte for byte, and end TCP with or without a close_notify. */
import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { certificate } from '../../support/certificate.js'
import type { TlsVersion } from '../../support/pair.js'
import { once } from '../../support/streams.js'

/** How the server's side ends: close_notify and FIN, or FIN alone, or RST. */
export type Ending = 'close_notify' | 'fin' | 'rst'

export interface Accepted {
  readonly tls: TLSSocket
  readonly tcp: Socket
}

export interface Scripted {
  readonly port: number
  /** Every connection so far. */
  readonly accepted: readonly Accepted[]
}

export interface Script {
  readonly version: TlsVersion
  /** @default 'http/1.1' */
  readonly protocol?: 'h2' | 'http/1.1'
  /** Called when a request, or whatever the client says, has come; on each connection once per 'data'. */
  readonly onData: (accepted: Accepted, data: Buffer) => void
}

export async function startScripted({ version, protocol = 'http/1.1', onData }: Script): Promise<Scripted> {
  const { key, cert } = certificate
  const secureContext = createSecureContext({ key, cert, minVersion: version, maxVersion: version })
  const sockets: Accepted[] = []
  const server = createServer({ noDelay: true }, (tcp) => {
    const tls = new TLSSocket(tcp, { isServer: true, secureContext, ALPNProtocols: [protocol] })
    const accepted = { tls, tcp }
    sockets.push(accepted)
    tcp.on('error', () => undefined)
    tls.on('error', () => undefined)
    tls.on('data', (data: Buffer) => onData(accepted, data))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  onTestFinished(() => {
    for (const { tls } of sockets) tls.destroy()
    server.close()
  })
  return { port: address.port, accepted: sockets }
}

/** Sends all of it, and ends. */
export function sendAndEnd(accepted: Accepted, payload: string | Buffer, ending: Ending): void {
  if (ending === 'close_notify') accepted.tls.end(payload)
  else accepted.tls.write(payload, () => drop(accepted, ending))
}

/** Ends TCP without an alert. */
export function drop({ tls, tcp }: Accepted, ending: 'fin' | 'rst'): void {
  if (ending === 'fin') tls.destroy()
  else tcp.resetAndDestroy()
}
