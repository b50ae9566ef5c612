// connect() and createServer() as node:tls has them: whom they trust, what the handshake brings, how they are ended.
import tls from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, createServer, type ServerOptions, type TlsStream } from '../../lib/stream/index.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { collect, once } from '../support/streams.js'
import { tlsVersions } from '../support/pair.js'
import { libraries, portOf } from './pair.js'

const { key, cert, host: servername } = certificate
const address = { host: '127.0.0.1', servername }

async function startServer(options: ServerOptions = {}, serve: (stream: TlsStream) => void = echo): Promise<number> {
  const server = createServer({ key, cert, ...options }, serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return portOf(server)
}

function echo(stream: TlsStream): void {
  stream.on('error', () => undefined)
  stream.pipe(stream)
}

describe('the server is verified', () => {
  test.each([
    ['no CA of its own', {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['another name', { ca: cert, servername: 'other.test' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['another CA', { ca: otherCertificate.cert }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('%s: the error has the code of Node', async (_name, options, code) => {
    const port = await startServer()
    const local = connect({ port, ...address, ...options })
    const { error } = await collect(local)
    expect([error?.code, local.authorized, local.authorizationError]).toEqual([code, false, code])
    const stock = tls.connect({ port, ...address, ...options })
    expect((await collect(stock)).error?.code).toBe(code)
  })

  test('rejectUnauthorized: false goes on, and says why it is not authorized', async () => {
    const local = connect({ port: await startServer(), ...address, rejectUnauthorized: false })
    await once(local, 'secureConnect')
    expect([local.authorized, local.authorizationError]).toEqual([false, 'DEPTH_ZERO_SELF_SIGNED_CERT'])
    local.destroy()
  })

  test('an address is held against the addresses of the certificate, and is no servername', async () => {
    const local = connect({ port: await startServer(), host: '127.0.0.1', ca: cert })
    await once(local, 'secureConnect')
    expect([local.authorized, local.servername, local.getPeerCertificate()?.subject?.CN]).toEqual([
      true,
      false,
      servername,
    ])
    local.destroy()
  })

  test('a check of the program is asked in place of Node', async () => {
    const checkServerIdentity = () => new Error('not this one')
    const local = connect({ port: await startServer(), ...address, ca: cert, checkServerIdentity })
    expect((await collect(local)).error?.message).toBe('not this one')
  })
})

test.each(tlsVersions)('%s: what the handshake has brought, on both sides', async (version) => {
  const accepted: TlsStream[] = []
  const range = { minVersion: version, maxVersion: version, ALPNProtocols: ['b', 'a'] }
  const port = await startServer(range, (stream) => void accepted.push(stream))
  const local = connect({ port, ...address, ca: cert, ...range, ALPNProtocols: ['a', 'b'] })
  const lines: string[] = []
  local.on('keylog', (line: Buffer) => lines.push(String(line)))
  await once(local, 'secureConnect')
  while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const [remote] = accepted
  for (const side of [local, remote]) {
    expect([side?.getProtocol(), side?.alpnProtocol, side?.servername, side?.encrypted]).toEqual([
      version,
      'b',
      servername,
      true,
    ])
  }
  expect(local.getCipher()).toEqual(remote?.getCipher())
  expect(local.exportKeyingMaterial(32, 'test')).toEqual(remote?.exportKeyingMaterial(32, 'test'))
  expect(lines.join('')).toMatch(version === 'TLSv1.3' ? /^SERVER_TRAFFIC_SECRET_0 /m : /^CLIENT_RANDOM /m)
  expect([local.remotePort, local.remoteAddress]).toEqual([port, '127.0.0.1'])
  local.destroy()
  remote?.on('error', () => undefined).destroy()
})

const everyLibrary = libraries.flatMap(({ name, openssl }) =>
  tlsVersions.map((version) => ({ name, openssl, version })),
)

test.each(everyLibrary)("$name, $version: a server that is not trusted is refused, with Node's code", async (each) => {
  const { openssl, version } = each
  const port = await startServer({ minVersion: version, maxVersion: version })
  const untrusted = await collect(connect({ port, ...address, openssl, ca: otherCertificate.cert }))
  expect(untrusted.error?.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  const misnamed = await collect(connect({ port, host: '127.0.0.1', servername: 'other.test', openssl, ca: cert }))
  expect(misnamed.error?.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
})

test.each(everyLibrary)("$name, $version: a session of 'session' is resumed", async ({ openssl, version }) => {
  const port = await startServer({ minVersion: version, maxVersion: version })
  const options = { port, ...address, ca: cert, openssl }
  const first = connect(options)
  first.write('x')
  const session = await new Promise<Buffer>((resolve) => {
    first.once('session', resolve)
    first.resume()
  })
  await first.shutdown()
  const second = connect({ ...options, session })
  await once(second, 'secureConnect')
  expect([first.isSessionReused(), second.isSessionReused()]).toEqual([false, true])
  second.destroy()
})

test.each(everyLibrary)(
  "$name, $version: 'session' is told to who listens from 'secureConnect' on",
  async (library) => {
    const { openssl, version } = library
    const port = await startServer({ minVersion: version, maxVersion: version })
    const stream = connect({ port, ...address, ca: cert, openssl })
    stream.write('x')
    const session = await new Promise<Buffer>((resolve) => {
      stream.once('secureConnect', () => void stream.once('session', resolve).resume())
    })
    expect(session.length).toBeGreaterThan(0)
    stream.destroy()
  },
)

test('a client has to show a certificate that the CA vouches for, where that is asked', async () => {
  const seen: boolean[] = []
  const port = await startServer({ requestCert: true, ca: cert }, (stream) => {
    seen.push(stream.authorized)
    echo(stream)
  })
  const options = { port, ...address, ca: cert }
  const shown = connect({ ...options, key, cert })
  shown.write('hello')
  await once(shown, 'data')
  shown.destroy()
  const refused = await collect(connect(options))
  expect([seen, refused.ended, refused.error?.code]).toEqual([[true], false, 'ERR_TLS_TRUNCATED'])
})

test('a signal, a timeout, and half-open streams', async () => {
  const port = await startServer({ allowHalfOpen: true }, (stream) => {
    stream.on('error', () => undefined)
    stream.resume().on('end', () => stream.end('the rest'))
  })
  const options = { port, ...address, ca: cert }
  const aborted = await collect(connect({ ...options, signal: AbortSignal.abort() }))
  expect(aborted.error?.name).toBe('AbortError')
  const idle = connect({ ...options, timeout: 50 })
  await once(idle, 'timeout')
  idle.destroy()
  const local = connect(options)
  const collected = collect(local)
  local.end('request')
  expect((await collected).bytes.toString()).toBe('the rest')
  expect(await local.report).toMatchObject({ verdict: 'clean' })
})
