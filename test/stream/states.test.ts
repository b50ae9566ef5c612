// Calls in every state: what is refused, with which error, and what destroy() leaves behind.
import { createServer as createTcpServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, createContext, loadOpenSSL, TlsStream, TruncationError } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { collect, once, turns } from '../support/streams.js'
import { connectStreams, portOf, type StreamPair, streamSides } from './pair.js'

const sides = streamSides.filter(({ name }) => name === 'own')
const withCode = (code: string): unknown => expect.objectContaining({ name: 'ClosureError', code })

/** A server that accepts TCP and says nothing. */
async function mutePort(): Promise<number> {
  const server = createTcpServer(() => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return portOf(server)
}

describe.each(sides)('$version, our side is the $near', (one) => {
  const destroyIn: readonly {
    readonly state: string
    readonly reach: (pair: StreamPair) => Promise<unknown>
    readonly verdict: string
  }[] = [
    { state: 'open', reach: () => Promise.resolve(), verdict: 'aborted' },
    {
      state: 'with a write under way',
      reach: ({ local }) => Promise.resolve(local.write(Buffer.alloc(32 * 1024 * 1024))),
      verdict: 'aborted',
    },
    { state: 'half-closed by us', reach: ({ local }) => local.closeNotify(), verdict: 'half-closed' },
    {
      state: 'waiting for the peer',
      reach: async ({ local, wire, near }) => {
        void local.shutdown({ mode: 'bidirectional', waitTimeout: 30_000 })
        await wire.seen(near, 'alert')
      },
      verdict: 'aborted',
    },
    {
      state: 'after the peer has closed',
      reach: async ({ local, peer }) => {
        local.allowHalfOpen = true
        local.resume()
        peer.end()
        await once(local, 'end')
      },
      verdict: 'unreciprocated',
    },
  ]

  test.each(destroyIn)(
    'destroy() $state: no error, a report, and a bare end on the wire',
    async ({ reach, verdict }) => {
      const pair = await connectStreams(one, { peerHalfOpen: true })
      const { local, wire, near, localErrors } = pair
      await reach(pair)
      await turns(3)
      const closed = once(local, 'close')
      local.destroy()
      await closed
      // The end stands behind all that the kernel has taken.
      pair.peer.resume()
      expect(await local.report).toMatchObject({ verdict })
      expect(localErrors).toEqual([])
      await Promise.race([wire.seen(near, 'fin'), wire.seen(near, 'rst')])
      expect(wire.closing(near).filter((line) => line.startsWith('alert')).length).toBeLessThanOrEqual(1)
    },
  )

  test('destroy(error) gives that error, and the callback of a write that is under way', async () => {
    const { local, localErrors } = await connectStreams(one)
    const failed = new Promise<unknown>((resolve) => void local.write(Buffer.alloc(32 * 1024 * 1024), resolve))
    const reason = new Error('enough')
    const ending = collect(local)
    local.destroy(reason)
    expect(await failed).toBe(reason)
    await ending
    expect(localErrors).toEqual([reason])
    const { undeliveredBytes = 0 } = await local.report
    expect(undeliveredBytes).toBeGreaterThan(0)
  })

  test('a second closing is refused, and so is one that comes too late', async () => {
    const { local, peer } = await connectStreams(one)
    peer.resume()
    local.resume()
    const done = local.shutdown({ mode: 'bidirectional' })
    await expect(local.shutdown()).rejects.toEqual(withCode('ERR_CLOSURE_IN_PROGRESS'))
    await expect(local.closeNotify()).rejects.toEqual(withCode('ERR_CLOSURE_IN_PROGRESS'))
    expect(await done).toMatchObject({ verdict: 'clean', endedBy: 'done' })
    await local.report
    for (const call of [local.shutdown(), local.closeNotify(), local.unwrap()]) {
      await expect(call).rejects.toEqual(withCode('ERR_CLOSURE_CLOSED'))
    }
  })

  test('after end() there is nothing to unwrap, while what was written still leaves', async () => {
    const { local, peer, wire, near } = await connectStreams(one)
    wire.stall(near, true)
    local.resume().end(Buffer.alloc(8 * 1024 * 1024))
    await expect(local.unwrap()).rejects.toEqual(withCode('ERR_CLOSURE_CLOSED'))
    await expect(local.closeNotify()).rejects.toEqual(withCode('ERR_CLOSURE_CLOSED'))
    wire.stall(near, false)
    peer.resume()
    expect(await local.report).toMatchObject({ verdict: 'clean' })
  })

  test('close_notify alone: a write is refused and harms nothing, reading goes on, end() sends FIN', async () => {
    const { local, peer, wire, near, far } = await connectStreams(one, { peerHalfOpen: true })
    const collected = collect(local)
    local.write('hello')
    await Promise.all([local.closeNotify(), local.closeNotify()])
    await wire.seen(near, 'alert')
    expect(wire.closing(near)).toEqual(['alert warning close_notify'])
    const refused = new Promise<unknown>((resolve) => void local.write('more', resolve))
    expect(await refused).toEqual(withCode('ERR_WRITE_AFTER_CLOSE_NOTIFY'))
    peer.resume().write('an answer')
    await wire.seen(far, 'data 9')
    peer.end()
    expect((await collected).bytes.toString()).toContain('an answer')
    await wire.seen(near, 'fin')
    expect(wire.closing(near)).toEqual(['alert warning close_notify', 'fin'])
    expect(await local.report).toMatchObject({ verdict: 'clean' })
  })

  test('close_notify alone that cannot leave: the budget, and writing goes on', async () => {
    const { local, peer, wire, near } = await connectStreams(one)
    wire.stall(near, true)
    local.write(Buffer.alloc(16 * 1024 * 1024))
    await expect(local.closeNotify({ flushTimeout: 100 })).rejects.toEqual(withCode('ERR_CLOSURE_FLUSH_TIMEOUT'))
    wire.stall(near, false)
    const collected = collect(peer)
    local.end('tail')
    expect((await collected).bytes.subarray(-4).toString()).toBe('tail')
  })

  test('a quiet closing that overtakes closeNotify(): the report has an alert where the wire has one', async () => {
    for (const wait of [0, 1, 2, 3]) {
      const { local, peer, wire, near } = await connectStreams(one, { peerHalfOpen: true })
      peer.resume()
      const sent = local.closeNotify().then(
        () => 'sent',
        () => 'refused',
      )
      await turns(wait)
      await local.shutdown({ mode: 'quiet' }).catch(() => undefined)
      await sent
      await wire.seen(near, 'fin')
      await turns(5)
      local.destroy()
      const alerts = wire.closing(near).filter((line) => line.startsWith('alert'))
      expect((await local.report).sent.kind).toBe(alerts.length === 0 ? 'nothing' : 'close_notify')
    }
  })

  test('a signal ends a closing, and the promise resolves', async () => {
    const { local } = await connectStreams(one, { peerHalfOpen: true })
    const report = await local.shutdown({ mode: 'bidirectional', signal: AbortSignal.timeout(50) })
    expect(report).toMatchObject({ verdict: 'aborted', endedBy: 'signal' })
    expect(local.destroyed).toBe(true)
  })

  test('onData: discard drops what comes within its limit, and fail ends at the first byte', async () => {
    const within = await connectStreams(one, { peerHalfOpen: true })
    const done = within.local.shutdown({ mode: 'bidirectional', onData: 'discard', maxDiscardBytes: 1000 })
    await within.wire.seen(within.near, 'alert')
    within.peer.end(Buffer.alloc(1000))
    expect(await done).toMatchObject({ verdict: 'clean', discardedBytes: 1000 })
    const flood = await connectStreams(one, { peerHalfOpen: true })
    const flooded = flood.local.shutdown({ mode: 'bidirectional', onData: 'discard', maxDiscardBytes: 1000 })
    await flood.wire.seen(flood.near, 'alert')
    flood.peer.write(Buffer.alloc(1001))
    expect(await flooded).toMatchObject({ verdict: 'flooded', endedBy: 'discard-limit' })
    const strict = await connectStreams(one, { peerHalfOpen: true })
    const failed = strict.local.shutdown({ mode: 'bidirectional', onData: 'fail' })
    await strict.wire.seen(strict.near, 'alert')
    strict.peer.write('x')
    expect(await failed).toMatchObject({ verdict: 'flooded', endedBy: 'unexpected-data' })
  })

  test('a transport that takes nothing costs the flush budget, and the report counts what is left', async () => {
    const { local, wire, near } = await connectStreams(one)
    wire.stall(near, true)
    local.write(Buffer.alloc(32 * 1024 * 1024))
    const report = await local.shutdown({ mode: 'bidirectional', flushTimeout: 150 })
    expect(report).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout', sent: { kind: 'nothing' } })
    expect(report.undeliveredBytes).toBeGreaterThan(0)
    expect(local.destroyed).toBe(true)
  })

  test('a signal that was aborted before the call sends nothing', async () => {
    const { local, wire, near } = await connectStreams(one)
    const report = await local.shutdown({ signal: AbortSignal.abort() })
    expect(report).toMatchObject({ verdict: 'aborted', endedBy: 'signal', sent: { kind: 'nothing' } })
    await Promise.race([wire.seen(near, 'fin'), wire.seen(near, 'rst')])
    expect(wire.closing(near).filter((line) => line.startsWith('alert'))).toEqual([])
  })

  test('a reader that stalls ends the wait', async () => {
    const { local, peer, wire, near } = await connectStreams(one, { peerHalfOpen: true })
    const done = local.shutdown({ mode: 'bidirectional', waitTimeout: 200 })
    await wire.seen(near, 'alert')
    peer.write('nobody reads this')
    expect(await done).toMatchObject({ verdict: 'reader-stalled', endedBy: 'reader-stalled' })
  })

  test('the error of a cut stream has the report, and waits until a paused reader has read', async () => {
    const { local, peer, wire, far, localErrors } = await connectStreams(one)
    peer.write('unread')
    await wire.seen(far, 'data 6')
    wire.cut(far, { afterBytes: 0, with: 'fin' })
    await turns(20)
    expect(localErrors).toEqual([])
    const { bytes, ended, error } = await collect(local)
    expect([bytes.toString(), ended]).toEqual(['unread', false])
    expect(error).toBeInstanceOf(TruncationError)
    expect(error).toMatchObject({ code: 'ERR_TLS_TRUNCATED', origin: 'connection', report: { verdict: 'truncated' } })
  })
})

describe('before the handshake is done', () => {
  test('calls are refused, and destroy() reports that there was no connection', async () => {
    const local = connect({ port: await mutePort(), host: '127.0.0.1', ca: certificate.cert })
    for (const call of [local.shutdown(), local.closeNotify(), local.unwrap()]) {
      await expect(call).rejects.toEqual(withCode('ERR_CLOSURE_HANDSHAKE_PENDING'))
    }
    const failed = new Promise<unknown>((resolve) => void local.write('early', resolve))
    local.destroy()
    expect(await failed).toEqual(withCode('ERR_CLOSURE_CLOSED'))
    expect(await local.report).toMatchObject({
      verdict: 'no-handshake',
      handshake: 'not-completed',
      undeliveredBytes: 5,
    })
  })

  test('a FIN, a RST and what is no TLS are errors with codes', async () => {
    const endings = {
      fin: (socket: Socket) => void socket.end(),
      rst: (socket: Socket) => void socket.resetAndDestroy(),
      http: (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    }
    const codes: Record<string, unknown> = {}
    for (const [name, act] of Object.entries(endings)) {
      const server = createTcpServer((socket) => void socket.once('data', () => act(socket)))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      onTestFinished(() => void server.close())
      const local = connect({ port: portOf(server), host: '127.0.0.1', ca: certificate.cert })
      const { error } = await collect(local)
      codes[name] = error?.code
      expect(await local.report).toMatchObject({ verdict: 'no-handshake' })
    }
    expect([codes['fin'], codes['rst']]).toEqual(['ECONNRESET', 'ECONNRESET'])
    // Releases of OpenSSL have two words for it.
    expect(codes['http']).toMatch(/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/)
  })

  test('a port that nobody listens on is the error of the system', async () => {
    const { error } = await collect(connect({ port: 1, host: '127.0.0.1', ca: certificate.cert }))
    expect(error?.code).toBe('ECONNREFUSED')
  })
})

describe('arguments', () => {
  const context = createContext('client', { ca: certificate.cert })
  const duplex = () => new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })

  test.each<[string, () => unknown, string]>([
    ['no transport', (): unknown => Reflect.construct(TlsStream, [{}, { context }]), 'a Duplex for transport'],
    [
      'no context',
      (): unknown => Reflect.construct(TlsStream, [duplex(), {}]),
      'an SslContext of createContext() for context',
    ],
    ['nobody to verify', () => new TlsStream(duplex(), { context }), "the server's certificate has to have"],
    ['an unknown key', (): unknown => Reflect.apply(connect, undefined, [{ port: 1, pfx: '' }]), "received 'pfx'"],
    ['nowhere to connect to', () => connect({}), 'a port, a path or a socket for port'],
    [
      'a mode that is none',
      (): unknown => Reflect.apply(connect, undefined, [{ port: 1, closing: 'both' }]),
      "'bidirectional' for closing",
    ],
    [
      'a library that is none',
      (): unknown => Reflect.apply(connect, undefined, [{ port: 1, openssl: {} }]),
      'an OpenSSL of loadOpenSSL()',
    ],
  ])('%s', (_name, call, message) => {
    expect(call).toThrow(expect.objectContaining({ name: 'ClosureError', code: 'ERR_CLOSURE_INVALID_ARGUMENT' }))
    expect(call).toThrow(message)
  })

  test('shutdown() and unwrap() refuse what they do not know', async () => {
    const local = new TlsStream(duplex(), { context: loadOpenSSL().createContext({ side: 'server' }) })
    const afterwards: object = { afterwards: 'fin' }
    const mode: object = { mode: 'quiet' }
    await expect(local.shutdown(afterwards)).rejects.toEqual(withCode('ERR_CLOSURE_INVALID_ARGUMENT'))
    await expect(local.unwrap(mode)).rejects.toEqual(withCode('ERR_CLOSURE_INVALID_ARGUMENT'))
    local.destroy()
  })
})
