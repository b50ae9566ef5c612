// The three ways to close, call by call, and the traces of each: results, flags, alerts, the bytes on the wire.
import { describe, expect, test } from 'vitest'
import type { OpenSSL, Ssl, SslEvent } from '../../lib/openssl/index.js'
import { builds, buildsAndVersions } from './builds.js'
import { connectPair, deliver, handshake, makePair, move } from './ssl-pair.js'
import { thrown, untypedMethod } from './thrown.js'

const none = 'SSL_ERROR_NONE'
const closeNotify = { type: 'alert', level: 'warning', name: 'close_notify', code: 0 } as const

const alertsOf = (ssl: Ssl): readonly SslEvent[] => ssl.takeEvents().filter(({ type }) => type === 'alert')

/** The result of the first SSL_shutdown, which has sent our close_notify and not seen the peer's. */
const sent = { value: 0, error: 'SSL_ERROR_NONE', queue: [] } as const

describe.each(buildsAndVersions)('$version on $name ($openssl.version)', ({ openssl, version }) => {
  const connect = (options: Parameters<typeof connectPair>[1] = {}) => connectPair(openssl, { version, ...options })

  test('unidirectional: one close_notify, and the peer reads its end', () => {
    const { client, server } = connect()
    expect(client.getShutdown()).toBe(0)
    expect(client.shutdown()).toEqual(sent)
    expect(client.getShutdown()).toBe(1)
    expect(alertsOf(client)).toMatchObject([{ ...closeNotify, direction: 'sent', version, recordVersion: 'TLSv1.2' }])
    expect(move(client, server)).toBe(version === 'TLSv1.3' ? 24 : 31)
    expect(server.read()).toMatchObject({ value: 0, error: 'SSL_ERROR_ZERO_RETURN', queue: [] })
    expect(server.getShutdown()).toBe(2)
    expect(alertsOf(server)).toMatchObject([
      { ...closeNotify, direction: 'received', version, recordVersion: 'TLSv1.2' },
    ])
    // One direction is closed, the other is not: RFC 8446 section 6.1.
    expect(server.write(Buffer.from('the answer')).value).toBe(10)
    expect(String(deliver(server, client))).toBe('the answer')
    expect(client.write(Buffer.from('x'))).toMatchObject({ value: -1, error: 'SSL_ERROR_SSL' })
  })

  test('bidirectional: the second call waits for the peer, the third is like the second', () => {
    const { client, server } = connect()
    expect([client.shutdown().value, client.shutdown()]).toEqual([
      0,
      { value: -1, error: 'SSL_ERROR_WANT_READ', queue: [] },
    ])
    move(client, server)
    expect(server.read().error).toBe('SSL_ERROR_ZERO_RETURN')
    expect(server.shutdown()).toEqual({ value: 1, error: none, queue: [] })
    expect(server.getShutdown()).toBe(3)
    move(server, client)
    expect(client.shutdown()).toEqual({ value: 1, error: none, queue: [] })
    expect([client.shutdown().value, client.getShutdown(), client.transmit().length]).toEqual([1, 3, 0])
    expect(alertsOf(client)).toMatchObject([
      { ...closeNotify, direction: 'sent' },
      { ...closeNotify, direction: 'received' },
    ])
  })

  test('data before the answer: reading it is right, a second shutdown is fatal', () => {
    for (const reads of [true, false]) {
      const { client, server } = connect()
      client.shutdown()
      server.write(Buffer.from('more'))
      server.shutdown()
      move(server, client)
      if (reads) {
        expect(String(client.read().data)).toBe('more')
        expect(client.read().error).toBe('SSL_ERROR_ZERO_RETURN')
        expect(client.shutdown().value).toBe(1)
      } else {
        const { value, error, queue } = client.shutdown()
        expect([value, error]).toEqual([-1, 'SSL_ERROR_SSL'])
        const [openssls, boringssls] = ['application data after close notify', 'APPLICATION_DATA_ON_SHUTDOWN']
        expect(queue[0]?.reason).toBe(openssl.kind === 'OpenSSL' ? openssls : boringssls)
      }
    }
  })

  test('quiet: both flags, no alert, no byte', () => {
    const { client } = connect()
    client.setQuietShutdown(true)
    expect(client.getQuietShutdown()).toBe(true)
    expect(client.shutdownAndTransmit()).toMatchObject({ value: 1, error: none, queue: [], output: Buffer.alloc(0) })
    expect([client.getShutdown(), client.outputPending()]).toEqual([3, 0])
    expect(alertsOf(client)).toEqual([])
    expect(client.read()).toMatchObject({ value: 0, error: 'SSL_ERROR_ZERO_RETURN' })
  })

  test('shutdownAndTransmit is both in one', () => {
    const { client, server } = connect()
    client.write(Buffer.from('and out'))
    const { output, ...result } = client.shutdownAndTransmit()
    expect(result).toEqual(sent)
    server.receive(output)
    expect([String(server.read().data), server.read().error]).toEqual(['and out', 'SSL_ERROR_ZERO_RETURN'])
    expect(client.shutdownAndTransmit()).toMatchObject({
      value: -1,
      error: 'SSL_ERROR_WANT_READ',
      output: Buffer.alloc(0),
    })
  })

  test('a full output holds the close_notify back, and it is taken up again', () => {
    const { client, server } = connect({ client: { groups: 'P-256' }, clientSsl: { maxOutput: 1045 } })
    client.write(Buffer.alloc(1000))
    expect(client.shutdown()).toEqual({ value: -1, error: 'SSL_ERROR_WANT_WRITE', queue: [] })
    // A flag, not evidence.
    expect([client.getShutdown(), client.outputPending()]).toEqual([1, 1045])
    expect([deliver(client, server).length, server.getShutdown()]).toEqual([1000, 0])
    expect(client.shutdown()).toEqual(sent)
    expect([deliver(client, server).length, server.getShutdown()]).toEqual([0, 2])
  })

  test('an EOF without close_notify is what the build makes of it', () => {
    const { client, server } = connect()
    client.write(Buffer.from('half'))
    move(client, server)
    server.receiveEof()
    expect(String(server.read().data)).toBe('half')
    expect(server.read()).toMatchObject(truncationOf(openssl))
    expect([server.getShutdown(), alertsOf(client)]).toEqual([0, []])
  })

  test('an EOF that is ignored sets the flag, and no alert came', () => {
    if (!isSinceOpenSsl3(openssl)) return
    const { server } = connect({ server: { options: ['IGNORE_UNEXPECTED_EOF'] } })
    server.receiveEof()
    expect(server.read()).toMatchObject({ value: 0, error: 'SSL_ERROR_ZERO_RETURN', queue: [] })
    expect([server.getShutdown(), alertsOf(server)]).toEqual([2, []])
  })

  test('a cut inside a record is told by the record state', () => {
    for (const [cut, state] of [
      [-1, 'RB'],
      [5, 'RB'],
      [3, 'RH'],
    ] as const) {
      const { client, server } = connect()
      client.write(Buffer.from('the rest is missing'))
      server.receive(client.transmit().subarray(0, cut))
      server.receiveEof()
      expect(server.read()).toMatchObject(truncationOf(openssl))
      if (openssl.has('SSL_rstate_string')) expect(server.getRecordState()).toBe(state)
      else expect(thrown(() => server.getRecordState())).toContain('ERR_OPENSSL_UNSUPPORTED_CALL SSL_rstate_string')
    }
  })

  test('a fatal alert ends reading and writing', () => {
    const { client, server } = connect()
    server.receive(Buffer.from('no record at all'))
    expect(server.read().error).toBe('SSL_ERROR_SSL')
    const [alert] = alertsOf(server)
    expect(alert).toMatchObject({ direction: 'sent', level: 'fatal' })
    if (move(server, client) === 0) return // BoringSSL writes it with the next call
    expect(client.read()).toMatchObject({ value: openssl.kind === 'BoringSSL' ? -1 : 0, error: 'SSL_ERROR_SSL' })
    expect(alertsOf(client)).toMatchObject([{ direction: 'received', level: 'fatal', name: alertNameOf(alert) }])
  })

  test('the flags can be set, and nothing is sent', () => {
    const { client } = connect()
    for (const mask of [0, 1, 3]) {
      client.setShutdown(mask)
      expect(client.getShutdown()).toBe(mask)
    }
    if (openssl.kind === 'OpenSSL') {
      client.setShutdown(0)
      expect(client.getShutdown()).toBe(0)
    } else {
      expect(thrown(() => client.setShutdown(0))).toMatch(
        /^ERR_OPENSSL_STATE SSL_set_shutdown\(0\) would clear a flag of 3/,
      )
    }
    expect([client.outputPending(), alertsOf(client)]).toEqual([0, []])
    for (const mask of [4, -1, 1.5, '1', undefined]) {
      expect(thrown(() => untypedMethod(client, 'setShutdown')(mask))).toMatch(
        /^ERR_CLOSURE_INVALID_ARGUMENT .* for mask/,
      )
    }
  })

  test('before and during the handshake', () => {
    const { client, server } = makePair(openssl, { version })
    const early = client.shutdown()
    if (openssl.kind === 'OpenSSL') expect(early).toMatchObject({ value: -1, error: 'SSL_ERROR_SSL' })
    else expect(early.value).toBe(1)
    expect(client.outputPending()).toBe(0)
    const pair = makePair(openssl, { version })
    pair.client.doHandshake()
    const during = pair.client.shutdown()
    if (openssl.kind === 'OpenSSL') {
      expect(during.queue[0]?.reason).toBe('shutdown while in init')
      expect(handshake(pair).client.value).toBe(1)
    } else {
      expect([during.value, pair.client.getShutdown()]).toEqual([1, 0])
      expect(handshake(pair).client.value).toBe(1)
    }
    server.free()
  })

  test('shutdownEx is there or says that it is not', () => {
    const { client } = connect()
    if (openssl.has('SSL_shutdown_ex')) {
      expect(client.shutdownEx({ flags: ['RAPID', 'NO_BLOCK'] }).value).toBe(0)
    } else {
      expect(thrown(() => client.shutdownEx())).toContain(
        'ERR_OPENSSL_UNSUPPORTED_CALL SSL_shutdown_ex is not in this build',
      )
    }
    const call = untypedMethod(client, 'shutdownEx')
    expect(thrown(() => call({ flags: 'RAPID' }))).toContain("an array of names for flags but received 'RAPID'")
    expect(thrown(() => call({ flags: ['FAST'] }))).toContain("'WAIT_PEER' for flags but received 'FAST'")
    expect(thrown(() => call({ flag: [] }))).toContain("one of the keys flags for options but received 'flag'")
  })
})

