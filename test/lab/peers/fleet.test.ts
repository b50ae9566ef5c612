import { connect as connectTcp, createServer, type AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { connectAs } from '../../../lib/lab/peers/connect.js'
import { type Fleet, type FleetOptions, startFleet } from '../../../lib/lab/peers/fleet.js'
import { serverProfileNames } from '../../../lib/lab/peers/profiles.js'
import { once } from '../../support/streams.js'

async function fleetOf(options?: FleetOptions): Promise<Fleet> {
  const fleet = await startFleet(options)
  onTestFinished(() => fleet.close())
  return fleet
}

describe('a fleet', () => {
  test('has every profile, each on a port of its own', async () => {
    const { peers } = await fleetOf()
    expect(peers.map(({ profile }) => profile.name)).toEqual(serverProfileNames)
    expect(new Set(peers.map(({ port }) => port)).size).toBe(peers.length)
  })

  test('leaves out the profiles that are not for the version asked for', async () => {
    const { peers } = await fleetOf({ peer: { versions: ['TLSv1.3'] } })
    const names = peers.map(({ profile }) => profile.name)
    expect(names).toContain('key-update-while-closing')
    expect(names).not.toContain('fragmented-close-notify')
  })

  test('has ports that follow each other, and is closed again where one of them is taken', async () => {
    const [first, blocked] = await twoPortsInARow()
    const options: FleetOptions = { profiles: ['polite', 'silent'], peer: { port: first } }
    await expect(startFleet(options)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await blocked()
    const { peers } = await fleetOf(options)
    expect(peers.map(({ port }) => port)).toEqual([first, first + 1])
  })

  test('on one port plays the profile that is asked for by name, with its certificate', async () => {
    const { peers } = await fleetOf({ sni: true, profiles: ['drops', 'answers', 'bare-fin'] })
    const [drops, answers] = peers
    const [{ port, ca }] = [drops ?? expect.fail()]
    expect(peers.map((peer) => peer.port)).toEqual([port, port, port])
    const asked = async (servername: string) =>
      await connectAs('waits', { port, servername, ca, versions: ['TLSv1.3'] })
    expect((await asked('drops.localhost')).other.closing).toBe('fin')
    expect((await asked('ANSWERS.localhost')).other.closing).toBe('close_notify+fin')
    await vi.waitFor(() => expect([drops?.log.length, answers?.log.length]).toEqual([1, 1]))
    expect(answers?.log).toMatchObject([{ profile: 'answers', other: { closing: 'close_notify+fin' } }])
  })

  test.each(['nobody.localhost', 'localhost', undefined])('on one port refuses %s by its alert', async (servername) => {
    const { peers } = await fleetOf({ sni: true })
    const options = servername === undefined ? {} : { servername }
    const entry = await connectAs('firefox', { port: peers[0]?.port ?? 0, ...options })
    expect(entry.handshake).toEqual({ kind: 'failed', reason: 'alert:unrecognized_name' })
    expect(peers.flatMap(({ log }) => log)).toEqual([])
  })

  test('on one port takes a ClientHello that comes byte by byte, and outlives what is none', async () => {
    const { peers } = await fleetOf({ sni: true, peer: { timeout: 5000 } })
    const port = peers[0]?.port ?? 0
    for (const bytes of ['', '16', '160301000501000001ff', 'ff'.repeat(100), '16030140000100ffff']) {
      const socket = connectTcp({ port, host: '127.0.0.1' })
      socket.on('error', () => {})
      socket.resume()
      socket.end(Buffer.from(bytes, 'hex'))
      await once(socket, 'close')
    }
    const relay = createServer((socket) => {
      const server = connectTcp({ port, host: '127.0.0.1', noDelay: true })
      socket.on('error', () => server.destroy()).on('close', () => server.destroy())
      server.on('error', () => socket.destroy()).pipe(socket)
      socket.on('data', (chunk: Buffer) => {
        for (const byte of chunk) server.write(Buffer.from([byte]))
      })
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void relay.close())
    await once(relay, 'listening')
    const options = { port: portOf(relay.address()), servername: 'answers.localhost' }
    expect(await connectAs('firefox', options)).toMatchObject({ judgement: { verdict: 'accepted' } })
  })

  test('closes all at once, also a client that has not said whom it asks for', async () => {
    const { peers, close } = await startFleet({ sni: true, peer: { timeout: 600_000 } })
    const socket = connectTcp({ port: peers[0]?.port ?? 0, host: '127.0.0.1' })
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.resume()
    const gone = once(socket, 'close')
    await close()
    await gone
    await close()
  })

  test.each([{ profiles: [] }, { profiles: ['firefox'] }, { sni: 1 }, { peer: 'x' }, { nonsense: 1 }])(
    'refuses %j',
    async (options) => {
      await expect(Reflect.apply(startFleet, undefined, [options])).rejects.toMatchObject({
        code: 'ERR_CLOSURE_INVALID_ARGUMENT',
      })
    },
  )
})

/** A free port before one that is taken until the function is called. */
async function twoPortsInARow(): Promise<readonly [number, () => Promise<void>]> {
  for (;;) {
    const first = createServer().listen(0, '127.0.0.1')
    await once(first, 'listening')
    const port = portOf(first.address())
    const second = createServer().listen(port + 1, '127.0.0.1')
    const isTaken = await once(second, 'listening').then(
      () => true,
      () => false,
    )
    await new Promise((resolve) => first.close(resolve))
    if (isTaken) return [port, () => new Promise((resolve) => void second.close(() => resolve()))]
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}
