// What the recorders count, held against literal lines: each way that leads to a report, and each number of the table.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureChannel, closureOf, type ClosureReport, controlClosure } from '../../lib/index.js'
import { isPublished } from '../../lib/metrics/measurements.js'
import { connected, controlled, tlsServer, until } from '../policy/harness.js'
import { closeNotify, connectSides } from '../closure/sides.js'
import { connectStreams, streamSides } from '../stream/pair.js'
import { connectPair, tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { startedSides, unwrappedOnce } from '../unwrap/started.js'
import { bothRecorders } from './recorders.js'

/** The reports that are published from now on. */
function published(): readonly ClosureReport[] {
  const reports: ClosureReport[] = []
  const hear = (message: unknown) => {
    if (isPublished(message)) reports.push(message.report)
  }
  subscribe(closureChannel, hear)
  onTestFinished(() => {
    unsubscribe(closureChannel, hear)
  })
  return reports
}

function both(...lines: readonly string[]): { prometheus: readonly string[]; openTelemetry: readonly string[] } {
  const sorted = [...lines].sort()
  return { prometheus: sorted, openTelemetry: sorted }
}

describe('each connection is counted once', () => {
  test('under a policy on each side, with closureOf() beside it', async () => {
    const counted = bothRecorders()
    const { client, server, close } = await connectPair({ version: 'TLSv1.3' })
    onTestFinished(close)
    controlClosure(client, { mode: 'bidirectional' })
    controlClosure(server)
    const reports = [closureOf(client).report, closureOf(server).report]
    client.resume().end()
    server.resume()
    expect((await Promise.all(reports)).map(({ verdict }) => verdict)).toEqual(['clean', 'clean'])
    expect(await counted()).toEqual(
      both(
        'closures began=local mode=bidirectional side=client verdict=clean 1',
        'closures began=peer mode=unidirectional side=server verdict=clean 1',
        'wait answered=true side=client 1',
      ),
    )
  })

  test('by closureOf() without a policy; a socket that nobody has asked about is not counted', async () => {
    const counted = bothRecorders()
    const { client, server, close } = await connectPair({ version: 'TLSv1.2' })
    onTestFinished(close)
    const { report } = closureOf(client)
    client.resume().end()
    server.resume()
    expect(await report).toMatchObject({ verdict: 'clean' })
    expect(await counted()).toEqual(both('closures began=local mode=uncontrolled side=client verdict=clean 1'))
  })

  test('a TlsStream, with shutdown()', async () => {
    const [sides] = streamSides
    if (sides === undefined) throw new Error('expected a library')
    const counted = bothRecorders()
    const { local, peer } = await connectStreams(sides)
    peer.resume()
    local.resume()
    await local.shutdown({ mode: 'bidirectional' })
    expect(await local.report).toMatchObject({ verdict: 'clean' })
    expect(await counted()).toEqual(
      both('closures began=local mode=bidirectional side=client verdict=clean 1', 'wait answered=true side=client 1'),
    )
  })

  test.each(startedSides)('startTls() and its unwrap(): $version, $near', async (side) => {
    const counted = bothRecorders()
    const { socket } = await unwrappedOnce(side)
    await until(() => socket.closed)
    const { prometheus, openTelemetry } = await counted()
    // The answer may be there before the wait would begin.
    const withoutWait = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('wait '))
    expect({ prometheus: withoutWait(prometheus), openTelemetry: withoutWait(openTelemetry) }).toEqual(
      both(`closures began=local mode=bidirectional side=${side.near} verdict=clean 1`),
    )
  })

  test('one that fails in its handshake', async () => {
    const counted = bothRecorders()
    const { relay, report } = await controlled(tlsServer('TLSv1.3', () => undefined))
    const client = connect(relay.port, '127.0.0.1')
    client.on('error', () => undefined).end('this is no TLS')
    await report()
    expect(await counted()).toEqual(both('closures began=local mode=uncontrolled side=server verdict=no-handshake 1'))
  })
})

