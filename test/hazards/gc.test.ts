import { once as onceEvent } from 'node:events'
import { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, createServer, TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Closure, type ClosureReport, closureOf, controlClosure } from '../../lib/index.js'
import { trackingCounts } from '../../lib/native/addon.js'
import { certificate } from '../support/certificate.js'
import { collected, collectGarbage, settled } from '../support/garbage.js'
import { connectPair, type TlsVersion, tlsVersions } from '../support/pair.js'

// The first connection of a process makes things that stay.
beforeAll(async () => {
  await closedPair('TLSv1.3', (closure) => closure.shutdown())
  await settled(() => trackingCounts().live === 0)
})

describe.each(tlsVersions)('garbage collection, %s', (version) => {
  test('a report that is kept does not keep its socket, closure or SSL', async () => {
    const start = trackingCounts().live
    const { report, socket, closure } = await closedPair(version, (closure) => closure.shutdown())
    await collected(socket)
    await collected(closure)
    expect(await report).toMatchObject({ verdict: 'half-closed' })
    expect(trackingCounts().live).toBe(start)
  })

  test('a closure that is kept does not keep the SSL: flags and alerts stay readable without it', async () => {
    const start = trackingCounts().live
    const kept: Closure[] = []
    await closedPair(version, (closure) => {
      kept.push(closure)
      return closure.shutdown()
    })
    await settled(() => trackingCounts().live === start)
    expect(kept[0]?.getShutdown()).toBe(1)
    expect(kept[0]?.alerts).toMatchObject([{ direction: 'sent', name: 'close_notify' }])
  })

  test.each(['quiet', 'unidirectional', 'bidirectional'] as const)(
    'the closures and sockets of closed connections are all collected: %s',
    async (mode) => {
      const start = trackingCounts()
      let left = 0
      const registry = new FinalizationRegistry(() => left--)
      for (let i = 0; i < 25; i++) {
        left += 2
        await closedPair(version, (closure) => {
          registry.register(closure, undefined)
          registry.register(closure.socket, undefined)
          return closure.shutdown({ mode })
        })
      }
      await settled(() => left === 0)
      expect(trackingCounts()).toEqual(start)
    },
  )

  test('what the addon keeps of an SSL is given back: sockets that close, that nobody closes, and cut handshakes', async () => {
    const start = trackingCounts()
    for (let i = 0; i < 20; i++) {
      await closedPair(version, (closure) => closure.shutdown())
      await underPolicies(version)
      await dropUnclosed(version)
    }
    await settled(() => trackingCounts().held === 0 && trackingCounts().live === start.live)
  })

  test('a closing that nobody holds runs to its end', async () => {
    const pair = await connectPair({ version })
    pair.server.resume()
    pair.client.resume()
    const closed = onceEvent(pair.client, 'close')
    void closureOf(pair.client).shutdown({ mode: 'bidirectional' })
    for (let i = 0; i < 20; i++) {
      collectGarbage()
      await sleep(1)
    }
    await closed
    expect(pair.wire.closing('client')).toEqual(['alert warning close_notify', 'fin'])
    await pair.close()
  })
})

test('sockets that are dropped in mid-handshake take their closures and SSLs with them', async () => {
  const start = trackingCounts().live
  const sockets = dropUnfinished(50)
  expect(trackingCounts().live).toBe(start + 50)
  for (const socket of sockets) await collected(socket)
  await settled(() => trackingCounts().live === start)
})

function dropUnfinished(count: number): WeakRef<TLSSocket>[] {
  return Array.from({ length: count }, () => {
    const socket = new TLSSocket(new Duplex({ read: () => undefined, write: () => undefined }), {})
    closureOf(socket)
    return new WeakRef(socket)
  })
}

/** A server and a client under policies: a connection that closes, and handshakes that the peer cuts off or garbles. */
async function underPolicies(version: TlsVersion): Promise<void> {
  const server = createServer({ ...certificate, maxVersion: version, minVersion: version }, (socket) => socket.end())
  const controls = [controlClosure(server, { mode: 'bidirectional' })]
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const client = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  controls.push(controlClosure(client, { mode: 'bidirectional' }))
  client.resume()
  await onceEvent(client, 'close')
  for (const cut of ['', 'garbage'.repeat(10)]) {
    const raw = connectTcp(port, '127.0.0.1', () => raw.end(cut))
    raw.resume().on('error', () => undefined)
    await new Promise<void>((resolve) => raw.once('close', () => resolve()))
  }
  await new Promise((resolve) => server.close(resolve))
  for (const control of controls) control.stop()
}

/** Two sockets over streams of JavaScript that nobody ever closes. */
async function dropUnclosed(version: TlsVersion): Promise<void> {
  const [atClient, atServer] = duplexPair()
  const server = new TLSSocket(atServer, { isServer: true, ...certificate, maxVersion: version, minVersion: version })
  const client = connectTls({ socket: atClient, rejectUnauthorized: false })
  closureOf(server)
  closureOf(client)
  await Promise.all([onceEvent(server, 'secure'), onceEvent(client, 'secureConnect')])
}

function duplexPair(): [Duplex, Duplex] {
  const make = (other: () => Duplex) =>
    new Duplex({
      read: () => undefined,
      write: (bytes, _encoding, done) => {
        other().push(bytes)
        done()
      },
    })
  const first: Duplex = make(() => second)
  const second: Duplex = make(() => first)
  return [first, second]
}

interface Remains {
  readonly report: Promise<ClosureReport>
  readonly socket: WeakRef<TLSSocket>
  readonly closure: WeakRef<Closure>
}

/** Makes a connection, closes it in that way, and gives what does not keep it. */
async function closedPair(version: TlsVersion, close: (closure: Closure) => Promise<unknown>): Promise<Remains> {
  const pair = await connectPair({ version })
  const closure = closureOf(pair.client)
  pair.server.resume()
  await close(closure)
  await pair.close()
  return { report: closure.report, socket: new WeakRef(pair.client), closure: new WeakRef(closure) }
}
