// Certificates of both sides: servers that ask for one and do not insist, chains, and what is told of them. Each beside
// the same program on node:tls.
import type { X509Certificate } from 'node:crypto'
import type { Server } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Credentials, makeCredentials } from '../../lib/lab/credentials.js'
import { connect, createServer, type ServerOptions, type TlsStream } from '../../lib/stream/index.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { collect, once } from '../support/streams.js'
import { libraries, portOf } from './pair.js'

const stream = { key: certificate.key, cert: certificate.cert }
let root: Credentials
let intermediate: Credentials
let leaf: Credentials
let expired: Credentials

beforeAll(async () => {
  root = await makeCredentials({ host: 'root.test', ca: true })
  intermediate = await makeCredentials({ host: 'intermediate.test', ca: true, signer: root })
  leaf = await makeCredentials({ host: 'leaf.test', ca: false, signer: intermediate })
  expired = await makeCredentials({ host: 'unknown.test', ca: false, signer: otherCertificate })
})

type Secured = TlsStream | TLSSocket
const either = libraries.flatMap(({ name, openssl }) => tlsVersions.map((version) => ({ name, openssl, version })))

interface Facts {
  readonly authorized: boolean
  readonly error: unknown
  readonly peer: unknown
  readonly chain: unknown
  readonly x509: unknown
  readonly own: unknown
}

/** A walk along the issuers; 'itself' is one that names itself. */
function chainOf(first: object | null): unknown {
  if (first === null || !('subject' in first)) return first
  const walk: unknown[] = []
  let each: unknown = first
  while (typeof each === 'object' && each !== null && 'subject' in each) {
    const { subject } = each
    walk.push(typeof subject === 'string' ? subject.replace('CN=', '') : Reflect.get(Object(subject), 'CN'))
    const issuer: unknown = Reflect.get(each, 'issuerCertificate')
    if (issuer === each) walk.push('itself')
    each = issuer === each ? undefined : issuer
  }
  return walk
}