describe.each(builds)('events on $name', ({ openssl }) => {
  test('with trace the whole handshake is told, in order, on both sides', () => {
    const { client, server } = connectPair(openssl, {
      version: 'TLSv1.2',
      client: { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      server: { options: ['NO_TICKET'] },
      clientSsl: { trace: true },
      serverSsl: { trace: true },
    })
    const told = (ssl: Ssl) =>
      ssl.takeEvents().flatMap((event) => {
        if (event.type === 'handshake') return [`${event.direction} ${event.message}`]
        return event.type === 'change_cipher_spec' ? [`${event.direction} change_cipher_spec`] : []
      })
    const flow = [
      ['sent', 'client_hello'],
      ['received', 'server_hello'],
      ['received', 'certificate'],
      ['received', 'server_key_exchange'],
      ['received', 'server_hello_done'],
      ['sent', 'client_key_exchange'],
      ['sent', 'change_cipher_spec'],
      ['sent', 'finished'],
      ['received', 'change_cipher_spec'],
      ['received', 'finished'],
    ] as const
    const turned = flow.map(([direction, message]) => [direction === 'sent' ? 'received' : 'sent', message] as const)
    // OpenSSL tells of the change_cipher_spec that it sends, not of the one that it gets.
    const isTold = ([direction, message]: readonly [string, string]) =>
      openssl.kind !== 'OpenSSL' || message !== 'change_cipher_spec' || direction === 'sent'
    for (const [ssl, messages] of [
      [client, flow],
      [server, turned],
    ] as const) {
      expect(told(ssl)).toEqual(messages.filter(isTold).map((message) => message.join(' ')))
    }
    expect(client.takeEvents()).toEqual([])
  })

  test('messages come whole, with times in order on the clock of performance.now()', () => {
    const before = performance.now()
    const { client } = connectPair(openssl, { version: 'TLSv1.3', clientSsl: { trace: true } })
    const events = client.takeEvents()
    const times = events.map(({ at }) => at)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(Math.min(...times)).toBeGreaterThan(before - 1)
    expect(Math.max(...times)).toBeLessThan(performance.now() + 1)
    for (const event of events) {
      if (event.type !== 'handshake') continue
      expect(event.bytes.readUIntBE(1, 3)).toBe(event.bytes.length - 4)
    }
    expect(client.eventsDropped).toBe(0)
  })

  test('events that nobody takes are bounded, and counted', () => {
    const { client, server } = connectPair(openssl, { version: 'TLSv1.3', serverSsl: { trace: true } })
    for (let i = 0; i < 5000; i++) {
      client.keyUpdate('update_not_requested')
      client.write(Buffer.from('x'))
      // BoringSSL gives up after 32 key updates without data, and so do we with more than a record between.
      deliver(client, server)
    }
    const { length } = server.takeEvents()
    expect(length).toBeGreaterThan(1000)
    expect(length + server.eventsDropped).toBeGreaterThanOrEqual(5000)
    expect(server.eventsDropped).toBeGreaterThan(0)
  })
})

function isSinceOpenSsl3({ kind, versionNumber }: OpenSSL): boolean {
  return kind === 'OpenSSL' && versionNumber >= 0x30000000
}

function truncationOf(openssl: OpenSSL): object {
  if (!isSinceOpenSsl3(openssl)) return { error: 'SSL_ERROR_SYSCALL', queue: [] }
  return { error: 'SSL_ERROR_SSL', queue: [{ library: 'SSL routines', reason: 'unexpected eof while reading' }] }
}

function alertNameOf(event: SslEvent | undefined): string | undefined {
  return event?.type === 'alert' ? event.name : undefined
}
