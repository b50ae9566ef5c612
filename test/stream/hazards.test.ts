// What goes wrong on the way: records that are damaged, warnings, messages between the alerts, transports of many kinds.
import { connect as connectTcp } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createContext, createServer, SslError, TlsStream, TruncationError } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { EngineEnd } from '../support/engine-end.js'
import { collect, once, turns } from '../support/streams.js'
import { alertRecord, damagedRecord, isCloseNotify, plaintext } from '../support/tampering.js'
import { memoryPair, over } from './memory.js'
import { connectStreams, portOf, streamSides } from './pair.js'

describe.each(streamSides)('$name, $version, our side is the $near', (sides) => {
  const far = sides.near === 'client' ? 'server' : 'client'

  test('a record that cannot be decrypted is an error, with OpenSSL in its cause, and our alert is in the report', async () => {
    const { local, wire } = await connectStreams(sides, { relay: { onRecord: () => 'pass' } })
    const collected = collect(local)
    wire.send(far, [damagedRecord])
    const { ended, error } = await collected
    expect(ended).toBe(false)
    expect(error).toBeInstanceOf(TruncationError)
    expect(error?.cause).toBeInstanceOf(SslError)
    expect(await local.report).toMatchObject({
      verdict: 'alerted',
      sent: { kind: 'fatal-alert' },
      received: { kind: 'nothing' },
    })
  })

  test('user_canceled before the close_notify is no error', async () => {
    const { local, peer } = await connectStreams(sides, {
      relay: {
        onRecord: (record) =>
          isCloseNotify(record, far)
            ? [alertRecord('warning', 'user_canceled'), alertRecord('warning', 'close_notify')]
            : 'pass',
      },
    })
    const collected = collect(local)
    peer.end('all of it')
    expect(await collected).toMatchObject({ ended: true, error: undefined })
    expect(await local.report).toMatchObject({ verdict: 'clean', received: { userCanceledFirst: true } })
  })

  test('what follows the close_notify is dropped where nobody unwraps, and counted', async () => {
    const { local, peer } = await connectStreams(sides, {
      relay: {
        onRecord: (record) =>
          isCloseNotify(record, far) ? [alertRecord('warning', 'close_notify'), plaintext('in the clear')] : 'pass',
      },
    })
    const collected = collect(local)
    peer.end('all of it')
    const { bytes, ended } = await collected
    expect([bytes.toString(), ended]).toEqual(['all of it', true])
    expect(await local.report).toMatchObject({ verdict: 'clean', surplusBytes: 12 })
  })

  test('data that comes behind our close_notify is read, and no second SSL_shutdown meets it', async () => {
    const { local, peer, wire, near } = await connectStreams(sides, { peerHalfOpen: true })
    const collected = collect(local)
    const done = local.shutdown({ mode: 'bidirectional', waitTimeout: 30_000 })
    await wire.seen(near, 'alert')
    peer.resume().end(Buffer.alloc(300_000, 'r'))
    expect(await done).toMatchObject({ verdict: 'clean', endedBy: 'done' })
    expect((await collected).bytes).toHaveLength(300_000)
  })
})

describe('over a Duplex of the program', () => {
  test.each([1, 2, 3])('TLS in TLS, %s deep: data passes, and each layer ends clean', async (depth) => {
    const layers: (readonly [TlsStream, TlsStream])[] = []
    let beneath = memoryPair()
    for (let level = 0; level < depth; level++) {
      const pair = over(beneath)
      layers.push(pair)
      beneath = [pair[0], pair[1]]
    }
    const [client, server] = beneath
    const [atServer, atClient] = [collect(server), collect(client)]
    client.end(Buffer.alloc(1_000_000, 'a'))
    const { bytes, ended, error } = await atServer
    expect([bytes.length, ended, error]).toEqual([1_000_000, true, undefined])
    expect(await atClient).toMatchObject({ ended: true, error: undefined })
    expect(await layers.at(-1)?.[0].report).toMatchObject({ verdict: 'clean' })
  })

  test('every byte alone: the handshake, data, and both alerts', async () => {
    const [client, server] = over(memoryPair(1))
    const [atServer, atClient] = [collect(server), collect(client)]
    client.end('question')
    server.write('answer')
    expect(await atServer).toMatchObject({ ended: true, error: undefined, bytes: Buffer.from('question') })
    expect(await atClient).toMatchObject({ ended: true, error: undefined, bytes: Buffer.from('answer') })
    expect(await client.report).toMatchObject({ verdict: 'clean' })
  })

  test('both sides unwrap at once', async () => {
    const pair = memoryPair()
    const [client, server] = over(pair)
    await Promise.all([once(client, 'secure'), once(server, 'secure')])
    client.resume()
    server.resume()
    expect(await Promise.all([client.unwrap(), server.unwrap()])).toEqual([pair[0], pair[1]])
    const [came] = [new Promise((resolve) => pair[1].once('data', resolve)), pair[1].resume()]
    pair[0].write('clear')
    expect(String(await came)).toBe('clear')
  })

  test('a transport that is destroyed takes the stream with it: no end, and a report', async () => {
    const pair = memoryPair()
    const [client, server] = over(pair)
    server.on('error', () => undefined)
    await once(client, 'secure')
    const collected = collect(client)
    pair[0].destroy()
    expect(await collected).toMatchObject({ ended: false })
    expect(await client.report).toMatchObject({ tcp: { kind: 'open' }, sent: { kind: 'nothing' } })
    const failed = collect(server)
    pair[1].destroy(new Error('the line is cut'))
    expect((await failed).ended).toBe(false)
  })
})

test('a KeyUpdate between the two close_notify, and data behind it', async () => {
  const [tcp, far] = memoryPair()
  const { cert: ca, host: servername } = certificate
  const context = createContext('client', { ca, minVersion: 'TLSv1.3' })
  const local = new TlsStream(tcp, { context, servername })
  const end = new EngineEnd(far, { side: 'server', version: 'TLSv1.3' })
  let text = ''
  local.on('data', (bytes: Buffer) => (text += String(bytes)))
  await once(local, 'secure')
  const unwrapped = local.unwrap({ waitTimeout: 30_000 })
  await end.until(() => end.isClosed)
  end.send(end.keyUpdate(), end.sealed('behind it'), end.closeNotify(), 'clear')
  const raw = await unwrapped
  expect(text).toBe('behind it')
  expect(String(await new Promise((resolve) => raw.once('data', resolve).resume()))).toBe('clear')
})

test('a client that does not do its handshake is told of, and destroyed in time', async () => {
  const { key, cert } = certificate
  const server = createServer({ key, cert, handshakeTimeout: 50 })
  const told = new Promise<Error>((resolve) => void server.once('tlsClientError', resolve))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const mute = connectTcp(portOf(server), '127.0.0.1')
  mute.on('error', () => undefined)
  const closed = once(mute.resume(), 'close')
  expect(await told).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' })
  await closed
  await turns(1)
})
