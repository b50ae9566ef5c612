// What a server decides by the ClientHello: contexts by host name, and protocols. Each beside the same program on node:tls.
import { connect as connectTcp, type Server } from 'node:net'
import tls, { type ConnectionOptions, type SecureContext, type TLSSocket } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SslContext } from '../../lib/openssl/index.js'
import { requireWaiting } from '../../lib/stream/client-hello.js'
import {
  connect,
  createContext,
  createServer,
  loadOpenSSL,
  type ServerOptions,
  type TlsServer,
  type TlsStream,
} from '../../lib/stream/index.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { collect, delay, once, turns } from '../support/streams.js'
import { libraries, portOf } from './pair.js'

const own = { key: certificate.key, cert: certificate.cert }
const other = { key: otherCertificate.key, cert: otherCertificate.cert }
const everyLibrary = libraries.flatMap(({ name, openssl }) =>
  tlsVersions.map((version) => ({ name, openssl, version })),
)

/** Options of a server, whatever its contexts are. */
interface Choices<Context> {
  readonly SNICallback?: (servername: string, answer: (error: Error | null, context?: Context) => void) => void
  readonly ALPNCallback?: (offer: { servername: string | false; protocols: string[] }) => string | undefined
  readonly ALPNProtocols?: string[]
}

interface Scenario {
  readonly name: string
  readonly options?: <Context>(other: Context, log: unknown[]) => Choices<Context>
  readonly added?: readonly string[]
  /** Whether a client has heard of a certificate by then is a matter of the release. */
  readonly serverAlone?: true
  readonly client: ConnectionOptions
}

const protocols = ['h2', 'http/1.1']
const named: ConnectionOptions = { servername: 'asked.test' }

const scenarios: readonly Scenario[] = [
  {
    name: 'a context at once',
    options: (one) => ({ SNICallback: (_name, answer) => answer(null, one) }),
    client: named,
  },
  {
    name: 'a context later',
    options: (one) => ({ SNICallback: (_name, answer) => void setTimeout(answer, 10, null, one) }),
    client: named,
  },
  { name: 'no context', options: () => ({ SNICallback: (_name, answer) => answer(null) }), client: named },
  {
    name: 'an error, later',
    options: () => ({
      SNICallback: (_name, answer) => void setTimeout(answer, 10, Object.assign(new Error(), { code: 'E_MINE' })),
    }),
    client: named,
  },
  {
    name: 'two answers',
    options: (one) => ({
      SNICallback: (_name, answer) => {
        answer(null, one)
        answer(null, one)
      },
    }),
    serverAlone: true,
    client: named,
  },
  {
    name: 'the name that is asked for',
    options: (one, log) => ({
      SNICallback: (name, answer) => {
        log.push(name)
        answer(null, one)
      },
    }),
    client: named,
  },
  {
    name: 'no name',
    options: (one, log) => ({
      SNICallback: (name, answer) => {
        log.push(name)
        answer(null, one)
      },
    }),
    client: { servername: '' },
  },
  {
    name: 'ALPNProtocols beside a context',
    options: (one) => ({ ALPNProtocols: ['http/1.1'], SNICallback: (_name, answer) => answer(null, one) }),
    client: { ...named, ALPNProtocols: protocols },
  },
  {
    name: 'ALPNCallback',
    options: (_one, log) => ({
      ALPNCallback: (offer) => {
        log.push(offer)
        return 'http/1.1'
      },
    }),
    client: { ...named, ALPNProtocols: protocols },
  },
  {
    name: 'ALPNCallback, no name',
    options: (_one, log) => ({
      ALPNCallback: (offer) => {
        log.push(offer)
        return 'h2'
      },
    }),
    client: { servername: '', ALPNProtocols: protocols },
  },
  {
    name: 'ALPNCallback beside a context that comes later',
    options: (one) => ({
      ALPNCallback: () => 'h2',
      SNICallback: (_name, answer) => void setTimeout(answer, 10, null, one),
    }),
    client: { ...named, ALPNProtocols: protocols },
  },
  {
    name: 'ALPNCallback that refuses',
    options: () => ({ ALPNCallback: () => undefined }),
    client: { ...named, ALPNProtocols: protocols },
  },
  {
    name: 'ALPNCallback that chooses what is not offered',
    options: () => ({ ALPNCallback: () => 'imap' }),
    client: { ...named, ALPNProtocols: protocols },
  },
  {
    name: 'ALPNCallback, nothing offered',
    options: (_one, log) => ({
      ALPNCallback: (offer) => {
        log.push(offer)
        return 'h2'
      },
    }),
    client: named,
  },
  ...[
    ['one.test', 'one.test'],
    ['one.test', 'two.test'],
    ['*.one.test', 'x.one.test'],
    ['*.one.test', 'x.y.one.test'],
    ['*.one.test', 'one.test'],
    ['*.one.test', '.one.test'],
    ['x*z.test', 'xyz.test'],
    ['*', 'localhost'],
    ['*', 'one.test'],
    ['one.test', 'oneXtest'],
    ['a.*.test', 'a.b.test'],
  ].map(([added = '', servername = '']) => ({
    name: `addContext('${added}'), asked for ${servername}`,
    added: [added],
    client: { servername },
  })),
  {
    name: 'addContext() beside SNICallback',
    options: () => ({ SNICallback: (_name, answer) => answer(null) }),
    added: ['asked.test'],
    client: named,
  },
  {
    name: 'addContext() beside ALPNProtocols',
    options: () => ({ ALPNProtocols: ['h2'] }),
    added: ['*.test'],
    client: { ...named, ALPNProtocols: protocols },
  },
]

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return portOf(server)
}

