import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificate } from './certificate.js'
import { connectPair, tlsVersions, type ClientOptions, type TlsVersion } from './pair.js'
import { startRelay } from './relay.js'
import { collect, once } from './streams.js'
import {
  alertRecord,
  dataRecord,
  fin,
  fragmentedAlert,
  isCloseNotify,
  plaintext,
  rst,
  type Crafted,
  type OnRecord,
} from './tampering.js'

const cleanEnd = ['alert warning close_notify', 'fin']

/** A pair where `instead` stands in the place of the server's close_notify. */
async function pairWhereServerSends(version: TlsVersion, instead: readonly Crafted[]) {
  return pairWith(version, (record) => (isCloseNotify(record, 'server') ? instead : 'pass'))
}

async function pairWith(version: TlsVersion, onRecord: OnRecord) {
  const pair = await connectPair({ version, allowHalfOpen: true, relay: { onRecord } })
  onTestFinished(pair.close)
  // stock Node reports a fatal alert by 'error' and leaves the socket open
  for (const socket of [pair.client, pair.server]) socket.once('error', () => socket.destroy())
  return pair
}

/** Another client of that server, behind a second relay that sees what the first one made; the server has ended. */
async function clientBehind(version: TlsVersion, instead: readonly Crafted[]) {
  const { relay, listener } = await pairWhereServerSends(version, instead)
  const behind = await startRelay({ port: relay.port })
  onTestFinished(behind.close)
  const accepted = new Promise<TLSSocket>((resolve) => listener.once('secureConnection', resolve))
  const options: ClientOptions = {
    port: behind.port,
    host: '127.0.0.1',
    ca: certificate.cert,
    servername: certificate.host,
    allowHalfOpen: true,
    minVersion: version,
    maxVersion: version,
  }
  const client = connect(options)
  client.on('keylog', (line) => behind.keys.add(line))
  const received = collect(client)
  const [server, wire] = await Promise.all([accepted, behind.nextWire(), once(client, 'secureConnect')])
  setImmediate(() => server.resume().end('some'))
  await wire.seen('server', 'fin')
  client.end()
  return { wire, received }
}

describe.each(tlsVersions)('tampering, %s', (version) => {
  test('that passes everything changes nothing', async () => {
    const { client, server, wire } = await pairWith(version, () => 'pass')
    const received = [collect(client), collect(server)]
    client.end('from the client')
    server.end('from the server')
    const texts = (await Promise.all(received)).map(({ bytes, ended }) => ({ text: bytes.toString(), ended }))
    expect(texts).toEqual([
      { text: 'from the server', ended: true },
      { text: 'from the client', ended: true },
    ])
    await wire.closed
    expect(wire.summary('client')).toEqual(['handshake', 'data 15', ...cleanEnd])
    expect(wire.summary('server')).toEqual(['handshake', 'data 15', ...cleanEnd])
  })

  test('makes a peer whose close_notify and FIN never arrive', async () => {
    const { client, server, wire } = await pairWhereServerSends(version, [])
    wire.hold('server', 'fin')
    const ended = once(client, 'end').then(() => true)
    client.resume()
    server.resume().end('last')
    client.end()
    await wire.seen('server', 'fin')
    await wire.seen('client', 'fin')
    expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50, false))])).toBe(false)
    wire.release('server')
    expect(await ended).toBe(true)
  })

  test('drops a record in the middle, and the rest still decrypts', async () => {
    const onRecord: OnRecord = (record) => (record.kind === 'data' && record.bytes.toString() === 'b' ? 'drop' : 'pass')
    const { client, server } = await pairWith(version, onRecord)
    const received = collect(client)
    for (const text of ['a', 'b', 'c']) await new Promise((resolve) => server.write(text, resolve))
    server.end()
    client.end()
    server.resume()
    expect(await received).toMatchObject({ bytes: Buffer.from('ac'), ended: true, error: undefined })
  })

  test('inserts user_canceled and data before close_notify', async () => {
    const crafted = [dataRecord('more'), alertRecord('warning', 'user_canceled'), 'pass'] as const
    const { client, server } = await pairWhereServerSends(version, crafted)
    const received = collect(client)
    server.resume().end('some ')
    client.end()
    expect(await received).toMatchObject({ bytes: Buffer.from('some more'), ended: true, error: undefined })
  })

  test('sends a fatal alert instead of close_notify', async () => {
    const { client, server } = await pairWhereServerSends(version, [alertRecord('fatal', 'internal_error')])
    const received = collect(client)
    server.resume().end('some')
    const { error } = await received
    expect(error?.code).toBe('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR')
  })

  test('sends close_notify at level fatal', async () => {
    const { wire, received } = await clientBehind(version, [alertRecord('fatal', 'close_notify')])
    expect(wire.closing('server')).toEqual(['alert fatal close_notify', 'fin'])
    expect(await received).toMatchObject({ bytes: Buffer.from('some') })
  })

  test('sends an alert in two fragments, which OpenSSL refuses', async () => {
    const { client, server } = await pairWhereServerSends(version, fragmentedAlert('warning', 'close_notify'))
    const received = collect(client)
    server.resume().end('some')
    expect((await received).error?.code).toMatch(/^ERR_SSL_/)
  })

  test('replaces close_notify by FIN, which stock Node takes for a clean end', async () => {
    const { client, server } = await pairWhereServerSends(version, [fin])
    const received = collect(client)
    server.resume().end('some')
    client.end()
    expect(await received).toMatchObject({ bytes: Buffer.from('some'), ended: true, error: undefined })
  })

  test('replaces close_notify by RST', async () => {
    const { client, server, wire, errors } = await pairWith(version, (record) =>
      isCloseNotify(record, 'server') ? [rst] : 'pass',
    )
    const received = collect(client)
    server.resume().write('some')
    await once(client, 'data')
    server.end()
    expect(await received).toMatchObject({ ended: false, error: { code: 'ECONNRESET' } })
    await wire.closed
    expect(errors.client).toHaveLength(1)
  })

  test('appends plaintext behind close_notify in the same segment', async () => {
    const { wire, received } = await clientBehind(version, ['pass', plaintext('in the clear')])
    expect(wire.closing('server')).toEqual(['alert warning close_notify', 'plaintext 12', 'fin'])
    const [alert, clear] = wire.eventsOf('server').filter(({ kind }) => kind === 'alert' || kind === 'plaintext')
    expect(clear?.segment).toBe(alert?.segment)
    expect(await received).toMatchObject({ bytes: Buffer.from('some'), ended: true, error: undefined })
  })

  test('works on what the client sends', async () => {
    const { client, server } = await pairWith(version, (record) =>
      isCloseNotify(record, 'client') ? [dataRecord('!'), alertRecord('fatal', 'decode_error')] : 'pass',
    )
    const received = collect(server)
    client.resume().end('some')
    const { bytes, error } = await received
    expect(bytes.toString()).toBe('some!')
    expect(error?.code).toBe('ERR_SSL_TLSV1_ALERT_DECODE_ERROR')
  })

  test('sends a record when the test wants it', async () => {
    const { client, wire } = await pairWith(version, () => 'pass')
    const received = collect(client)
    wire.send('server', [dataRecord('now'), alertRecord('warning', 'close_notify')])
    await once(client, 'end')
    client.end()
    wire.send('server', [fin])
    expect(await received).toMatchObject({ bytes: Buffer.from('now'), ended: true, error: undefined })
  })
})
