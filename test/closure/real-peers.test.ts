// Closings against TLS stacks that we did not write: what we report, and what they say they saw.
import { createServer, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Closure, closureOf } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { stopAfter } from '../support/peers/child.js'
import { gnutlsClient, gnutlsServer } from '../support/peers/gnutls.js'
import { lacks } from '../support/peers/programs.js'
import { opensslClient, opensslServer } from '../support/peers/openssl.js'
import { pythonClient, pythonServer } from '../support/peers/python.js'
import { type Relay, startRelay } from '../support/relay.js'
import { once } from '../support/streams.js'
import { describeEvent, type Side, type Wire } from '../support/wire.js'
import { behindRelay, clientOf } from './servers.js'
import { closeNotify, closeNotifyAndFin, text } from './sides.js'

interface Local {
  readonly local: TLSSocket
  readonly closure: Closure
  readonly wire: Wire
}

async function toServer(port: number, version: TlsVersion): Promise<Local> {
  const relay = await startRelay({ port })
  onTestFinished(relay.close)
  const local = clientOf(relay.port, { minVersion: version, maxVersion: version })
  local.on('keylog', (line: Buffer) => relay.keys.add(line))
  const closure = closureOf(local)
  await once(local, 'secureConnect')
  await new Promise((resolve) => setImmediate(resolve))
  return { local, closure, wire: await relay.nextWire() }
}

/** A server behind a relay that waits for its one client. */
async function forClient(version: TlsVersion): Promise<{ readonly relay: Relay; readonly accepted: Promise<Local> }> {
  const { key, cert } = certificate
  const server = createServer({ key, cert, minVersion: version, maxVersion: version })
  const secured = new Promise<TLSSocket>((resolve) => {
    server.once('secureConnection', (socket) => {
      closureOf(socket)
      socket.on('error', () => undefined)
      setImmediate(() => resolve(socket))
    })
  })
  const relay = await behindRelay(server)
  const accepted = secured.then(async (local) => ({ local, closure: closureOf(local), wire: await relay.nextWire() }))
  return { relay, accepted }
}

function order(wire: Wire): string[] {
  const ends = wire.events.filter((event) => event.kind === 'alert' || event.kind === 'fin')
  return ends.map((event) => `${event.from} ${describeEvent(event)}`)
}

