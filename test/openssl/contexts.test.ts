// Contexts: what each option does, what is refused, and by whom.
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { loadOpenSSL, type SslContextOptions, type SslOp } from '../../lib/openssl/index.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { builds } from './builds.js'
import { connectPair, deliver, handshake, identity, makePair } from './ssl-pair.js'
import { thrown, untypedMethod } from './thrown.js'

const der = (pem: string) => new X509Certificate(pem).raw

describe.each(builds)('on $name ($openssl.version), createContext', ({ openssl }) => {
  test('takes PEM as text and as bytes, a chain, and an encrypted key', () => {
    const passphrase = 'a passphrase'
    const key = createPrivateKey(certificate.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase,
    })
    const cert = Buffer.from(certificate.cert + otherCertificate.cert)
    const { client } = connectPair(openssl, {
      version: 'TLSv1.2',
      server: { cert, key, passphrase },
      clientSsl: { trace: true },
    })
    expect(client.getPeerCertificate()).toEqual(der(certificate.cert))
    const sent = client.takeEvents().flatMap((event) => (event.type === 'handshake' ? [event] : []))
    const chain = sent.find(({ message }) => message === 'certificate')?.bytes
    expect(chain?.includes(der(certificate.cert))).toBe(true)
    expect(chain?.includes(der(otherCertificate.cert))).toBe(true)
  })

  test.each([
    [{ cert: 'no PEM' }, 'SSL_CTX_use_certificate failed'],
    [{ cert: certificate.cert.slice(0, 200) }, 'SSL_CTX_use_certificate failed'],
    [{ key: certificate.cert }, 'SSL_CTX_use_PrivateKey failed'],
    [{ cert: certificate.cert, key: otherCertificate.key }, 'SSL_CTX_use_PrivateKey failed'],
    [{ key: certificate.key, cert: '' }, 'SSL_CTX_use_certificate failed'],
    [{ ca: 'no PEM' }, 'X509_STORE_add_cert failed'],
    [{ ciphers: 'no-such-cipher' }, 'SSL_CTX_set_cipher_list failed'],
    [{ groups: 'no-such-group' }, 'SSL_CTX_set1_groups_list failed'],
    [{ sessionIdContext: 'x'.repeat(33) }, 'SSL_CTX_set_session_id_context failed'],
  ])('gives what OpenSSL refuses as an error with its reason: %j', (options, message) => {
    expect(thrown(() => openssl.createContext({ side: 'server', ...options }))).toContain(
      `ERR_OPENSSL_CALL_FAILED ${message}`,
    )
    // Nothing of it is left for the next call.
    connectPair(openssl)
  })

  test('refuses an encrypted key without its passphrase, or with another one, and asks nobody', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'right' })
    for (const more of [{}, { passphrase: 'wrong' }]) {
      const failure = thrown(() => openssl.createContext({ side: 'server', key, ...more }))
      expect(failure).toContain('ERR_OPENSSL_CALL_FAILED SSL_CTX_use_PrivateKey failed')
    }
    openssl.createContext({ side: 'server', key, passphrase: 'right' })
  })

  test('keeps to the range of versions', () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect(connectPair(openssl, { client: { maxVersion: version } }).client.getVersion()).toBe(version)
      expect(connectPair(openssl, { server: { minVersion: version, maxVersion: version } }).server.getVersion()).toBe(
        version,
      )
    }
    const results = handshake(
      makePair(openssl, { client: { minVersion: 'TLSv1.3' }, server: { maxVersion: 'TLSv1.2' } }),
    )
    expect([results.client.error, results.server.error]).toEqual(['SSL_ERROR_SSL', 'SSL_ERROR_SSL'])
  })

  test('keeps to the ciphers and the groups', () => {
    const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256'
    expect(connectPair(openssl, { version: 'TLSv1.2', server: { ciphers } }).client.getCipher()).toBe(ciphers)
    const groups = { client: { groups: 'X25519' }, server: { groups: 'P-256' } } as const
    expect(handshake(makePair(openssl, groups)).client.error).toBe('SSL_ERROR_SSL')
    connectPair(openssl, { client: { groups: 'X25519:P-256' }, server: { groups: 'P-256' } })
  })

  test('chooses a cipher suite of TLS 1.3, or says that the build lacks the call', () => {
    const ciphersuites = 'TLS_CHACHA20_POLY1305_SHA256'
    if (openssl.has('SSL_CTX_set_ciphersuites')) {
      expect(connectPair(openssl, { client: { ciphersuites } }).server.getCipher()).toBe(ciphersuites)
      expect(thrown(() => openssl.createContext({ side: 'client', ciphersuites: 'no-such' }))).toContain(
        'ERR_OPENSSL_CALL_FAILED',
      )
    } else {
      const failure = thrown(() => openssl.createContext({ side: 'client', ciphersuites }))
      expect(failure).toContain('ERR_OPENSSL_UNSUPPORTED_CALL SSL_CTX_set_ciphersuites is not in this build')
    }
  })

  test('hands its quiet shutdown on to what is made of it, when it is made', () => {
    const context = openssl.createContext({ side: 'client', quietShutdown: true })
    expect(context.getQuietShutdown()).toBe(true)
    const ssl = context.createSsl()
    context.setQuietShutdown(false)
    expect([context.getQuietShutdown(), ssl.getQuietShutdown()]).toEqual([false, true])
    expect(context.createSsl().getQuietShutdown()).toBe(false)
    expect(openssl.createContext({ side: 'client' }).getQuietShutdown()).toBe(false)
  })

  test('records the key log, on both sides the same secrets', () => {
    const { client, server } = connectPair(openssl, {
      version: 'TLSv1.3',
      client: { keylog: true },
      server: { keylog: true },
    })
    const lines = [client, server].map((ssl) =>
      ssl
        .takeEvents()
        .flatMap((event) => (event.type === 'keylog' ? [event.line] : []))
        .sort(),
    )
    expect(lines[0]?.length).toBeGreaterThanOrEqual(5)
    expect(lines[0]).toEqual(lines[1])
    expect(lines[0]).toContainEqual(expect.stringMatching(/^SERVER_HANDSHAKE_TRAFFIC_SECRET [0-9a-f]{64} [0-9a-f]+$/))
  })

  test('reads ahead, gives buffers back, sends the tickets asked for: all of it works', () => {
    const options = { readAhead: true, releaseBuffers: true } as const
    const pair = connectPair(openssl, { version: 'TLSv1.3', client: options, server: { ...options, tickets: 0 } })
    pair.server.write(Buffer.from('one'))
    pair.server.write(Buffer.from('two'))
    expect(String(deliver(pair.server, pair.client))).toBe('onetwo')
  })

  test.each([0, 1, 4])('sends %i tickets', (tickets) => {
    const pair = makePair(openssl, { version: 'TLSv1.3', server: { tickets }, clientSsl: { trace: true } })
    handshake(pair)
    // BoringSSL sends them with the first data.
    pair.server.write(Buffer.from('data'))
    expect(String(deliver(pair.server, pair.client))).toBe('data')
    const messages = pair.client.takeEvents().map((event) => event.type === 'handshake' && event.message)
    expect(messages.filter((message) => message === 'new_session_ticket')).toHaveLength(tickets)
  })
})