function factsOf(side: Secured): Facts {
  // First, for Node's call below takes the certificates away from the one above.
  const peer = side.getPeerCertificate()
  const chain = chainOf(side.getPeerCertificate(true))
  const x509: X509Certificate | undefined = side.getPeerX509Certificate()
  return {
    authorized: side.authorized,
    error: side.authorizationError ?? null,
    peer,
    chain,
    x509: x509 === undefined ? undefined : chainOf(x509),
    own: side.getCertificate(),
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return portOf(server)
}

async function bothSides(
  server: Server,
  open: (port: number) => Secured,
): Promise<{ client: Secured; server: Secured }> {
  const accepted = new Promise<Secured>((resolve) => void server.once('secureConnection', resolve))
  const client = open(await listening(server))
  client.on('error', () => undefined)
  onTestFinished(() => void client.destroy())
  await once(client, 'secureConnect')
  const far = await accepted
  far.on('error', () => undefined)
  onTestFinished(() => void far.destroy())
  return { client, server: far }
}

describe.each(either)('$name, $version', ({ openssl, version }) => {
  const range = { minVersion: version, maxVersion: version } as const

  describe('a server that asks and does not insist, as in Node', () => {
    test.each([
      ['one that is trusted', () => ({ cert: leaf.cert + intermediate.cert, key: leaf.key }), true],
      ['none', () => ({}), false],
      ['one that has signed itself', () => otherCertificate, false],
      ['one of an unknown issuer', () => expired, false],
      ['a leaf without its chain', () => leaf, false],
    ])('%s', async (_name, shown, isAuthorized) => {
      const { cert, key }: { cert?: string; key?: string } = shown()
      const asking = { ...stream, ...range, ca: root.cert, requestCert: true, rejectUnauthorized: false }
      const open = (port: number) =>
        tls.connect({
          port,
          host: '127.0.0.1',
          servername: 'localhost',
          ca: certificate.cert,
          ...(cert && { cert, key }),
        })
      const ours = factsOf((await bothSides(createServer({ ...asking, openssl }), open)).server)
      const nodes = factsOf((await bothSides(tls.createServer(asking), open)).server)
      expect(ours.authorized).toBe(isAuthorized)
      // Node's x509 has no issuer on a server.
      expect({ ...ours, x509: undefined }).toEqual({ ...nodes, x509: undefined })
    })
  })

  test('one that insists refuses those, and tells why', async () => {
    const codes: unknown[] = []
    const options: ServerOptions = { ...stream, ...range, ca: root.cert, requestCert: true, openssl }
    const server = createServer(options)
    server.on('tlsClientError', (error: NodeJS.ErrnoException) => codes.push(error.code))
    const port = await listening(server)
    for (const shown of [{}, otherCertificate]) {
      const { key, cert }: { key?: string; cert?: string } = shown
      const address = { port, host: '127.0.0.1', servername: 'localhost', ca: certificate.cert }
      await collect(connect({ ...address, ...(key !== undefined && { key }), ...(cert !== undefined && { cert }) }))
    }
    expect(codes).toEqual([expect.stringMatching(/^ERR_SSL_/), 'DEPTH_ZERO_SELF_SIGNED_CERT'])
  })

  test('a chain of three, with and without its issuers', async () => {
    const shown = { cert: leaf.cert + intermediate.cert, key: leaf.key }
    const server = { ...shown, ...range, ca: root.cert, requestCert: true }
    const client = { host: '127.0.0.1', servername: 'leaf.test', ca: root.cert, ...shown, ...range }
    const ours = await bothSides(createServer({ ...server, openssl }), (port) => connect({ port, ...client, openssl }))
    const nodes = await bothSides(tls.createServer(server), (port) => tls.connect({ port, ...client }))
    expect(factsOf(ours.client)).toEqual(factsOf(nodes.client))
    expect({ ...factsOf(ours.server), x509: undefined }).toEqual({ ...factsOf(nodes.server), x509: undefined })
    expect(factsOf(ours.server).x509).toEqual(['leaf.test', 'intermediate.test'])
    expect(ours.server.getX509Certificate()?.subject).toBe('CN=leaf.test')
    ours.client.destroy()
    nodes.client.destroy()
    await Promise.all([once(ours.client, 'close'), once(nodes.client, 'close')])
    for (const { client: each } of [ours, nodes]) {
      const after = [
        each.getPeerCertificate(),
        each.getPeerX509Certificate(),
        each.getCertificate(),
        each.getX509Certificate(),
      ]
      expect(after).toEqual([null, undefined, null, undefined])
    }
  })

  test("a session that was resumed still has the peer's own certificate, and whom it trusts behind that", async () => {
    const server = createServer({ ...stream, ...range, openssl }, (each) => void each.resume().write('!'))
    server.on('secureConnection', (each: TlsStream) => each.on('error', () => undefined))
    const port = await listening(server)
    const options = { port, host: '127.0.0.1', servername: 'localhost', ca: certificate.cert, openssl }
    const first = connect(options)
    first.resume()
    const session = await new Promise<Buffer>((resolve) => void first.once('session', resolve))
    const second = connect({ ...options, session })
    await once(second, 'secureConnect')
    expect([second.isSessionReused(), chainOf(second.getPeerCertificate(true))]).toEqual([
      true,
      ['localhost', 'itself'],
    ])
    first.destroy()
    second.destroy()
  })
})

test("the program's own check of the server is given the issuers, as in Node", async () => {
  const server = createServer({ cert: leaf.cert + intermediate.cert, key: leaf.key })
  server.on('secureConnection', (each: TlsStream) => each.on('error', () => undefined))
  const port = await listening(server)
  const seen: unknown[] = []
  const checkServerIdentity = (_host: string, shown: object) => {
    seen.push(chainOf(shown))
    return undefined
  }
  const options = { port, host: '127.0.0.1', servername: 'x.test', ca: root.cert, checkServerIdentity }
  for (const client of [connect(options), tls.connect(options)]) {
    await once(client, 'secureConnect')
    client.destroy()
  }
  const chain = ['leaf.test', 'intermediate.test', 'root.test', 'itself']
  expect(seen).toEqual([chain, chain])
})

test('rejectUnauthorized: false counts for a context that insists too', async () => {
  const { createContext, loadOpenSSL } = await import('../../lib/stream/index.js')
  const secureContext = loadOpenSSL().createContext({ side: 'server', verify: 'require', ...stream })
  const client = {
    host: '127.0.0.1',
    servername: 'localhost',
    secureContext: createContext('client', { ca: certificate.cert }),
  }
  const server = createServer({ secureContext, rejectUnauthorized: false })
  const pair = await bothSides(server, (port) => connect({ port, ...client }))
  expect([pair.server.authorized, pair.server.authorizationError]).toEqual([false, 'UNABLE_TO_GET_ISSUER_CERT'])
})