describe.each(
  tlsVersions.flatMap((version) => [{ version, near: 'client' } as const, { version, near: 'server' } as const]),
)("Python's ssl, $version, our side is the $near", ({ version, near }) => {
  const far: Side = near === 'client' ? 'server' : 'client'

  async function against(steps: Parameters<typeof pythonServer>[0]['steps']) {
    if (near === 'client') {
      const peer = stopAfter(await pythonServer({ version, steps }))
      return { peer, ...(await toServer(peer.port, version)) }
    }
    const { relay, accepted } = await forClient(version)
    const peer = stopAfter(pythonClient({ version, port: relay.port, steps }))
    return { peer, ...(await accepted) }
  }

  test('our bidirectional closing and its unwrap() meet: clean on both sides', async () => {
    const { peer, local, closure, wire } = await against([{ do: 'read', bytes: 5 }, { do: 'unwrap' }])
    local.resume().write('hello')
    expect(await closure.shutdown({ mode: 'bidirectional', waitTimeout: 30_000 })).toMatchObject({
      verdict: 'clean',
      endedBy: 'done',
      side: near,
      protocol: version,
    })
    expect(await peer.event('unwrap')).toEqual({ event: 'unwrap', ok: true })
    await wire.seen(near, 'fin')
    const seen = order(wire)
    expect(seen.indexOf(`${far} ${closeNotify}`)).toBeLessThan(seen.indexOf(`${near} fin`))
    expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
  })

  test('a late unwrap() is waited for', async () => {
    const steps = [{ do: 'read-to-end' }, { do: 'wait', ms: 150 }, { do: 'unwrap' }] as const
    const { peer, local, closure, wire } = await against(steps)
    local.resume().write('hello')
    const done = closure.shutdown({ mode: 'bidirectional', waitTimeout: 30_000 })
    expect(await peer.event('end')).toMatchObject({ bytes: 5, how: 'close_notify' })
    expect(wire.closing(near)).toEqual([closeNotify])
    expect(await done).toMatchObject({ verdict: 'clean', endedBy: 'done' })
    expect(await peer.event('unwrap')).toEqual({ event: 'unwrap', ok: true })
  })

  test('a close without unwrap() leaves our alert unanswered', async () => {
    const steps = [{ do: 'read-to-end' }, { do: 'shutdown-write' }, { do: 'wait', ms: 20 }] as const
    const { peer, local, closure, wire } = await against(steps)
    local.resume().write('hello')
    expect(await closure.shutdown({ mode: 'bidirectional', waitTimeout: 30_000 })).toMatchObject({
      verdict: 'unanswered',
      endedBy: 'tcp-end',
      received: { kind: 'nothing' },
      tcp: { kind: 'fin' },
    })
    expect(await peer.event('end')).toMatchObject({ bytes: 5, how: 'close_notify' })
    expect(wire.closing(far)).toEqual(['fin'])
  })

  test('a FIN without unwrap() before ours is truncation, and our close_notify still reaches the peer that reads on', async () => {
    const { peer, local, closure, wire } = await against([
      { do: 'send', bytes: 3 },
      { do: 'shutdown-write' },
      { do: 'read-to-end' },
    ])
    local.allowHalfOpen = true
    local.resume()
    await once(local, 'end')
    expect(await closure.shutdown({ mode: 'bidirectional' })).toMatchObject({
      verdict: 'truncated',
      sent: { kind: 'close_notify' },
      began: 'peer',
    })
    expect(await peer.event('end')).toMatchObject({ bytes: 0, how: 'close_notify' })
    await wire.seen(near, 'fin')
    expect(wire.closing(near)).toEqual(['alert warning close_notify', 'fin'])
  })

  test('it takes our quiet closing for what it is: an end without an alert', async () => {
    const { peer, local, closure } = await against([{ do: 'read-to-end' }])
    local.resume().write('hello')
    expect(await closure.shutdown({ mode: 'quiet' })).toMatchObject({ verdict: 'quiet' })
    expect(await peer.event('end')).toMatchObject({ bytes: 5, how: 'SSLEOFError' })
  })

  test('it reads our closeNotify(), sends on, and unwraps', async () => {
    const { peer, local, closure } = await against([{ do: 'read-to-end' }, { do: 'send', bytes: 7 }, { do: 'unwrap' }])
    const received = text(local)
    local.write('hello')
    await closure.closeNotify()
    expect(await peer.event('end')).toMatchObject({ bytes: 5, how: 'close_notify' })
    expect(await peer.event('unwrap')).toEqual({ event: 'unwrap', ok: true })
    expect(await received).toEqual({ text: 'x'.repeat(7), ended: true })
    expect(await closure.report).toMatchObject({ verdict: 'clean' })
  })

  test('its RST is reported as reset', async () => {
    const { local, closure } = await against([{ do: 'read-to-end' }, { do: 'reset' }])
    local.resume()
    await closure.shutdown({ mode: 'bidirectional', waitTimeout: 30_000 })
    expect(await closure.report).toMatchObject({ verdict: 'reset', sent: { kind: 'close_notify' }, endedBy: 'tcp-end' })
  })
})

const alertsOfBoth = [
  { direction: 'received', level: 'warning', name: 'close_notify' },
  { direction: 'sent', level: 'warning', name: 'close_notify' },
] as const