describe('SSL_OP_', () => {
  test.each(builds)('NO_TICKET and NO_TLSv1_3 do on $name what they do everywhere', ({ openssl }) => {
    const pair = connectPair(openssl, {
      version: 'TLSv1.2',
      server: { options: ['NO_TICKET', 'NO_TICKET'] },
      clientSsl: { trace: true },
    })
    const messages = pair.client.takeEvents().map((event) => event.type === 'handshake' && event.message)
    expect(messages).not.toContain('new_session_ticket')
    expect(connectPair(openssl, { client: { options: ['NO_TLSv1_3'] } }).client.getVersion()).toBe('TLSv1.2')
  })

  const kinds: readonly (readonly [SslOp, readonly string[]])[] = [
    ['IGNORE_UNEXPECTED_EOF', ['OpenSSL 3', 'OpenSSL 4']],
    ['NO_RENEGOTIATION', ['OpenSSL 1.1.1', 'OpenSSL 3', 'OpenSSL 4']],
    ['ALLOW_UNSAFE_LEGACY_RENEGOTIATION', ['OpenSSL 1.1.1', 'OpenSSL 3', 'OpenSSL 4']],
    ['CIPHER_SERVER_PREFERENCE', ['OpenSSL', 'BoringSSL']],
    ['PREFER_NO_DHE_KEX', ['OpenSSL 3.5', 'OpenSSL 4']],
  ]

  test.each(builds.flatMap(({ name, openssl }) => kinds.map(([option, have]) => ({ name, openssl, option, have }))))(
    '$option on $name: set, or refused by name',
    ({ openssl, option, have }) => {
      const create = () => openssl.createContext({ side: 'client', options: [option] })
      if (have.some((version) => openssl.version.startsWith(version))) create().free()
      else expect(thrown(create)).toContain(`ERR_OPENSSL_UNSUPPORTED_CALL ${openssl.version} lacks SSL_OP_${option}`)
    },
  )

  test.each(builds.filter(({ openssl }) => openssl.kind === 'OpenSSL'))(
    'NO_RENEGOTIATION keeps $name from it',
    ({ openssl }) => {
      for (const refuses of [false, true]) {
        const options: readonly SslOp[] = refuses ? ['NO_RENEGOTIATION'] : ['ALLOW_CLIENT_RENEGOTIATION']
        const hasOption = refuses || openssl.versionNumber >= 0x30000000
        const { client, server } = connectPair(openssl, {
          version: 'TLSv1.2',
          server: { options: hasOption ? options : [] },
        })
        expect(client.renegotiate().value).toBe(1)
        client.doHandshake()
        server.receive(client.transmit())
        server.read()
        expect(server.takeEvents().filter((event) => event.type === 'alert')).toMatchObject(
          refuses ? [{ direction: 'sent', level: 'warning', name: 'no_renegotiation' }] : [],
        )
      }
    },
  )
})

