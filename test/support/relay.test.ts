import { connect, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { certificate } from './certificate.js'
import { tlsVersions } from './pair.js'
import { startRelay } from './relay.js'
import { collect, delay, once, readExactly } from './streams.js'

/** Two plain TCP sockets with the relay between them. */
async function plainPair() {
  const listener = createServer({ allowHalfOpen: true })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  const relay = await startRelay({ port: address.port })
  const accepted = new Promise<Socket>((resolve) => listener.once('connection', resolve))
  const client = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true })
  const [server, wire] = await Promise.all([accepted, relay.nextWire()])
  for (const socket of [client, server]) socket.on('error', () => {})
  onTestFinished(async () => {
    client.destroy()
    server.destroy()
    await relay.close()
    listener.close()
  })
  return { client, server, wire }
}

test('FIN passes as FIN, and the other direction stays open', async () => {
  const { client, server, wire } = await plainPair()
  client.end()
  server.resume()
  await once(server, 'end')
  server.write('later')
  expect((await readExactly(client, 5)).toString()).toBe('later')
  server.end()
  await wire.closed
  expect(wire.summary('client')).toEqual(['fin'])
  expect(wire.summary('server')).toEqual(['plaintext 5', 'fin'])
})

test('RST passes as RST', async () => {
  const { client, server, wire } = await plainPair()
  const received = collect(server)
  client.resetAndDestroy()
  expect((await received).error?.code).toBe('ECONNRESET')
  expect(wire.summary('client')).toEqual(['rst'])
})

test('RST right behind data is RST, though Node itself may report an end', async () => {
  for (let round = 0; round < 20; round++) {
    const { client, server, wire } = await plainPair()
    server.resume()
    client.write('data')
    client.resetAndDestroy()
    await wire.seen('client', 'rst')
    expect(wire.summary('client').filter((line) => line === 'fin')).toEqual([])
  }
})

test('a record without its end is a partial record, and two reads have two numbers', async () => {
  const { client, wire } = await plainPair()
  const header = Buffer.from([22, 3, 1, 0, 100])
  client.setNoDelay(true)
  client.write(header)
  await delay(50)
  client.end(Buffer.alloc(10))
  await wire.seen('client', 'fin')
  expect(wire.summary('client')).toEqual(['partial record 15', 'fin'])
  expect(wire.events[0]).toMatchObject({ firstSegment: 0, segment: 1 })
})

test('a server that refuses is an RST to the client', async () => {
  const listener = createServer()
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  await new Promise((resolve) => listener.close(resolve))
  const relay = await startRelay({ port: address.port })
  onTestFinished(relay.close)
  const client = connect({ port: relay.port, host: '127.0.0.1' })
  expect((await collect(client)).error?.code).toBe('ECONNRESET')
})

test.each(tlsVersions)("stock Node's server that ends inside 'secureConnection', %s", async (version) => {
  const { key, cert, host } = certificate
  const server = createTlsServer({ key, cert, minVersion: version, maxVersion: version }, (socket) => {
    socket.resume().end('bye')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  const relay = await startRelay({ port: address.port })
  onTestFinished(async () => {
    await relay.close()
    server.close()
  })
  server.on('keylog', (line: Buffer) => relay.keys.add(line))
  const client = tlsConnect({ port: relay.port, host: '127.0.0.1', ca: cert, servername: host })
  const { bytes, ended } = await collect(client)
  expect({ text: bytes.toString(), ended }).toEqual({ text: 'bye', ended: true })
  const wire = await relay.nextWire()
  // what the wire tells and Node does not: in TLS 1.3 SSL_shutdown fails there, and FIN goes out alone
  const alerts = wire.eventsOf('server').filter(({ kind }) => kind === 'alert')
  const major = Number(process.versions.node.split('.')[0])
  if (major < 26) expect(alerts).toHaveLength(version === 'TLSv1.3' ? 0 : 1)
  expect(wire.summary('server').at(-1)).toBe('fin')
})