describe.skipIf(lacks('openssl')).each(tlsVersions)('openssl, %s', (version) => {
  test('s_server answers our alert', async () => {
    const peer = stopAfter(await opensslServer({ version }))
    const { local, closure } = await toServer(peer.port, version)
    local.resume().write('hello\n')
    expect(await closure.shutdown({ mode: 'bidirectional', waitTimeout: 30_000 })).toMatchObject({ verdict: 'clean' })
    await peer.line(/>>>.*close_notify/)
    expect(peer.alerts()).toEqual(alertsOfBoth)
  })

  test('s_server sees the end of a quiet closing, and no alert', async () => {
    const peer = stopAfter(await opensslServer({ version }))
    const { local, closure } = await toServer(peer.port, version)
    local.resume().write('hello\n')
    expect(await closure.shutdown({ mode: 'quiet' })).toMatchObject({ verdict: 'quiet' })
    await peer.line(/CONNECTION CLOSED|ERROR/)
    expect(peer.alerts().filter(({ direction }) => direction === 'received')).toEqual([])
  })

  test('s_client closes first, and our closing answers', async () => {
    const { relay, accepted } = await forClient(version)
    const peer = stopAfter(opensslClient({ version, port: relay.port }))
    peer.write('hello\n')
    const { local, closure, wire } = await accepted
    local.allowHalfOpen = true
    await once(local.resume(), 'data')
    // s_client closes TCP at once: neither its FIN nor its RST, the answer to our alert, may race with our closing.
    wire.hold('client', 'fin')
    wire.hold('server')
    peer.write('Q\n')
    await once(local, 'end')
    await closure.shutdown({ mode: 'bidirectional' })
    await wire.seen('server', 'fin')
    wire.release('client')
    wire.release('server')
    expect(await closure.report).toMatchObject({ verdict: 'clean', began: 'peer', side: 'server' })
    await peer.exit
    expect(wire.closing('server').slice(0, 2)).toEqual(closeNotifyAndFin)
    expect(peer.alerts()[0]).toMatchObject({ direction: 'sent', name: 'close_notify' })
  })

  test('s_client answers our alert', async () => {
    const { relay, accepted } = await forClient(version)
    const peer = stopAfter(opensslClient({ version, port: relay.port }))
    const { local, closure } = await accepted
    local.resume()
    expect(await closure.shutdown({ mode: 'bidirectional', waitTimeout: 30_000 })).toMatchObject({ verdict: 'clean' })
    await peer.exit
    expect(peer.alerts()).toEqual(alertsOfBoth)
  })
})

describe.skipIf(lacks('gnutls')).each(tlsVersions)('GnuTLS, %s', (version) => {
  test('gnutls-serv answers our alert', async () => {
    const peer = stopAfter(await gnutlsServer({ version }))
    const { local, closure, wire } = await toServer(peer.port, version)
    local.resume().write('hello\n')
    await wire.seen('server', 'data')
    expect(await closure.shutdown({ mode: 'bidirectional', waitTimeout: 30_000 })).toMatchObject({ verdict: 'clean' })
    await peer.line(/Sending Alert/)
    expect(peer.alerts()).toEqual(alertsOfBoth)
  })

  test('gnutls-cli closes first, and our closing answers', async () => {
    const { relay, accepted } = await forClient(version)
    const peer = stopAfter(gnutlsClient({ version, port: relay.port }))
    peer.write('hello\n')
    const { local, closure } = await accepted
    local.allowHalfOpen = true
    await once(local.resume(), 'data')
    peer.endInput()
    await once(local, 'end')
    expect(await closure.shutdown({ mode: 'bidirectional' })).toMatchObject({ verdict: 'clean', began: 'peer' })
    await peer.exit
    expect(peer.alerts()).toEqual([...alertsOfBoth].reverse())
  })

  test('gnutls-cli reads our alert and ends TCP without an answer', async () => {
    const { relay, accepted } = await forClient(version)
    const peer = stopAfter(gnutlsClient({ version, port: relay.port }))
    const { local, closure } = await accepted
    local.resume()
    expect(await closure.shutdown({ mode: 'bidirectional', waitTimeout: 30_000 })).toMatchObject({
      verdict: 'unanswered',
      endedBy: 'tcp-end',
      tcp: { kind: 'fin' },
    })
    await peer.exit
    expect(peer.alerts()).toEqual([alertsOfBoth[0]])
  })
})
