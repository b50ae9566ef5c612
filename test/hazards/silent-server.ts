/** A TCP server that accepts and says nothing: TLS never gets beyond the first flight. */
import { createServer, type Socket } from 'node:net'
import { once } from '../support/streams.js'

export interface SilentServer {
  readonly port: number
  readonly sockets: ReadonlySet<Socket>
  readonly close: () => Promise<void>
}

export async function startSilentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.resume()
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { port: address.port, sockets, close }
}
