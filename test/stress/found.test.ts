/** Faults that random closings under policies have found, each in its smallest form. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { type AddressInfo, connect as connectTcp, type Server } from 'node:net'
import tls from 'node:tls'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { certificate, key } from '../../benchmarks/support/certificate.js'
import { controlClosure } from '../../lib/index.js'

const credentials = { key, cert: certificate }

test('a transport that is destroyed beneath TLS in the middle of a closing', async () => {
  const port = await listening(tls.createServer(credentials, (socket) => socket.on('error', ignore).resume()))
  for (let turns = 0; turns < 12; turns++) {
    const raw = connectTcp(port, '127.0.0.1').on('error', ignore)
    const socket = tls.connect({ socket: raw, ca: certificate, servername: 'localhost' }).on('error', ignore)
    const control = controlClosure(socket, { mode: 'bidirectional' })
    await once(socket, 'secureConnect')
    // Out of SSL_read, where destroying the transport crashes Node by itself.
    await sleep(5)
    const closed = once(control, 'closure')
    socket.end('data')
    for (let i = 0; i < turns; i++) await turn()
    raw.resetAndDestroy()
    await closed
    expect(control.connections).toBe(0)
  }
})

test('destroy() inside of the first of many data events, with an alert first', async () => {
  const server = tls.createServer(credentials, (socket) => {
    socket.on('error', ignore)
    // Several records, which TLSWrap decrypts in one go.
    socket.write(Buffer.alloc(60_000))
  })
  const socket = tls.connect({ port: await listening(server), ca: certificate, servername: 'localhost' })
  const control = controlClosure(socket, { onDestroy: 'close_notify' })
  let received = 0
  socket.on('data', () => {
    received++
    socket.destroy()
  })
  const closure: unknown[] = await once(control, 'closure')
  expect(closure[0]).toMatchObject({ sent: { kind: 'close_notify' } })
  expect(received).toBe(1)
})

test('no handler for what follows Connection: close, where the policy is on the socket alone', async () => {
  const handled: (string | undefined)[] = []
  const server = https.createServer(credentials, (request, response) => {
    handled.push(request.url)
    response.setHeader('connection', 'close')
    response.end('answer')
  })
  server.on('secureConnection', (socket) => {
    controlClosure(socket, { mode: 'bidirectional' })
  })
  const socket = tls.connect({ port: await listening(server), ca: certificate, servername: 'localhost' })
  socket.write('GET /first HTTP/1.1\r\nHost: localhost\r\n\r\nGET /second HTTP/1.1\r\nHost: localhost\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  expect(handled).toEqual(['/first'])
})

test('a response that was cut stays incomplete when its socket has closed', async () => {
  const server = tls.createServer(credentials, (socket) => {
    socket.on('error', ignore)
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nhalf', () => socket.destroy()))
  })
  const agent = new https.Agent({ ca: certificate, servername: 'localhost' })
  controlClosure(agent, { onTruncation: 'error' })
  const request = https.get({ agent, port: await listening(server) })
  request.on('error', ignore)
  const response = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve))
  const failed = new Promise((resolve) => response.once('error', resolve))
  response.resume()
  await expect(failed).resolves.toMatchObject({ code: 'ERR_TLS_TRUNCATED' })
  await sleep(50)
  expect(response.complete).toBe(false)
})

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return portOf(server.address())
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}

function ignore(): void {
  // The other side's end is what these tests are about.
}
