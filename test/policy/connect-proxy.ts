/** A proxy for CONNECT, plain or by TLS: it pipes both ways and knows nothing of what is inside. */
import http from 'node:http'
import https from 'node:https'
import net, { type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { certificate } from '../support/certificate.js'

/** Starts one for the test, and gives its address. */
export async function connectProxy(scheme: 'http' | 'https'): Promise<string> {
  const { key, cert } = certificate
  const server = scheme === 'https' ? https.createServer({ key, cert }) : http.createServer()
  const open = new Set<Socket | Duplex>()
  server.on('connect', ({ url = '' }: http.IncomingMessage, near: Duplex) => {
    const far = net.connect({ port: Number(url.split(':').at(-1)), host: '127.0.0.1', allowHalfOpen: true }, () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n')
      near.pipe(far).pipe(near)
    })
    near.on('error', () => undefined).on('close', () => far.destroy())
    far.on('error', () => undefined).on('close', () => near.destroy())
    open.add(near).add(far)
  })
  server.on('connection', (socket: Socket) => open.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const one of open) one.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('Expected a TCP address')
  return `${scheme}://localhost:${address.port}`
}