/** What both sides have seen of one connection. */
async function outcome(server: Server, options: ConnectionOptions, log: readonly unknown[]) {
  const seen = new Promise((resolve) => {
    server.once('secureConnection', (stream: TlsStream | TLSSocket) => {
      stream.on('error', () => undefined).resume()
      resolve([stream.servername, stream.alpnProtocol, stream.getCertificate()].map(commonName))
    })
    server.once('tlsClientError', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
  const client = tls.connect({
    port: await listening(server),
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...options,
  })
  const failed = new Promise<NodeJS.ErrnoException>((resolve) => void client.once('error', resolve))
  const secured = new Promise((resolve) => void client.once('secureConnect', resolve))
  onTestFinished(() => void client.destroy())
  const error = await Promise.race([failed, secured.then(() => undefined)])
  const told = error === undefined ? [commonName(client.getPeerCertificate()), client.alpnProtocol] : error.code
  return { server: await seen, client: told, log }
}

// The types of Node know of no client that names no host.
function nodesServer(options: object): tls.Server {
  const server: unknown = Reflect.apply(tls.createServer, tls, [options])
  if (!(server instanceof tls.Server)) throw new Error("expected a server of Node's")
  return server
}

function commonName(value: unknown): unknown {
  const subject: unknown = Reflect.get(Object(value), 'subject')
  return subject === undefined ? value : Reflect.get(Object(subject), 'CN')
}

describe.each(everyLibrary)('$name, $version', ({ openssl, version }) => {
  const range = { minVersion: version, maxVersion: version } as const

  test.each(scenarios)('$name', async ({ options, added = [], serverAlone = false, client }) => {
    const ourLog: unknown[] = []
    const nodesLog: unknown[] = []
    const ourChoices = options?.<SslContext>(createContext('server', { ...other, openssl }), ourLog)
    const nodesChoices = options?.<SecureContext>(tls.createSecureContext(other), nodesLog)
    const ours = createServer({ ...own, ...range, openssl, ...ourChoices })
    const nodes = nodesServer({ ...own, ...range, ...nodesChoices })
    for (const name of added) {
      ours.addContext(name, other)
      nodes.addContext(name, other)
    }
    const seen = await outcome(ours, client, ourLog)
    const expected = await outcome(nodes, client, nodesLog)
    expect(seen).toEqual(serverAlone ? { ...expected, client: seen.client } : expected)
  })

  test('what a callback throws is the error of the stream', async () => {
    const thrown = new Error('mine')
    const fail = () => {
      throw thrown
    }
    for (const options of [{ SNICallback: fail }, { ALPNCallback: fail }]) {
      const server = createServer({ ...own, ...range, openssl, ...options })
      const error = new Promise((resolve) => void server.once('tlsClientError', resolve))
      const port = await listening(server)
      const client = tls.connect({ port, host: '127.0.0.1', ...named, ALPNProtocols: protocols })
      expect((await collect(client)).error?.code).toBe('ECONNRESET')
      expect(await error).toBe(thrown)
    }
  })

  test('contexts of Node, of a client and of another library are refused, with what to give', async () => {
    const foreign = libraries.find((each) => each.openssl !== openssl)
    const wrong: readonly (readonly [object, string])[] = [
      [
        tls.createSecureContext(other),
        "an SslContext of createContext('server', options), not one of tls.createSecureContext()",
      ],
      [createContext('client', { openssl }), "an SslContext of createContext('server', options)"],
      ...(foreign === undefined
        ? []
        : [[createContext('server', { ...other, openssl: foreign.openssl }), 'libraries never mix'] as const]),
    ]
    for (const [context, message] of wrong) {
      const server: TlsServer = createServer({
        ...{ ...own, ...range, openssl },
        SNICallback: (_name, answer) => void Reflect.apply(answer, undefined, [null, context]),
      })
      expect(() => void Reflect.apply(server.addContext.bind(server), undefined, ['asked.test', context])).toThrow(
        message,
      )
      const error = new Promise((resolve) => void server.once('tlsClientError', resolve))
      const client = tls.connect({ port: await listening(server), host: '127.0.0.1', ...named })
      await collect(client)
      const refusal: unknown = await error
      expect(refusal).toMatchObject({ code: 'ERR_CLOSURE_INVALID_ARGUMENT' })
      expect(String(refusal)).toContain(message)
    }
  })

  test('the chosen context brings its ALPN and whom it trusts', async () => {
    const server = createServer({
      ...own,
      ...range,
      openssl,
      ca: certificate.cert,
      requestCert: true,
      ALPNProtocols: ['h2'],
    })
    server.addContext('asked.test', { ...other, ca: otherCertificate.cert, ALPNProtocols: ['http/1.1'] })
    const port = await listening(server)
    for (const [servername, shown, alpn] of [
      ['asked.test', other, 'http/1.1'],
      ['localhost', own, 'h2'],
    ] as const) {
      const accepted = new Promise<TlsStream>((resolve) => void server.once('secureConnection', resolve))
      const client = connect({
        ...{ port, host: '127.0.0.1', servername, ALPNProtocols: protocols, ...shown },
        rejectUnauthorized: false,
      })
      await once(client, 'secureConnect')
      const stream = await accepted
      stream.on('error', () => undefined)
      expect([stream.authorized, stream.alpnProtocol, stream.servername]).toEqual([true, alpn, servername])
      client.destroy()
    }
  })

  test('sessions are resumed, and data and closing are as ever', async () => {
    const server = createServer({ ...own, ...range, openssl }, (stream) => void stream.pipe(stream))
    server.addContext('*.test', other)
    const port = await listening(server)
    const address = { port, host: '127.0.0.1', openssl, ca: otherCertificate.cert, servername: otherCertificate.host }
    const first = connect(address)
    const came = new Promise<Buffer>((resolve) => void first.once('session', resolve))
    first.write('hello')
    const collected = collect(first)
    const session = await came
    first.end()
    expect((await collected).bytes.toString()).toBe('hello')
    expect(await first.report).toMatchObject({ verdict: 'clean' })
    const second = connect({ ...address, session })
    second.end('again')
    await once(second, 'secureConnect')
    expect(second.isSessionReused()).toBe(true)
    expect((await collect(second)).bytes.toString()).toBe('again')
  })

  test('a client that goes, or floods, while the answer is awaited', async () => {
    const answers: (() => void)[] = []
    const server = createServer({
      ...{ ...own, ...range, openssl },
      SNICallback: (_name, answer) =>
        void answers.push(() => {
          answer(null, createContext('server', { ...other, openssl }))
        }),
    })
    const errors: NodeJS.ErrnoException[] = []
    server.on('tlsClientError', (error: NodeJS.ErrnoException) => errors.push(error))
    const port = await listening(server)
    const hello = openssl
      .createContext({ side: 'client', ...range })
      .createSsl({ servername: 'asked.test' })
      .pump().output
    const bytes = Buffer.from(hello)
    for (const act of ['goes', 'floods'] as const) {
      const accepted = new Promise<{ readonly bytesRead: number }>((resolve) => void server.once('connection', resolve))
      const raw = connectTcp(port, '127.0.0.1').on('error', () => undefined)
      onTestFinished(() => void raw.destroy())
      raw.write(bytes)
      const far = await accepted
      while (answers.length === 0) await turns(1)
      if (act === 'goes') raw.destroy()
      else {
        raw.write(Buffer.alloc(32 * 1024 * 1024))
        let last = -1
        while (last !== far.bytesRead) {
          last = far.bytesRead
          await delay(20)
        }
        expect(far.bytesRead).toBeLessThan(1024 * 1024)
      }
      if (act === 'goes') while (errors.length === 0) await turns(1)
      answers.pop()?.()
      while (errors.length === 0) await turns(1)
      const codes = errors.splice(0).map(({ code }) => code?.replace(/^ERR_SSL_.*/, 'ERR_SSL'))
      expect(codes).toEqual([act === 'goes' ? 'ECONNRESET' : 'ERR_SSL'])
    }
  })
})

test('a library that cannot wait for an answer is refused by the name of what it lacks', () => {
  const { kind, version, versionNumber } = loadOpenSSL()
  const lacking = ['SSL_CTX_set_client_hello_cb']
  const identity = { kind, version, versionNumber, libssl: undefined, libcrypto: undefined }
  expect(() => requireWaiting({ ...identity, lacking })).toThrow(/addContext\(\).* need SSL_CTX_set_client_hello_cb/)
  expect(() => requireWaiting({ ...identity, lacking: [] })).not.toThrow()
})

test('what cannot be meant is refused', () => {
  const server = createServer(own)
  const options: ServerOptions = { ...own, ALPNProtocols: ['h2'], ALPNCallback: () => 'h2' }
  expect(() => createServer(options)).toThrow('nothing beside ALPNProtocols for ALPNCallback')
  expect(() => server.addContext('', other)).toThrow('the name of a host for hostname')
  const untyped = (option: object) => () => createServer({ ...own, ...option })
  expect(untyped({ SNICallback: 5 })).toThrow('a function for SNICallback')
  expect(untyped({ ALPNCallback: 'h2' })).toThrow('a function for ALPNCallback')
  expect(() => void Reflect.apply(server.addContext.bind(server), undefined, ['x.test', { nonsense: 1 }])).toThrow(
    'nonsense',
  )
})

test('contexts that come late count for the next connection', async () => {
  const server = createServer(own)
  const port = await listening(server)
  const shown = async (): Promise<unknown> => {
    const client = connect({ port, host: '127.0.0.1', servername: 'asked.test', rejectUnauthorized: false })
    await once(client, 'secureConnect')
    const name = commonName(client.getPeerCertificate())
    client.destroy()
    return name
  }
  server.on('secureConnection', (stream: TlsStream) => stream.on('error', () => undefined))
  expect(await shown()).toBe('localhost')
  server.addContext('asked.test', other)
  server.addContext('*.test', own)
  server.addContext('*.test', createContext('server', other))
  expect(await shown()).toBe('other.test')
  // As in Node since 22.
  server.addContext('ASKED.test', own)
  expect(await shown()).toBe('localhost')
})

const programOf = (dist: string, given: { readonly own: object; readonly other: object }) => `
const { createServer, connect } = await import(${JSON.stringify(dist)})
const { parentPort } = await import('node:worker_threads')
const { own, other } = ${JSON.stringify(given)}
const server = createServer({ ...own, SNICallback: (_name, answer) => setTimeout(answer, 1, null, null) })
const second = createServer(own, (stream) => stream.on('error', () => {}))
second.addContext('*.test', other)
server.on('secureConnection', (stream) => stream.on('error', () => {}))
let done = 0
for (const [each, expected] of [[server, 'localhost'], [second, 'other.test']]) {
  await new Promise((resolve) => each.listen(0, '127.0.0.1', resolve))
  for (let i = 0; i < 10; i++) {
    const client = connect({ port: each.address().port, host: '127.0.0.1', servername: 'x.test', rejectUnauthorized: false })
    await new Promise((resolve, reject) => client.once('secureConnect', resolve).once('error', reject))
    if (client.getPeerCertificate().subject.CN === expected) done++
    client.destroy()
  }
  each.close()
}
parentPort.postMessage(done)
`

test('in several threads at once', async () => {
  const dist = new URL('../../dist/lib/stream/index.js', import.meta.url).href
  const program = `(async () => {${programOf(dist, { own, other })}})()`
  const workers = Array.from({ length: 2 }, () => new Worker(program, { eval: true }))
  const done = await Promise.all(
    workers.map(
      (worker) => new Promise<unknown>((resolve, reject) => void worker.once('message', resolve).once('error', reject)),
    ),
  )
  await Promise.all(workers.map(async (worker) => worker.terminate()))
  expect(done).toEqual([20, 20])
})
