// A server that stops at the ClientHello, and goes on with another context and a protocol of its choice.
import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Ssl } from '../../lib/openssl/index.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { buildsAndVersions } from './builds.js'
import { handshake, identity, makePair, type PairOptions, type SslPair } from './ssl-pair.js'
import { thrown } from './thrown.js'

const waiting = ['SSL_ERROR_WANT_CLIENT_HELLO_CB', 'SSL_ERROR_PENDING_CERTIFICATE']
const other = { cert: otherCertificate.cert, key: otherCertificate.key }

describe.each(buildsAndVersions)('$name, $version', ({ openssl, version }) => {
  const client = { alpn: ['h2', 'http/1.1'], verify: 'none' } as const
  const clientSsl = { servername: 'asked.test' }

  function held(options: PairOptions = {}): SslPair {
    const pair = makePair(openssl, { version, client, clientSsl, ...options })
    pair.server.holdClientHello()
    pair.client.doHandshake()
    pair.server.receive(pair.client.transmit())
    return pair
  }

  function shownTo({ client: asking }: SslPair): string | undefined {
    const der = asking.getPeerCertificate()
    return der === undefined ? undefined : new X509Certificate(der).subject
  }

  test('every call stops until it is answered, and says what the client asks for', () => {
    const pair = held()
    expect(pair.server.getClientHello()).toBeUndefined()
    for (const call of [() => pair.server.doHandshake(), () => pair.server.read(), () => pair.server.pump().result]) {
      expect(waiting).toContain(call().error)
      expect(pair.server.getClientHello()).toEqual({ servername: 'asked.test', protocols: ['h2', 'http/1.1'] })
    }
    expect(pair.server.outputPending()).toBe(0)
    pair.server.answerClientHello()
    expect(pair.server.getClientHello()).toBeUndefined()
    expect(handshake(pair)).toMatchObject({ client: { value: 1 }, server: { value: 1 } })
    expect([shownTo(pair), pair.server.getServername()]).toEqual([`CN=${certificate.host}`, 'asked.test'])
  })

  test('the answer brings certificate, key and ALPN of another context, which may be freed then', () => {
    const pair = held({ server: { alpn: ['http/1.1'] } })
    pair.server.doHandshake()
    const context = openssl.createContext({ side: 'server', ...other, alpn: ['h2'] })
    pair.server.answerClientHello({ context })
    context.free()
    expect(handshake(pair)).toMatchObject({ client: { value: 1 }, server: { value: 1 } })
    expect([shownTo(pair), pair.client.getAlpn()]).toEqual([`CN=${otherCertificate.host}`, 'h2'])
    expect(new X509Certificate(pair.server.getCertificate() ?? '').subject).toBe(`CN=${otherCertificate.host}`)
  })

  test('a context without ALPN leaves that of the first', () => {
    const pair = held({ server: { alpn: ['http/1.1'] } })
    pair.server.doHandshake()
    pair.server.answerClientHello({ context: openssl.createContext({ side: 'server', ...other }) })
    handshake(pair)
    expect(pair.server.getAlpn()).toBe('http/1.1')
  })

  test.each(['h2', 'http/1.1'])('the protocol of the answer is agreed on: %s', (protocol) => {
    const pair = held()
    pair.server.doHandshake()
    pair.server.answerClientHello({ protocol })
    handshake(pair)
    expect([pair.client.getAlpn(), pair.server.getAlpn()]).toEqual([protocol, protocol])
  })

  test.each([false, 'imap'] as const)('an answer of %s ends the handshake with no_application_protocol', (protocol) => {
    const pair = held()
    pair.server.doHandshake()
    pair.server.answerClientHello({ protocol })
    expect(handshake(pair).server.value).not.toBe(1)
    expect(alertsOf(pair.server)).toContainEqual('sent no_application_protocol')
  })

  test('no other Ssl of the context stops', () => {
    const { serverContext } = held()
    const pair = makePair(openssl, { version, client })
    const more = { client: pair.client, server: serverContext.createSsl() }
    expect(handshake(more)).toMatchObject({ client: { value: 1 }, server: { value: 1 } })
  })

  test('without names there is nothing that the client asks for', () => {
    const pair = held({ client: {}, clientSsl: {} })
    pair.server.doHandshake()
    expect(pair.server.getClientHello()).toEqual({ servername: undefined, protocols: [] })
  })

  test('the peer goes away while it waits', () => {
    const pair = held()
    pair.server.doHandshake()
    pair.server.receiveEof()
    pair.server.answerClientHello()
    expect(pair.server.doHandshake().error).toMatch(/SSL_ERROR_(WANT_READ|SYSCALL|SSL|ZERO_RETURN)/)
    pair.server.free()
  })

  test('arguments are checked, and what was refused can be answered still', () => {
    const pair = held()
    pair.server.doHandshake()
    const { server, clientContext, serverContext } = pair
    for (const context of [clientContext, { openssl, side: serverContext.side }]) {
      expect(thrown(() => server.answerClientHello({ context }))).toContain("an SslContext of side 'server'")
    }
    for (const protocol of ['', 'x'.repeat(256)]) {
      expect(thrown(() => server.answerClientHello({ protocol }))).toContain('1 to 255 bytes')
    }
    const freed = openssl.createContext({ side: 'server', ...identity })
    freed.free()
    expect(thrown(() => server.answerClientHello({ context: freed }))).toContain('ERR_OPENSSL_FREED')
    server.answerClientHello()
    expect(thrown(() => server.answerClientHello())).toContain('ERR_OPENSSL_STATE')
    expect(handshake(pair).server.value).toBe(1)
  })
})

function alertsOf(ssl: Ssl): readonly string[] {
  return ssl.takeEvents().flatMap((event) => (event.type === 'alert' ? [`${event.direction} ${event.name}`] : []))
}
