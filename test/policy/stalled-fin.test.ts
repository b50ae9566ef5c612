// The kernel has taken everything that was written, and takes no more: FIN, which has nothing to wait for but its place,
// must not wait for ever.
import { connect, createServer, type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { once } from '../support/streams.js'

const { key, cert, host } = certificate

/** Connections whose clients read nothing. */
async function deafClients() {
  const arrived: ((socket: TLSSocket) => void)[] = []
  const server = createServer({ key, cert }, (socket) => {
    socket.on('error', () => undefined)
    arrived.shift()?.(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  const sockets: TLSSocket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const next = async (): Promise<TLSSocket> => {
    const accepted = new Promise<TLSSocket>((resolve) => arrived.push(resolve))
    const client = connect({ port: address.port, host: '127.0.0.1', ca: cert, servername: host })
    client.on('error', () => undefined)
    // Before any data: what the stream would read ahead is room as well.
    client.once('secureConnect', () => {
      const handle: unknown = Reflect.get(client, '_handle')
      const readStop: unknown =
        typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'readStop') : undefined
      if (typeof readStop === 'function') Reflect.apply(readStop, handle, [])
    })
    const socket = await accepted
    sockets.push(client, socket)
    return socket
  }
  return { server, next }
}

/** Writes until something stays, or so many times; how many times all of it went. */
async function fill(socket: TLSSocket, size: number, atMost: number): Promise<number> {
  for (let count = 0; count < atMost; count++) {
    const went = new Promise<boolean>((resolve) => socket.write(Buffer.alloc(size), () => resolve(true)))
    const stays = new Promise<boolean>((resolve) => setTimeout(resolve, 200, false))
    if (!(await Promise.race([went, stays]))) return count
  }
  return atMost
}

test('a FIN that finds the buffers full is given up when they stay so for the flush budget', async () => {
  const { server, next } = await deafClients()
  const control = controlClosure(server, { flushTimeout: 100 })
  await fill(await next(), 1000, 1e6)
  const probe = await next()
  const large = await fill(probe, 1000, 1e6)
  // The last of them went in part; what is left has less room than an alert needs.
  const room = await next()
  await fill(room, 1000, large)
  const small = await fill(room, 1, 100)

  // How much the kernel takes varies: of these some find no room for FIN, some none for what is before it, some for all.
  for (const fewer of [0, 0, 1, 2]) {
    const socket = await next()
    await fill(socket, 1000, large)
    await fill(socket, 1, small - fewer)
    const ended = new Promise<unknown>((resolve) => {
      socket.once('finish', () => resolve('FIN has gone'))
      control.on('closure', (report, closed) => {
        if (closed === socket) resolve(report)
      })
    })
    socket.end()
    const outcome = await ended
    if (outcome === 'FIN has gone') continue
    expect(outcome).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout' })
  }
})
