// Handshakes of two Ssl objects, on every build and both versions: what is negotiated, verified, exported, asked later.
import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { certificate, otherCertificate } from '../support/certificate.js'
import { buildsAndVersions, openssls } from './builds.js'
import { connectPair, deliver, handshake, identity, makePair, move, settle } from './ssl-pair.js'
import { thrown, untypedMethod } from './thrown.js'

const der = (pem: string) => new X509Certificate(pem).raw

describe.each(buildsAndVersions)('$version on $name ($openssl.version)', ({ openssl, version }) => {
  test('a handshake goes step by step, each of which is a result', () => {
    const { client, server } = makePair(openssl, { version })
    expect([client.inInit(), client.getCipher(), client.getPeerCertificate()]).toEqual([true, undefined, undefined])
    const first = client.doHandshake()
    expect(first).toEqual({ value: -1, error: 'SSL_ERROR_WANT_READ', queue: [] })
    expect(server.doHandshake()).toEqual(first)
    expect([client.outputPending() > 100, server.outputPending()]).toEqual([true, 0])
    expect(handshake({ client, server })).toEqual({
      client: { value: 1, error: 'SSL_ERROR_NONE', queue: [] },
      server: { value: 1, error: 'SSL_ERROR_NONE', queue: [] },
    })
    expect([client, server].map((ssl) => ssl.getVersion())).toEqual([version, version])
    expect([client.inInit(), server.inInit()]).toEqual([false, false])
    expect(client.getCipher()).toBe(server.getCipher())
    expect(client.getCipher()).toMatch(version === 'TLSv1.3' ? /^TLS_/ : /^ECDHE-ECDSA-/)
    expect(client.getPeerCertificate()).toEqual(der(certificate.cert))
    expect(server.getPeerCertificate()).toBeUndefined()
    expect(client.doHandshake().value).toBe(1)
    expect(client.getStateString()).not.toBe('')
  })

  test('read and write begin it too', () => {
    const { client, server } = makePair(openssl, { version })
    expect(server.read()).toMatchObject({ value: -1, error: 'SSL_ERROR_WANT_READ' })
    for (let i = 0; i < 3; i++) {
      client.write(Buffer.from('early'))
      server.receive(client.transmit())
      if (server.read().data.length > 0) return
      client.receive(server.transmit())
    }
    throw new Error('The data did not come')
  })

  test('the name asked for and the protocol chosen are told on both sides', () => {
    const { client, server } = connectPair(openssl, {
      version,
      client: { alpn: ['http/1.1', 'h2'] },
      server: { alpn: ['h3', 'h2', 'http/1.1'] },
      clientSsl: { servername: 'localhost' },
    })
    expect([client.getAlpn(), server.getAlpn()]).toEqual(['h2', 'h2'])
    expect([client.getServername(), server.getServername()]).toEqual(['localhost', 'localhost'])
    const without = connectPair(openssl, { version, client: { alpn: ['h2'] } })
    expect([without.client.getAlpn(), without.server.getServername()]).toEqual([undefined, undefined])
  })

  test('without a common protocol it ends in an alert', () => {
    const pair = makePair(openssl, { version, client: { alpn: ['h2'] }, server: { alpn: ['http/1.1'] } })
    expect(handshake(pair)).toMatchObject({ client: { error: 'SSL_ERROR_SSL' }, server: { error: 'SSL_ERROR_SSL' } })
    expect(pair.client.takeEvents()).toMatchObject([
      { type: 'alert', direction: 'received', level: 'fatal', name: 'no_application_protocol', code: 120 },
    ])
  })

  test('nobody is verified unless asked, and the result is told all the same', () => {
    const { client, server } = connectPair(openssl, { version })
    expect(client.getVerifyResult().code).toBe(18)
    expect(client.getVerifyResult().text).toMatch(/self.signed certificate/)
    expect(server.getVerifyResult()).toEqual({ code: 0, text: 'ok' })
    const trusting = connectPair(openssl, { version, client: { ca: certificate.cert } })
    expect(trusting.client.getVerifyResult()).toEqual({ code: 0, text: 'ok' })
  })

  test.each([
    { what: 'trusted, of that name', ca: certificate.cert, verifyHost: 'localhost', code: 0 },
    { what: 'trusted among others', ca: otherCertificate.cert + certificate.cert, verifyHost: 'localhost', code: 0 },
    { what: 'trusted, no name demanded', ca: certificate.cert, verifyHost: undefined, code: 0 },
    { what: 'trusted, of another name', ca: certificate.cert, verifyHost: 'example.com', code: 62 },
    { what: 'not trusted', ca: otherCertificate.cert, verifyHost: 'localhost', code: 18 },
    { what: 'not trusted by the system', ca: undefined, verifyHost: 'localhost', code: 18 },
  ])("verify: 'peer', a server that is $what", ({ ca, verifyHost, code }) => {
    const pair = makePair(openssl, {
      version,
      client: { verify: 'peer', ...(ca === undefined ? { defaultVerifyPaths: true } : { ca }) },
      clientSsl: verifyHost === undefined ? {} : { verifyHost },
    })
    const { client, server } = handshake(pair)
    expect(pair.client.getVerifyResult().code).toBe(code)
    if (code === 0) {
      expect([client.value, server.value]).toEqual([1, 1])
    } else {
      expect(client).toMatchObject({ value: -1, error: 'SSL_ERROR_SSL' })
      expect(client.queue[0]?.reason?.toLowerCase().replaceAll('_', ' ')).toBe('certificate verify failed')
      expect(pair.client.takeEvents()).toMatchObject([{ type: 'alert', direction: 'sent', level: 'fatal' }])
    }
  })

  test.each([
    ['peer', false, true],
    ['require', false, false],
    ['require', true, true],
  ] as const)("a server with verify: '%s', a client with a certificate: %s", (verify, hasCertificate, isWelcome) => {
    const pair = makePair(openssl, {
      version,
      client: hasCertificate ? { cert: otherCertificate.cert, key: otherCertificate.key } : {},
      server: { verify, ca: otherCertificate.cert },
    })
    const { server } = handshake(pair)
    expect(server.value).toBe(isWelcome ? 1 : -1)
    if (hasCertificate) expect(pair.server.getPeerCertificate()).toEqual(der(otherCertificate.cert))
    else if (!isWelcome) {
      expect(server.queue[0]?.reason?.toLowerCase().replaceAll('_', ' ')).toBe('peer did not return a certificate')
    }
  })

  test('both sides export the same, and another label, context or length gives something else', () => {
    const { client, server } = connectPair(openssl, { version })
    const calls: readonly (readonly [length: number, label: string, context?: Buffer])[] = [
      [32, 'EXPERIMENTAL a label'],
      [32, 'EXPERIMENTAL another'],
      [32, 'EXPERIMENTAL a label', Buffer.from('a context')],
      [77, 'EXPERIMENTAL a label'],
    ]
    const exported = calls.map((call) => client.exportKeyingMaterial(...call))
    expect(exported).toEqual(calls.map((call) => server.exportKeyingMaterial(...call)))
    expect(new Set(exported.map(String)).size).toBe(calls.length)
    expect(exported.map(({ length }) => length)).toEqual([32, 32, 32, 77])
  })

  test('in the handshake nothing is exported that the other side does not export when it is done', () => {
    const pair = makePair(openssl, { version })
    const early: Buffer[] = []
    const look = () => {
      for (const ssl of [pair.client, pair.server]) {
        try {
          early.push(ssl.exportKeyingMaterial(32, 'EXPERIMENTAL'))
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_OPENSSL_STATE' })
        }
      }
    }
    for (let flight = 0; flight < 3; flight++) {
      for (const [from, to] of [
        [pair.client, pair.server],
        [pair.server, pair.client],
      ] as const) {
        from.doHandshake()
        const bytes = from.transmit()
        for (let at = 0; at < bytes.length; at += 50) {
          to.receive(bytes.subarray(at, at + 50))
          to.doHandshake()
          look()
        }
      }
    }
    const material = pair.server.exportKeyingMaterial(32, 'EXPERIMENTAL')
    expect(pair.client.exportKeyingMaterial(32, 'EXPERIMENTAL')).toEqual(material)
    expect(early.filter((each) => !each.equals(material))).toEqual([])
  })

  test('before the handshake there is nothing to export, and no session to reuse', () => {
    const { client } = makePair(openssl, { version })
    expect(thrown(() => client.exportKeyingMaterial(32, 'EXPERIMENTAL'))).toContain(
      'ERR_OPENSSL_STATE SSL_export_keying_material is for when the handshake has brought the keys',
    )
    expect(client.sessionReused()).toBe(false)
    // Nothing of the failure is left for the next call.
    expect(client.doHandshake()).toMatchObject({ error: 'SSL_ERROR_WANT_READ', queue: [] })
  })
})