describe('createContext checks', () => {
  const openssl = loadOpenSSL()

  test.each<readonly [options: unknown, message: string]>([
    [undefined, "Expected 'client', 'server' for side but received undefined"],
    [null, 'an object for options but received null'],
    [{ side: 'both' }, "Expected 'client', 'server' for side but received 'both'"],
    [{ side: 'client', certs: '' }, "releaseBuffers, keylog for options but received 'certs'"],
    [{ side: 'client', cert: 1 }, 'PEM as a string or a Uint8Array for cert but received 1'],
    [{ side: 'client', key: {} }, 'for key but received {}'],
    [{ side: 'client', ca: ['x'] }, "for ca but received [ 'x' ]"],
    [{ side: 'client', passphrase: 1 }, 'for passphrase'],
    [{ side: 'client', verify: true }, "'none', 'peer', 'require', 'report' for verify but received true"],
    [{ side: 'client', verify: 'constructor' }, 'for verify'],
    [
      { side: 'client', minVersion: 'TLS1.2' },
      "'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3' for minVersion but received 'TLS1.2'",
    ],
    [{ side: 'client', maxVersion: 4 }, 'for maxVersion'],
    [{ side: 'client', ciphers: 'a\0b' }, 'a string without a zero for ciphers'],
    [{ side: 'client', ciphersuites: 1 }, 'for ciphersuites'],
    [{ side: 'client', groups: [] }, 'for groups'],
    [{ side: 'client', alpn: 'h2' }, "an array of names for alpn but received 'h2'"],
    [{ side: 'client', alpn: [] }, 'an array of names for alpn'],
    [{ side: 'client', alpn: [''] }, "names of 1 to 255 bytes for alpn but received ''"],
    [{ side: 'client', alpn: ['x'.repeat(256)] }, 'names of 1 to 255 bytes'],
    [{ side: 'client', alpn: Array.from({ length: 300 }, () => 'x'.repeat(255)) }, 'at most 65535 bytes together'],
    [{ side: 'client', sessionCache: 'on' }, "'off', 'client', 'server', 'both', 'client-no-store' for sessionCache"],
    [{ side: 'client', sessionIdContext: 7 }, 'for sessionIdContext'],
    [{ side: 'server', tickets: -1 }, 'a whole number of tickets, 0 or more for tickets'],
    [{ side: 'server', tickets: 1e6 }, 'at most 1000 tickets'],
    [{ side: 'client', options: 'NO_TICKET' }, 'an array of names for options'],
    [
      { side: 'client', options: ['SSL_OP_NO_TICKET'] },
      "the name without SSL_OP_, 'NO_TICKET', for options but received 'SSL_OP_NO_TICKET'",
    ],
    [{ side: 'client', options: ['NO_SUCH'] }, "LEGACY_EC_POINT_FORMATS for options but received 'NO_SUCH'"],
    [{ side: 'client', options: [3] }, 'for options but received 3'],
    ...['defaultVerifyPaths', 'quietShutdown', 'postHandshakeAuth', 'readAhead', 'releaseBuffers', 'keylog'].map(
      (name) => [{ side: 'client', [name]: 1 }, `Expected a boolean for ${name} but received 1`] as const,
    ),
  ])('%j', (options, message) => {
    const failure = thrown(() => untypedMethod(openssl, 'createContext')(options))
    expect(failure).toMatch(/^ERR_CLOSURE_INVALID_ARGUMENT Expected /)
    expect(failure).toContain(message)
  })

  test('the options of createSsl and the argument of setQuietShutdown', () => {
    const context = openssl.createContext({ side: 'client' } satisfies SslContextOptions)
    const createSsl = untypedMethod(context, 'createSsl')
    for (const [options, message] of [
      [7, 'an object for options'],
      [{ servername: 1 }, 'for servername'],
      [{ servername: 'a\0' }, 'for servername'],
      [{ verifyHost: null }, 'for verifyHost'],
      [{ session: {} }, 'an SslSession for session but received {}'],
      [{ trace: 'yes' }, 'a boolean for trace'],
      [{ maxOutput: 0.5 }, 'a whole number of bytes, 0 or more for maxOutput'],
      [{ serverName: 'x' }, 'one of the keys servername, verifyHost, session, trace, maxOutput'],
    ] as const) {
      expect(thrown(() => createSsl(options))).toContain(message)
    }
    expect(thrown(() => untypedMethod(context, 'setQuietShutdown')(1))).toContain('a boolean for quiet')
  })

  test('an option that is not named stays as OpenSSL has it', () => {
    const context = openssl.createContext({ side: 'server', ...identity })
    expect(context.side).toBe('server')
    expect(context.openssl).toBe(openssl)
    expect(connectPair(openssl).client.getVersion()).toBe('TLSv1.3')
  })
})
