// undeliveredBytes: what the kernel was never given counts, and nothing else.
import type { TLSSocket } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClosureReport, closureOf, controlClosure } from '../../lib/index.js'
import { connected, controlled, modes, stock, tlsServer, until } from '../policy/harness.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { opensslClient } from '../support/peers/openssl.js'
import { lacks } from '../support/peers/programs.js'
import { type Collected, collect, readExactly } from '../support/streams.js'
import { clientOf } from './servers.js'
import { connectSides, sides } from './sides.js'

describe.each(sides)('$version, our side is the $near', (options) => {
  test.each([6, 100_000])(
    'write() and destroy() in one turn, %i bytes: nothing is lost, and the alert goes',
    async (size) => {
      const { local, peer, closure } = await connectSides(options)
      const control = controlClosure(local, { onDestroy: 'close_notify' })
      onTestFinished(() => control.stop())
      const peerReport = closureOf(peer).report
      const came = collect(peer)
      local.write(Buffer.alloc(size))
      local.destroy()
      const { undeliveredBytes, sent } = await closure.report
      const { bytes } = await came
      expect({ came: bytes.length, undeliveredBytes, sent: sent.kind }).toEqual({
        came: size,
        undeliveredBytes: 0,
        sent: 'close_notify',
      })
      expect((await peerReport).received.kind).toBe('close_notify')
    },
  )

  test.each([1, 16_384, 16_385, 1_000_000, 5_000_000])(
    'destroy() while the peer reads nothing, after writes of %i bytes',
    async (size) => {
      const { local, peer, closure, wire, near } = await connectSides(options)
      const before = wire.data(near).length
      wire.stall(near)
      let written = 0
      while (written < 12_000_000) {
        local.write(Buffer.alloc(size === 1 ? 3_000_000 : size))
        written += size === 1 ? 3_000_000 : size
      }
      local.destroy()
      const { undeliveredBytes } = await closure.report
      peer.resume()
      wire.stall(near, false)
      await wire.seen(near, 'fin')
      if (undeliveredBytes !== undefined) {
        expect(wire.data(near).length - before + undeliveredBytes).toBe(written)
      } else expect(size).toBeLessThan(1_000_000)
    },
  )
})

describe.each(sides)('$version, our side is the $near, records shorter than 16 KiB', (options) => {
  test.each([512, 1000, 1024, 8192, 16_383])(
    'setMaxSendFragment(%i), and destroy() while the peer pauses',
    async (most) => {
      const { local, peer, closure, wire, near } = await connectSides(options)
      expect(local.setMaxSendFragment(most)).toBe(true)
      const before = wire.data(near).length
      wire.stall(near)
      const written = 12_000_000
      local.write(Buffer.alloc(written))
      // What was encrypted waits for the kernel by then.
      await sleep(50)
      local.destroy()
      const { undeliveredBytes } = await closure.report
      peer.resume()
      wire.stall(near, false)
      await wire.seen(near, 'fin')
      expect(undeliveredBytes).toBeDefined()
      expect(wire.data(near).length - before + Number(undeliveredBytes)).toBe(written)
    },
  )
})

describe.skipIf(lacks('openssl')).each(tlsVersions)('%s, a client that asks for short records', (version) => {
  // RFC 6066 section 4.
  test.each([512, 4096])('max_fragment_length %i, and destroy() while it pauses', async (most) => {
    const written = 12_000_000
    let report: Promise<ClosureReport> | undefined
    const server = tlsServer(version, (socket) => {
      report = closureOf(socket).report
      // Not in the callback of the handshake, whose output is buffered and cut otherwise.
      setImmediate(() => socket.write(Buffer.alloc(written)))
      setTimeout(() => socket.destroy(), 200)
    })
    const relay = await stock(server)
    opensslClient({ version, port: relay.port, args: ['-quiet', '-maxfraglen', String(most)] })
    const wire = await relay.nextWire()
    await wire.seen('server', 'data')
    wire.stall('server')
    await until(() => report !== undefined)
    const { undeliveredBytes } = await (report ?? Promise.reject(new Error('No report')))
    wire.stall('server', false)
    await wire.seen('server', 'fin')
    expect(undeliveredBytes).toBeDefined()
    expect(wire.data('server').length + Number(undeliveredBytes)).toBe(written)
  })
})

describe.each(tlsVersions)('%s', (version) => {
  const handshakes = ['server', 'client'].flatMap((side) => [true, false].map((resumed) => ({ side, resumed })))
  describe.each(handshakes)('in the callback of the handshake, our side is the $side, resumed: $resumed', (plan) => {
    test.each([1, 1000, 4095, 4096, 16_384, 16_385, 83_066, 300_000])(
      'write() of %i bytes and destroy(): what is reported is what came, or nothing is reported',
      async (size) => {
        let isCounted = false
        const server = tlsServer(version, (socket) => {
          if (isCounted) act('server', socket)
        })
        // Some releases of Node drop the end of the handshake with the data: the peer's handshake fails, and nothing came.
        const nothingCame = () => {
          if (isCounted) came ??= Promise.resolve({ bytes: Buffer.alloc(0) })
        }
        server.on('tlsClientError', nothingCame)
        const { port } = await stock(server)
        const session = await sessionOf(port, version)
        isCounted = true
        let report: Promise<ClosureReport> | undefined
        let came: Promise<Pick<Collected, 'bytes'>> | undefined
        const act = (side: string, socket: TLSSocket) => {
          if (side !== plan.side) {
            came = collect(socket)
            return
          }
          ;({ report } = closureOf(socket))
          socket.write(Buffer.alloc(size))
          socket.destroy()
        }
        const client = clientOf(port, { minVersion: version, maxVersion: version, ...(plan.resumed && { session }) })
        client.on('close', nothingCame).once('secureConnect', () => act('client', client))
        await until(() => report !== undefined && came !== undefined)
        const { undeliveredBytes } = (await report) ?? {}
        const arrived = (await came)?.bytes.length
        if (undeliveredBytes !== undefined) expect((arrived ?? Number.NaN) + undeliveredBytes).toBe(size)
      },
    )
  })

  test.each(modes)("a 'newSession' listener that answers late holds all output: %s waits for it", async (mode) => {
    const server = tlsServer(version, (socket) => socket.resume().end(Buffer.alloc(1000)))
    server.on('newSession', (_id, _data, stored: () => void) => setTimeout(stored, 60))
    const { relay, report } = await controlled(server, { mode })
    const client = await connected(relay.port, version)
    expect((await readExactly(client.resume(), 1000)).length).toBe(1000)
    client.end()
    expect((await report()).undeliveredBytes).toBe(0)
  })
})

test('data that Node called written, and that TLSWrap holds back, counts as undelivered', async () => {
  const server = tlsServer('TLSv1.3', (socket) => {
    socket.resume().write(Buffer.alloc(1000), () => socket.destroy())
  })
  server.on('newSession', (_id, _data, stored: () => void) => setTimeout(stored, 60))
  const { relay, report } = await controlled(server)
  const client = await connected(relay.port, 'TLSv1.3')
  const { bytes } = await collect(client)
  expect(bytes.length + ((await report()).undeliveredBytes ?? Number.NaN)).toBe(1000)
})

/** A session of this server's, from a connection that is closed again. */
async function sessionOf(port: number, version: TlsVersion): Promise<Buffer> {
  const client = clientOf(port, { minVersion: version, maxVersion: version })
  const session = await new Promise<Buffer>((resolve) => client.resume().once('session', resolve))
  client.destroy()
  return session
}
