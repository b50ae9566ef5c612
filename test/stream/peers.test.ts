// Closings against TLS stacks that we did not write: what the stream reports, and what they say they saw.
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, createServer, type TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { stopAfter } from '../support/peers/child.js'
import { gnutlsClient, gnutlsServer } from '../support/peers/gnutls.js'
import { opensslClient, opensslServer } from '../support/peers/openssl.js'
import { lacks } from '../support/peers/programs.js'
import { pythonClient, pythonServer } from '../support/peers/python.js'
import { once } from '../support/streams.js'
import { libraries, portOf } from './pair.js'

type Library = (typeof libraries)[number]

async function toServer(port: number, version: TlsVersion, { openssl }: Library): Promise<TlsStream> {
  const { cert: ca, host: servername } = certificate
  const range = { minVersion: version, maxVersion: version }
  const local = connect({ port, host: '127.0.0.1', servername, ca, openssl, ...range })
  onTestFinished(() => void local.destroy())
  await once(local, 'secureConnect')
  // A peer that goes without an answer is an error.
  local.on('error', () => undefined)
  return local
}

/** A server that waits for its one client. */
async function forClient(version: TlsVersion, { openssl }: Library) {
  const { key, cert } = certificate
  const server = createServer({ key, cert, openssl, minVersion: version, maxVersion: version, allowHalfOpen: true })
  const accepted = new Promise<TlsStream>((resolve) => {
    server.once('secureConnection', (stream: TlsStream) => {
      stream.on('error', () => undefined)
      resolve(stream)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: portOf(server), accepted }
}

const sides = libraries.flatMap((library) =>
  tlsVersions.flatMap((version) => [
    { name: library.name, library, version, near: 'client' } as const,
    { name: library.name, library, version, near: 'server' } as const,
  ]),
)
const ample = { mode: 'bidirectional', waitTimeout: 30_000 } as const

describe.each(sides)("Python's ssl, $name, $version, our side is the $near", ({ library, version, near }) => {
  async function against(steps: Parameters<typeof pythonServer>[0]['steps']) {
    if (near === 'client') {
      const peer = stopAfter(await pythonServer({ version, steps }))
      return { peer, local: await toServer(peer.port, version, library) }
    }
    const { port, accepted } = await forClient(version, library)
    const peer = stopAfter(pythonClient({ version, port, steps }))
    return { peer, local: await accepted }
  }

  test('our bidirectional closing and its unwrap() meet: clean on both sides', async () => {
    const { peer, local } = await against([{ do: 'read', bytes: 5 }, { do: 'unwrap' }])
    local.resume().write('hello')
    expect(await local.shutdown(ample)).toMatchObject({ verdict: 'clean', endedBy: 'done', side: near })
    expect(await peer.event('unwrap')).toEqual({ event: 'unwrap', ok: true })
  })

  test('it takes our quiet closing for what it is, and our close_notify for an end', async () => {
    const quiet = await against([{ do: 'read-to-end' }])
    quiet.local.resume().write('hello')
    await quiet.local.shutdown({ mode: 'quiet' })
    expect(await quiet.peer.event('end')).toMatchObject({ bytes: 5, how: 'SSLEOFError' })
    const told = await against([{ do: 'read-to-end' }])
    told.local.resume().end('hello')
    expect(await told.peer.event('end')).toMatchObject({ bytes: 5, how: 'close_notify' })
  })

  test('our unwrap() and its own meet, and both go on in the clear', async () => {
    const steps = [
      { do: 'read', bytes: 5 },
      { do: 'unwrap' },
      { do: 'send-text', text: 'in the clear' },
      { do: 'read', bytes: 4 },
    ] as const
    const { peer, local } = await against(steps)
    local.resume().write('hello')
    const raw = await local.unwrap({ waitTimeout: 30_000 })
    expect(await peer.event('unwrap')).toEqual({ event: 'unwrap', ok: true })
    let text = ''
    raw.on('data', (bytes: Buffer) => (text += String(bytes))).resume()
    while (text.length < 12) await once(raw, 'data')
    expect(text).toBe('in the clear')
    raw.end('USER')
    expect(await peer.event('done')).toEqual({ event: 'done' })
  })

  test('an end without an alert is truncation', async () => {
    const { local } = await against([{ do: 'send', bytes: 3 }, { do: 'shutdown-write' }, { do: 'read-to-end' }])
    const failed = new Promise<unknown>((resolve) => local.removeAllListeners('error').once('error', resolve))
    local.resume()
    expect(await failed).toMatchObject({ code: 'ERR_TLS_TRUNCATED', report: { verdict: 'truncated' } })
    expect(local.bytesRead).toBe(3)
  })
})

const alertsOfBoth = [
  { direction: 'received', level: 'warning', name: 'close_notify' },
  { direction: 'sent', level: 'warning', name: 'close_notify' },
] as const

describe.skipIf(lacks('openssl')).each(sides.filter(({ near }) => near === 'client'))(
  'openssl, $name, $version',
  (side) => {
    const { library, version } = side

    test('s_server answers our alert', async () => {
      const peer = stopAfter(await opensslServer({ version }))
      const local = await toServer(peer.port, version, library)
      local.resume().write('hello\n')
      expect(await local.shutdown(ample)).toMatchObject({ verdict: 'clean' })
      await peer.line(/>>>.*close_notify/)
      expect(peer.alerts()).toEqual(alertsOfBoth)
    })

    test('s_client answers our alert', async () => {
      const { port, accepted } = await forClient(version, library)
      const peer = stopAfter(opensslClient({ version, port }))
      const local = await accepted
      local.resume()
      expect(await local.shutdown(ample)).toMatchObject({ verdict: 'clean' })
      await peer.exit
      expect(peer.alerts()).toEqual(alertsOfBoth)
    })

    test('s_client closes first', async () => {
      const { port, accepted } = await forClient(version, library)
      const peer = stopAfter(opensslClient({ version, port }))
      peer.write('hello\n')
      const local = await accepted
      await once(local.resume(), 'data')
      const ended = once(local, 'end')
      peer.write('Q\n')
      await ended
      local.end()
      expect(await local.report).toMatchObject({ received: { kind: 'close_notify' }, began: 'peer', side: 'server' })
      await peer.exit
      expect(peer.alerts()[0]).toMatchObject({ direction: 'sent', name: 'close_notify' })
    })
  },
)

describe.skipIf(lacks('gnutls')).each(sides.filter(({ near }) => near === 'client'))(
  'GnuTLS, $name, $version',
  (side) => {
    const { library, version } = side

    test('gnutls-serv answers our alert', async () => {
      const peer = stopAfter(await gnutlsServer({ version }))
      const local = await toServer(peer.port, version, library)
      local.write('hello\n')
      await once(local, 'data')
      expect(await local.shutdown(ample)).toMatchObject({ verdict: 'clean' })
      await peer.line(/Sending Alert/)
      expect(peer.alerts()).toEqual(alertsOfBoth)
    })

    test('gnutls-cli reads our alert and ends TCP without an answer', async () => {
      const { port, accepted } = await forClient(version, library)
      const peer = stopAfter(gnutlsClient({ version, port }))
      const local = await accepted
      local.resume()
      expect(await local.shutdown(ample)).toMatchObject({
        verdict: 'unanswered',
        endedBy: 'tcp-end',
        tcp: { kind: 'fin' },
      })
      await peer.exit
    })
  },
)
