// Sessions: resumed in 1.2 and 1.3, handed on as bytes, kept from other libraries, and when they cannot be resumed.
import { describe, expect, test } from 'vitest'
import { loadOpenSSL, type SslSession } from '../../lib/openssl/index.js'
import { builds, buildsAndVersions } from './builds.js'
import { connectPair, deliver, handshake, makePair, settle, type SslPair } from './ssl-pair.js'
import { thrown, untypedMethod } from './thrown.js'

describe.each(buildsAndVersions)('$version on $name ($openssl.version)', ({ openssl, version }) => {
  /** A connection that has had data, and with it its tickets. */
  function used(): SslPair {
    const pair = connectPair(openssl, { version, client: { sessionCache: 'client' } })
    pair.server.write(Buffer.from('data'))
    expect(String(deliver(pair.server, pair.client))).toBe('data')
    return pair
  }

  function resumed({ clientContext, serverContext }: SslPair, session: SslSession): boolean {
    const [client, server] = [clientContext.createSsl({ session }), serverContext.createSsl()]
    const results = handshake({ client, server })
    expect([results.client.value, results.server.value]).toEqual([1, 1])
    expect(client.sessionReused()).toBe(server.sessionReused())
    return client.sessionReused()
  }

  // BoringSSL hands the sessions of 1.3 to its callback alone: SSL_get_session gives one without a ticket.
  const isResumable = version === 'TLSv1.2' || openssl.kind !== 'BoringSSL'

  test('a session resumes a connection, also as bytes', () => {
    const pair = used()
    expect(pair.client.sessionReused()).toBe(false)
    const session = pair.client.getSession()
    if (session === undefined) throw new Error('There is no session')
    expect(session.openssl).toBe(openssl)
    expect(session.isResumable()).toBe(isResumable)
    expect(resumed(pair, session)).toBe(isResumable)

    const again = used()
    const other = again.client.getSession()
    if (other === undefined) throw new Error('There is no session')
    const bytes = other.toBuffer()
    again.client.free()
    other.free()
    expect(resumed(again, openssl.sessionFrom(bytes))).toBe(isResumable)
  })

  test('new_session tells of it, under the cache mode that asks for it', () => {
    const { client } = used()
    const told = client.takeEvents().filter(({ type }) => type === 'new_session')
    expect(told.length).toBeGreaterThan(0)
    expect(told.every(({ at }) => at <= performance.now() && at > 0)).toBe(true)
    const quiet = connectPair(openssl, { version, client: { sessionCache: 'off' } })
    quiet.server.write(Buffer.from('data'))
    deliver(quiet.server, quiet.client)
    expect(quiet.client.takeEvents()).toEqual([])
  })

  test('tellTickets() says whether those of TLS 1.3 are told of; those of TLS 1.2 are', () => {
    const pair = makePair(openssl, { version, client: { sessionCache: 'client' } })
    pair.client.tellTickets(false)
    handshake(pair)
    settle(pair)
    const countOf = () => pair.client.takeEvents().filter(({ type }) => type === 'new_session').length
    expect(countOf() > 0).toBe(version === 'TLSv1.2')
    expect(pair.client.getSession()).toBeDefined()
  })

  test('new_session brings a client the session, which resumes on every build', () => {
    const pair = used()
    const sessions = pair.client.takeEvents().flatMap((event) => (event.type === 'new_session' ? [event.der] : []))
    const last = sessions.at(-1)
    if (last === undefined) throw new Error('There is no session')
    expect(openssl.sessionFrom(last).isResumable()).toBe(true)
    expect(resumed(pair, openssl.sessionFrom(last))).toBe(true)
    expect(pair.server.takeEvents().filter((event) => 'der' in event)).toEqual([])
  })

  test('setSession is a result, and before the handshake there is none', () => {
    const pair = used()
    const session = pair.client.getSession()
    if (session === undefined) throw new Error('There is no session')
    const client = pair.clientContext.createSsl()
    expect(client.getSession()).toBeUndefined()
    expect(client.setSession(session)).toEqual({ value: 1, error: 'SSL_ERROR_NONE', queue: [] })
    const server = pair.serverContext.createSsl()
    handshake({ client, server })
    expect(client.sessionReused()).toBe(isResumable)
  })

  test('a server without tickets and cache does not resume', () => {
    const pair = makePair(openssl, { version, server: { options: ['NO_TICKET'], sessionCache: 'off' } })
    handshake(pair)
    pair.server.write(Buffer.from('data'))
    deliver(pair.server, pair.client)
    const session = pair.client.getSession()
    if (session === undefined) throw new Error('There is no session')
    expect(resumed(pair, session)).toBe(false)
  })

  test('a session that was freed is refused, twice is harmless', () => {
    const pair = used()
    const session = pair.client.getSession()
    if (session === undefined) throw new Error('There is no session')
    session.free()
    session[Symbol.dispose]()
    const client = pair.clientContext.createSsl()
    for (const use of [
      () => session.isResumable(),
      () => session.toBuffer(),
      () => client.setSession(session),
      () => pair.clientContext.createSsl({ session }),
    ]) {
      expect(thrown(use)).toMatch(/^ERR_OPENSSL_FREED /)
    }
  })
})

test.each(builds)('on $name bytes that are no session are refused, with the reason', ({ openssl }) => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('no session'), Buffer.alloc(1000, 0x30)]) {
    expect(thrown(() => openssl.sessionFrom(bytes))).toMatch(/^ERR_OPENSSL_CALL_FAILED d2i_SSL_SESSION failed: \w/)
  }
  expect(thrown(() => untypedMethod(openssl, 'sessionFrom')('text'))).toContain('a Uint8Array for der')
  connectPair(openssl)
})

test('a session of another library is refused', () => {
  const own = loadOpenSSL()
  const others = builds.filter(({ openssl }) => openssl !== own)
  expect(others.length).toBeGreaterThan(0)
  for (const { openssl } of others) {
    const session = connectPair(openssl, { version: 'TLSv1.2' }).client.getSession()
    if (session === undefined) throw new Error('There is no session')
    const context = own.createContext({ side: 'client' })
    for (const use of [() => context.createSsl({ session }), () => context.createSsl().setSession(session)]) {
      expect(thrown(use)).toMatch(
        /^ERR_CLOSURE_INVALID_ARGUMENT Expected one of .* for session but received one of .*: libraries never mix$/,
      )
    }
  }
})
