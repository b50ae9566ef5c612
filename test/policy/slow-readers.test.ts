// A peer that reads slowly but steadily gets all that was written, and the alert: progress is what its TCP acknowledges.
import tls from 'node:tls'
import { describe, expect, test } from 'vitest'
import { closureOf, controlClosure } from '../../lib/index.js'
import { stopAfter } from '../support/peers/child.js'
import { pythonClient, pythonServer } from '../support/peers/python.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { controlled, get, httpsServer, modes, tlsServer, watch } from './harness.js'

const size = 5 * 1024 * 1024
const rate = 800 * 1024
// libuv hears of room in the kernel's send buffer about once a second here; the peer acknowledges 5 times as often.
const flushTimeout = 600
const waitTimeout = 600

describe.each(tlsVersions)('%s', (version) => {
  // All beside each other, for each takes some seconds.
  test('readers at 800 KB/s get everything: of tls and https servers, in each mode, and of what a client uploads', async () => {
    await Promise.all([...modes.map(readsFromTls), readsFromHttps(), takesUpload()])
  })

  async function readsFromTls(mode: (typeof modes)[number]): Promise<void> {
    const server = tlsServer(version, (socket) => socket.resume().end(Buffer.alloc(size)))
    const { relay, report } = await directly(server, { mode })
    const peer = stopAfter(
      pythonClient({ version, port: relay, steps: [{ do: 'read-to-end', rate }, { do: 'unwrap' }] }),
    )
    const how = mode === 'quiet' ? 'SSLEOFError' : 'close_notify'
    expect(await peer.event('end')).toMatchObject({ bytes: size, how })
    const { undeliveredBytes, endedBy = '' } = await report()
    expect(undeliveredBytes).toBe(0)
    expect(['done', 'tcp-end']).toContain(endedBy)
  }

  async function readsFromHttps(): Promise<void> {
    const server = httpsServer(version, (_request, response) => {
      response.setHeader('Connection', 'close')
      response.end(Buffer.alloc(size))
    })
    const { relay, report } = await directly(server, { mode: 'unidirectional' })
    const steps = [
      { do: 'send-text', text: get('/') },
      { do: 'read-to-end', rate },
    ] as const
    const end = await stopAfter(pythonClient({ version, port: relay, steps })).event('end')
    expect(end).toMatchObject({ how: 'close_notify' })
    expect(Reflect.get(Object(end), 'bytes')).toBeGreaterThan(size)
    expect(await report()).toMatchObject({ sent: { kind: 'close_notify' }, undeliveredBytes: 0 })
  }

  async function takesUpload(): Promise<void> {
    const peer = stopAfter(await pythonServer({ version, steps: [{ do: 'read-to-end', rate }, { do: 'unwrap' }] }))
    const { cert: ca, host: servername } = certificate
    const client = tls.connect({ port: peer.port, host: '127.0.0.1', ca, servername })
    const { report } = watch(controlClosure(client, { mode: 'bidirectional', flushTimeout, waitTimeout }))
    client.on('error', () => undefined)
    client.resume().end(Buffer.alloc(size))
    expect(await peer.event('end')).toMatchObject({ bytes: size, how: 'close_notify' })
    expect(await report()).toMatchObject({ verdict: 'clean', undeliveredBytes: 0 })
  }

  test('a reader that stops is given up, and what it cannot have is counted', async () => {
    const server = tlsServer(version, (socket) => socket.resume().end(Buffer.alloc(64 * 1024 * 1024)))
    const { relay, report } = await directly(server, { mode: 'unidirectional' })
    stopAfter(pythonClient({ version, port: relay, steps: [{ do: 'silent' }] }))
    const { endedBy, verdict, undeliveredBytes = 0 } = await report()
    expect({ endedBy, verdict }).toEqual({ endedBy: 'flush-timeout', verdict: 'timed-out' })
    expect(undeliveredBytes).toBeGreaterThan(32 * 1024 * 1024)
  })
})

// Without the relay, which would read as fast as it can.
async function directly(server: tls.Server, policy: { readonly mode: (typeof modes)[number] }) {
  const { report } = await controlled(server, { ...policy, flushTimeout, waitTimeout })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  server.on('secureConnection', (socket) => closureOf(socket))
  return { relay: address.port, report }
}