describe.each(buildsAndVersions)('after the handshake of $version on $name', ({ openssl, version }) => {
  test('keys are updated, in 1.3 only', () => {
    const pair = connectPair(openssl, { version, clientSsl: { trace: true }, serverSsl: { trace: true } })
    const { client, server } = pair
    client.takeEvents()
    server.takeEvents()
    const { value } = client.keyUpdate('update_requested')
    expect(value).toBe(version === 'TLSv1.3' ? 1 : 0)
    client.write(Buffer.from('under new keys'))
    expect(String(deliver(client, server))).toBe('under new keys')
    server.write(Buffer.from('here too'))
    expect(String(deliver(server, client))).toBe('here too')
    const messages = server.takeEvents().map((event) => event.type === 'handshake' && [event.message, event.direction])
    expect(messages).toEqual(
      version === 'TLSv1.3'
        ? [
            ['key_update', 'received'],
            ['key_update', 'sent'],
          ]
        : [], // it was requested
    )
    expect(thrown(() => untypedMethod(client, 'keyUpdate')('requested'))).toContain(
      "Expected 'update_requested', 'update_not_requested' for type but received 'requested'",
    )
  })

  test('a certificate is asked for, in 1.3, where the build can', () => {
    if (!openssl.has('SSL_verify_client_post_handshake')) {
      const { server } = connectPair(openssl, { version })
      expect(thrown(() => server.verifyClientPostHandshake())).toContain(
        'ERR_OPENSSL_UNSUPPORTED_CALL SSL_verify_client_post_handshake is not in this build',
      )
      return
    }
    const pair = connectPair(openssl, {
      version,
      client: { postHandshakeAuth: true, cert: otherCertificate.cert, key: otherCertificate.key },
      server: { ...identity, ca: otherCertificate.cert, sessionIdContext: 'later' },
    })
    pair.server.setVerify('require')
    // In 1.2 a server would have to ask before, or renegotiate.
    const { value, queue } = pair.server.verifyClientPostHandshake()
    if (version === 'TLSv1.2') {
      expect([value, queue[0]?.reason]).toEqual([0, 'wrong ssl version'])
      return
    }
    expect([value, queue]).toEqual([1, []])
    expect(pair.server.getPeerCertificate()).toBeUndefined()
    expect(pair.server.doHandshake().value).toBe(1)
    settle(pair)
    expect(pair.server.getPeerCertificate()).toEqual(der(otherCertificate.cert))
  })
})