describe.each(tlsVersions)('the numbers of %s', (version) => {
  test('those that wait now, and those that are refused, and a wait that nobody answers', async () => {
    const counted = bothRecorders()
    const { relay, report, control } = await controlled(
      tlsServer(version, (socket) => {
        socket.once('data', () => socket.end('bye'))
      }),
      { mode: 'bidirectional', waitTimeout: 30_000, maxWaiting: 2 },
    )
    const wires = []
    for (let i = 0; i < 3; i++) {
      const client = await connected(relay.port, version)
      const wire = await relay.nextWire()
      wire.hold('server')
      client.resume().write('close')
      await wire.seen('server', closeNotify)
      wires.push(wire)
    }
    await until(() => control.waiting === 2 && control.waitingRefused === 1)
    expect(await counted()).toEqual(both('waiting 2'))

    const [answered, , refused] = wires
    await refused?.seen('server', 'fin')
    for (const wire of [answered, refused]) wire?.release('server')
    await report()
    await report()
    expect(await counted()).toEqual(
      both(
        'closures began=local mode=bidirectional side=server verdict=clean 2',
        'refused side=server 1',
        'wait answered=true side=server 1',
        'waiting 1',
      ),
    )
    await wires[1]?.close()
    const { verdict, waited } = await report()
    expect(waited).toBeGreaterThan(0)
    expect(await counted()).toEqual(
      both(
        'closures began=local mode=bidirectional side=server verdict=clean 2',
        `closures began=local mode=bidirectional side=server verdict=${verdict} 1`,
        'refused side=server 1',
        'wait answered=true side=server 1',
        'wait answered=false side=server 1',
      ),
    )
  })

  test('bytes that were dropped while waiting', async () => {
    const counted = bothRecorders()
    const { client, server, wire, close } = await connectPair({ version })
    onTestFinished(close)
    const [ofClient, ofServer] = [closureOf(client), closureOf(server)]
    client.resume()
    wire.hold('server')
    const closing = ofServer.shutdown({ mode: 'bidirectional', onData: 'discard' })
    await wire.seen('server', closeNotify)
    client.write('x'.repeat(3))
    await wire.seen('client', 'data 3')
    wire.release('server')
    await closing
    await ofServer.report
    await ofClient.report
    expect(await counted()).toEqual(
      both(
        'closures began=local mode=bidirectional side=server verdict=clean 1',
        'closures began=peer mode=uncontrolled side=client verdict=clean 1',
        'discarded side=server 3',
        'wait answered=true side=server 1',
      ),
    )
  })

  test('bytes that the kernel was never given', async () => {
    const counted = bothRecorders()
    const { local, wire, closure } = await connectSides({ version, near: 'client' })
    wire.stall('client')
    for (let i = 0; i < 3; i++) local.write(Buffer.alloc(5_000_000))
    local.destroy()
    const { undeliveredBytes, verdict } = await closure.report
    expect(undeliveredBytes).toBeGreaterThan(0)
    expect(await counted()).toEqual(
      both(
        `closures began=local mode=uncontrolled side=client verdict=${verdict} 1`,
        `undelivered side=client ${undeliveredBytes}`,
      ),
    )
  })

  test.each([
    ['between records', undefined, 'between-records'],
    ['inside a header', 3, 'inside-header'],
    ['inside a record', 20, 'inside-record'],
  ] as const)('a stream that ends %s, by where it was cut', async (_where, afterBytes, cut) => {
    const counted = bothRecorders()
    const { client, server, wire, close } = await connectPair({ version })
    onTestFinished(close)
    const { report } = closureOf(client)
    client.resume()
    const ended = once(client, 'end')
    if (afterBytes === undefined) server.destroy()
    else {
      wire.cut('server', { afterBytes, with: 'fin' })
      server.write('a record that never comes whole')
    }
    await ended
    client.destroy()
    expect(await report).toMatchObject({ verdict: 'truncated', tcp: { kind: 'fin', cut } })
    expect(await counted()).toEqual(
      both(
        'closures began=peer mode=uncontrolled side=client verdict=truncated 1',
        `truncations cut=${cut} protocol=${version} side=client 1`,
      ),
    )
  })
})

test('the channel has a report once, whoever follows the connection', async () => {
  const reports = published()
  const { client, server, close } = await connectPair({ version: 'TLSv1.3' })
  onTestFinished(close)
  closureOf(client)
  const control = controlClosure(client)
  closureOf(server)
  control.stop()
  client.resume().end()
  await closureOf(server).report
  await closureOf(client).report
  await until(() => reports.length >= 2)
  expect(reports.map(({ side }) => side).sort()).toEqual(['client', 'server'])
})
