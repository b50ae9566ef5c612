/** Servers of Node's behind a recording relay, and stock TLS clients of them. */
import type { Server } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { certificate } from '../support/certificate.js'
import type { ClientOptions } from '../support/pair.js'
import { type Relay, type RelayOptions, startRelay } from '../support/relay.js'
import { once } from '../support/streams.js'

/** Listens on 127.0.0.1 until the test is over; returns the port. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}

/** Puts a relay before a server that is to listen. The server gives the keys. */
export async function behindRelay(server: Server, options: Omit<RelayOptions, 'port'> = {}): Promise<Relay> {
  server.on('keylog', (line: Buffer) => relay.keys.add(line))
  const relay = await startRelay({ port: await listen(server), ...options })
  onTestFinished(relay.close)
  return relay
}

export function clientOf(port: number, options: ClientOptions & ConnectionOptions): TLSSocket {
  const { cert: ca, host: servername } = certificate
  const connection: ClientOptions = { port, host: '127.0.0.1', ca, servername, ...options }
  const client = connect(connection)
  client.on('error', () => undefined)
  onTestFinished(() => void client.destroy())
  return client
}
