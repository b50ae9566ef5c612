/** TLS servers of Node's that answer, or do not, for as long as a test runs. */
import tls, { type TLSSocket, type TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'
import { certificate } from '../support/certificate.js'

/** Starts one on a port of its own, on 127.0.0.1. */
export async function listen(options: TlsOptions, onSocket: (socket: TLSSocket) => void): Promise<number> {
  const sockets = new Set<TLSSocket>()
  const { key, cert } = certificate
  const server = tls.createServer({ key, cert, ...options }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    onSocket(socket)
  })
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return address.port
}
