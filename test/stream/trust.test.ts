// Whom a stream trusts, where options could seem to say something that they do not.
import { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadOpenSSL, type Ssl } from '../../lib/openssl/index.js'
import {
  connect,
  type ConnectOptions,
  createContext,
  createServer,
  type ServerOptions,
  TlsStream,
} from '../../lib/stream/index.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { collect, once } from '../support/streams.js'
import { libraries, portOf } from './pair.js'
import { tcpPair } from './wrapped.js'

const { key, cert, host: servername } = certificate
const address = { host: '127.0.0.1', servername }

async function startServer(options: ServerOptions = { key, cert }): Promise<number> {
  const server = createServer(options, (stream) => {
    stream.on('error', () => undefined)
    stream.resume().write('an answer')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return portOf(server)
}

function client(options: ConnectOptions): TlsStream {
  const stream = connect({ ...address, ...options })
  onTestFinished(() => void stream.destroy())
  return stream
}

describe('beside secureContext', () => {
  const ofServer = createContext('server', { key, cert, ca: cert })
  const ofClient = createContext('client', { ca: cert })

  test.each(['requestCert', 'ca', 'key', 'ciphers', 'minVersion', 'openssl'] as const)(
    '%s is refused, for it would do nothing',
    (name) => {
      const value = { requestCert: true, ca: cert, key, ciphers: 'ALL', minVersion: 'TLSv1.3', openssl: loadOpenSSL() }
      const option: object = { [name]: value[name] }
      const message = `nothing beside secureContext, which is made with it, for ${name}`
      expect(() => createServer({ secureContext: ofServer, ...option })).toThrow(message)
      if (name === 'requestCert') return
      expect(() => connect({ port: 1, secureContext: ofClient, ...option })).toThrow(message)
    },
  )

  test('a context of the other side is refused', () => {
    expect(() => createServer({ secureContext: ofClient })).toThrow("createContext('server')")
    expect(() => connect({ port: 1, secureContext: ofServer })).toThrow("createContext('client')")
  })

  test('rejectUnauthorized: false counts', async () => {
    const secureContext = createContext('client', { ca: otherCertificate.cert })
    const local = client({ port: await startServer(), secureContext, rejectUnauthorized: false })
    await once(local, 'secureConnect')
    expect([local.authorized, local.authorizationError]).toEqual([false, 'DEPTH_ZERO_SELF_SIGNED_CERT'])
  })
})

describe("the program's own check", () => {
  test('that gives null has no objection, as in Node', async () => {
    const check: object = { checkServerIdentity: () => null }
    const local = client({ port: await startServer(), ca: cert, ...check })
    await once(local, 'secureConnect')
    expect(local.authorized).toBe(true)
  })

  test.each([true, false])('that throws refuses the server, rejectUnauthorized: %s', async (rejectUnauthorized) => {
    const reason = new Error('another pin')
    const checkServerIdentity = () => {
      throw reason
    }
    const local = client({ port: await startServer(), ca: cert, checkServerIdentity, rejectUnauthorized })
    const { bytes, error } = await collect(local)
    expect([bytes.length, error, local.authorized]).toEqual([0, reason, false])
  })
})

test('no session of a server that is refused is given, in TLS 1.2 either', async () => {
  const port = await startServer({ key: otherCertificate.key, cert: otherCertificate.cert, maxVersion: 'TLSv1.2' })
  const seen: unknown[] = []
  const refused = client({ port, ca: otherCertificate.cert })
  refused.on('session', () => seen.push('session'))
  const { error } = await collect(refused)
  expect([error?.code, seen]).toEqual(['ERR_TLS_CERT_ALTNAME_INVALID', []])
  const accepted = client({ port, ca: otherCertificate.cert, servername: otherCertificate.host })
  accepted.on('session', () => seen.push('session'))
  accepted.on('secureConnect', () => seen.push('secureConnect'))
  await once(accepted, 'data')
  expect(seen).toEqual(['secureConnect', 'session'])
})

test('the empty servername asks for none, and host counts', async () => {
  const local = client({ port: await startServer(), servername: '', ca: cert })
  await once(local, 'secureConnect')
  expect([local.servername, local.authorized]).toEqual([false, true])
})

test('where no name was given nobody is authorized', async () => {
  const { client: near, server: far } = await tcpPair()
  const server = new TlsStream(far, { context: createContext('server', { key, cert }) })
  const local = new TlsStream(near, { context: createContext('client', { ca: cert }), rejectUnauthorized: false })
  for (const stream of [server, local]) {
    stream.on('error', () => undefined)
    onTestFinished(() => void stream.destroy())
  }
  await once(local, 'secureConnect')
  expect([local.authorized, local.authorizationError]).toEqual([false, 'ERR_TLS_CERT_ALTNAME_INVALID'])
})

test("a handshake that the server ends is no fault of the server's certificate", async () => {
  const port = await startServer({ key, cert, ca: cert, requestCert: true, maxVersion: 'TLSv1.2' })
  const local = client({ port, rejectUnauthorized: false })
  const { error } = await collect(local)
  expect(error?.code).toMatch(/^ERR_SSL_/)
  expect(local.authorizationError).toBeUndefined()
})

test('a transport with an encoding is refused', () => {
  const transport = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done(), encoding: 'utf8' })
  expect(() => new TlsStream(transport, { context: createContext('server', { key, cert }) })).toThrow(
    'a Duplex without an encoding',
  )
})

const legacy = libraries.filter(({ openssl }) => openssl.kind === 'OpenSSL' && openssl.versionNumber < 0x30000000)

test.each(legacy)("$name: a client's renegotiation is refused", ({ openssl }) => {
  const ours = createContext('server', { key, cert, openssl, maxVersion: 'TLSv1.2' }).createSsl()
  const theirs = openssl.createContext({ side: 'client', maxVersion: 'TLSv1.2' }).createSsl()
  const exchange = (from: Ssl, to: Ssl) => {
    to.receive(from.transmit())
    to.read()
  }
  theirs.doHandshake()
  for (let flight = 0; flight < 4; flight++) {
    exchange(theirs, ours)
    exchange(ours, theirs)
  }
  expect([ours.inInit(), theirs.inInit()]).toEqual([false, false])
  theirs.renegotiate()
  theirs.doHandshake()
  exchange(theirs, ours)
  exchange(ours, theirs)
  const alerts = theirs.takeEvents().filter(({ type }) => type === 'alert')
  expect(alerts).toContainEqual(expect.objectContaining({ name: 'no_renegotiation', direction: 'received' }))
  ours.free()
  theirs.free()
})