test.each(openssls)('on $name a handshake of 1.2 that is done again exports nothing until then', ({ openssl }) => {
  const options = openssl.versionNumber >= 0x30000000 ? (['ALLOW_CLIENT_RENEGOTIATION'] as const) : []
  const pair = connectPair(openssl, { version: 'TLSv1.2', server: { options } })
  const first = pair.client.exportKeyingMaterial(32, 'EXPERIMENTAL')
  expect(pair.server.exportKeyingMaterial(32, 'EXPERIMENTAL')).toEqual(first)
  pair.client.renegotiate()
  expect(pair.client.doHandshake().error).toBe('SSL_ERROR_WANT_READ')
  move(pair.client, pair.server)
  expect(pair.server.read().error).toBe('SSL_ERROR_WANT_READ')
  for (const ssl of [pair.client, pair.server]) {
    expect(thrown(() => ssl.exportKeyingMaterial(32, 'EXPERIMENTAL'))).toContain('ERR_OPENSSL_STATE')
  }
  settle(pair)
  const material = pair.client.exportKeyingMaterial(32, 'EXPERIMENTAL')
  expect(pair.server.exportKeyingMaterial(32, 'EXPERIMENTAL')).toEqual(material)
  expect(material).not.toEqual(first)
})

test.each(openssls)('on $name a handshake of 1.2 is done again when it is asked for', ({ openssl }) => {
  const pair = connectPair(openssl, {
    version: 'TLSv1.2',
    server: { options: openssl.versionNumber >= 0x30000000 ? ['ALLOW_CLIENT_RENEGOTIATION'] : [] },
    serverSsl: { trace: true },
  })
  pair.server.takeEvents()
  const pending = () => [pair.client.renegotiatePending(), pair.server.renegotiatePending()]
  expect(pending()).toEqual([false, false])
  expect(pair.client.renegotiate().value).toBe(1)
  expect(pending()).toEqual([true, false])
  expect(pair.client.doHandshake().error).toBe('SSL_ERROR_WANT_READ')
  expect(pending()).toEqual([true, false])
  move(pair.client, pair.server)
  expect(pair.server.read().error).toBe('SSL_ERROR_WANT_READ')
  expect(pending()).toEqual([true, true])
  settle(pair)
  expect(pending()).toEqual([false, false])
  expect(pair.client.doHandshake().value).toBe(1)
  const messages = pair.server.takeEvents().map((event) => event.type === 'handshake' && event.message)
  expect(messages.filter((message) => message === 'finished')).toHaveLength(2)
  const { client } = connectPair(openssl, { version: 'TLSv1.3' })
  expect(client.renegotiate()).toMatchObject({ value: 0, error: 'SSL_ERROR_SSL' })
  expect(client.renegotiatePending()).toBe(false)
})

test.each(buildsAndVersions)('$version on $name: arguments are checked', ({ openssl, version }) => {
  const { client } = makePair(openssl, { version })
  const call = untypedMethod(client, 'exportKeyingMaterial')
  expect(thrown(() => call(0, 'x'))).toContain('1 to 8160 bytes for length but received 0')
  expect(thrown(() => call(8161, 'x'))).toContain('1 to 8160 bytes')
  expect(thrown(() => call(1.5, 'x'))).toContain('a whole number of bytes')
  expect(thrown(() => call(1, 7))).toContain('for label')
  expect(thrown(() => untypedMethod(client, 'setVerify')(true))).toContain(
    "'none', 'peer', 'require', 'report' for verify",
  )
  expect(thrown(() => call(1, 'x', 'context'))).toContain("a Uint8Array for context but received 'context'")
})
