// undici's connections under closingConnect() are as without it. Each case is one set of options of an Agent, tried with
// and without a policy, by undici's request() and by Node's own fetch, and what came of it is compared.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import http2 from 'node:http2'
import net, { type LookupFunction, type Server as NetServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type ConnectOptions, closingConnect } from '../../lib/index.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { until, watch } from './harness.js'
import { type Undici, undicis } from './undicis.js'

type AgentOptions = NonNullable<ConstructorParameters<Undici['Agent']>[0]>
type Agent = InstanceType<Undici['Agent']>

interface Case {
  readonly agent?: (server: Server) => AgentOptions
  readonly connect?: (server: Server) => ConnectOptions
  /** A server that accepts TCP and says nothing. */
  readonly silent?: true
  /** Something of the outcome, lest the same nothing come of both. */
  readonly shows?: Partial<Outcome>
}

interface Server {
  readonly port: number
  readonly socketPath: string
  readonly handshakes: readonly Handshake[]
}

interface Handshake {
  readonly alpn: TLSSocket['alpnProtocol']
  readonly servername: unknown
  readonly protocol: string | null
  readonly reused: boolean
  readonly from: string | undefined
  readonly certificate: string | readonly string[] | undefined
}

interface Outcome {
  /** Of two requests, one after the other, of one to a silent server: the HTTP version, or the code of the error. */
  readonly answers: readonly string[]
  readonly handshakes: readonly Partial<Handshake>[]
  readonly keepAlive: readonly (readonly unknown[])[]
}

const { cert: ca, key } = certificate

const ipv4: LookupFunction = (_name, { all }, callback) => {
  if (all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

// As of a name that has two addresses, of which the first refuses.
const lookup: LookupFunction = (_name, { all }, callback) => {
  const addresses = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ]
  if (all === true) callback(null, addresses)
  else callback(null, '::1', 6)
}

const failing = (code: string): Partial<Outcome> => ({ answers: [code, code] })

const from = (address: string): Partial<Handshake> => ({ from: address })

const refuse = () => Object.assign(new Error('not this one'), { code: 'ERR_NOT_THIS_ONE' })

const cases: Readonly<Record<string, Case>> = {
  'no options': {},
  'allowH2 of the Agent': { agent: () => ({ allowH2: true }) },
  'allowH2: false of the Agent': { agent: () => ({ allowH2: false }), shows: { answers: ['1.1', '1.1'] } },
  'allowH2 of the connector': { agent: () => ({ allowH2: true }), connect: () => ({ allowH2: true }) },
  'allowH2 of the connector, against the Agent': {
    agent: () => ({ allowH2: true }),
    connect: () => ({ allowH2: false }),
  },
  'connections: 1': { agent: () => ({ connections: 1 }) },
  servername: { connect: () => ({ servername: 'localhost' }) },
  'localAddress of the Agent': {
    agent: () => ({ localAddress: '127.0.0.2', allowH2: false }),
    shows: { handshakes: [from('127.0.0.2'), from('127.0.0.2')] },
  },
  'maxCachedSessions of the Agent': { agent: () => ({ maxCachedSessions: 0 }) },
  'maxCachedSessions of the connector': { connect: () => ({ maxCachedSessions: 0 }) },
  'a wrong maxCachedSessions': { connect: () => ({ maxCachedSessions: -1 }), shows: failing('UND_ERR_INVALID_ARG') },
  'TLS 1.2': { connect: () => ({ maxVersion: 'TLSv1.2' }) },
  "a client's certificate": { connect: () => ({ cert: otherCertificate.cert, key: otherCertificate.key }) },
  'a wrong ca': { connect: () => ({ ca: otherCertificate.cert }), shows: failing('DEPTH_ZERO_SELF_SIGNED_CERT') },
  'rejectUnauthorized: false': { connect: () => ({ ca: otherCertificate.cert, rejectUnauthorized: false }) },
  'a wrong name': { connect: () => ({ servername: 'other.test' }), shows: failing('ERR_TLS_CERT_ALTNAME_INVALID') },
  checkServerIdentity: { connect: () => ({ checkServerIdentity: refuse }), shows: failing('ERR_NOT_THIS_ONE') },
  'keepAlive: false': { connect: () => ({ keepAlive: false }) },
  keepAliveInitialDelay: { connect: () => ({ keepAliveInitialDelay: 5000 }) },
  'socketPath of the Agent': { agent: ({ socketPath }) => ({ socketPath }) },
  'socketPath of the connector': { connect: ({ socketPath }) => ({ socketPath }) },
  'autoSelectFamily of the Agent': { agent: () => ({ autoSelectFamily: true }), connect: () => ({ lookup }) },
  'autoSelectFamily: false of the Agent': {
    agent: () => ({ autoSelectFamily: false }),
    connect: () => ({ lookup }),
    shows: failing('ECONNREFUSED'),
  },
  'autoSelectFamily of the connector': { connect: () => ({ lookup, autoSelectFamily: true }) },
  'timeout of the connector': {
    connect: () => ({ timeout: 300 }),
    silent: true,
    shows: { answers: ['UND_ERR_CONNECT_TIMEOUT'] },
  },
  'connectTimeout of the Agent': {
    agent: () => ({ connectTimeout: 300 }),
    silent: true,
    shows: { answers: ['UND_ERR_CONNECT_TIMEOUT'] },
  },
  'timeout of the connector, against the Agent': {
    agent: () => ({ connectTimeout: 60_000 }),
    connect: () => ({ timeout: 300 }),
    silent: true,
    shows: { answers: ['UND_ERR_CONNECT_TIMEOUT'] },
  },
}

type Call = (undici: Undici, url: string, dispatcher: Agent) => Promise<string>

const callers: Readonly<Record<string, Call>> = {
  'request()': async ({ request }, url, dispatcher) => (await request(url, { dispatcher })).body.text(),
  "Node's fetch": async ({ getGlobalDispatcher, setGlobalDispatcher }, url, dispatcher) => {
    const before = getGlobalDispatcher()
    setGlobalDispatcher(dispatcher)
    try {
      return await (await fetch(url)).text()
    } finally {
      setGlobalDispatcher(before)
    }
  },
}

// undici's cache holds its sessions weakly: here none is collected between two requests.
const sessions: unknown[] = []
const holdSessions = (message: unknown) => {
  const socket: unknown = typeof message === 'object' && message !== null ? Reflect.get(message, 'socket') : undefined
  if (socket instanceof TLSSocket) socket.on('session', (session) => sessions.push(session))
}
beforeEach(() => {
  subscribe('undici:client:connected', holdSessions)
})
afterEach(() => {
  unsubscribe('undici:client:connected', holdSessions)
})

describe.each(undicis)('%s under closingConnect() connects as without it', (_name, undici) => {
  let timedOut: Promise<readonly [TimedOut, TimedOut]>
  let stop: () => void = () => undefined
  // Ten seconds, beside the other cases.
  beforeAll(async () => {
    let connections = 0
    const { port } = await listen(
      () => connections++,
      (end) => (stop = end),
    )
    const url = `https://127.0.0.1:${port}/`
    timedOut = Promise.all([timeOut(undici, url, {}), timeOut(undici, url, { connect: closingConnect()() })])
    // The cases look at what each connection is told.
    await until(() => connections === 2)
  })
  afterAll(() => stop())

  describe.each(Object.entries(callers))('%s', (_caller, call) => {
    test.each(Object.entries(cases))('%s', async (_case, { agent, connect, silent, shows }) => {
      const attempt = async (underPolicy: (options: ConnectOptions) => object) => {
        const server = await (silent === true ? silentServer() : answeringServer())
        const options = { ca, lookup: ipv4, ...connect?.(server) }
        const dispatcher = new undici.Agent({ ...agent?.(server), connect: underPolicy(options) })
        return outcomeOf(server, dispatcher, silent === true ? 1 : 2, (url) => call(undici, url, dispatcher))
      }
      const stock = await attempt((options) => options)
      const connecting = closingConnect({ onTruncation: 'error' })
      const { control, reports } = watch(connecting.control)
      const ours = await attempt(connecting)
      expect(ours).toEqual(stock)
      if (shows !== undefined) expect(ours).toMatchObject(shows)
      await until(() => control.connections === 0)
      if (ours.answers.every((answer) => /^\d/.test(answer))) expect(reports).toHaveLength(ours.handshakes.length)
    })
  })

  test('the timeout by default is that of stock', async () => {
    const [stock, ours] = await timedOut
    expect([stock.code, ours.code]).toEqual(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT'])
    expect(ours.ms / stock.ms).toBeGreaterThan(0.8)
    expect(ours.ms / stock.ms).toBeLessThan(1.25)
  })

  test.each(['Client', 'Pool'] as const)('%s', async (kind) => {
    const attempt = async (underPolicy: (options: ConnectOptions) => object) => {
      const server = await answeringServer()
      const options = { connect: underPolicy({ ca, lookup: ipv4, maxCachedSessions: 0 }), allowH2: true }
      const dispatcher = new undici[kind](`https://localhost:${server.port}`, options)
      const { body } = await dispatcher.request({ path: '/', method: 'GET' })
      const version = await body.text()
      await dispatcher.close()
      return { version, handshakes: server.handshakes }
    }
    const connecting = closingConnect()
    const { report } = watch(connecting.control)
    const stock = await attempt((options) => options)
    expect(await attempt(connecting)).toEqual(stock)
    expect(stock.version).toBe('2.0')
    await report()
  })
})

async function outcomeOf(
  server: Server,
  agent: Agent,
  requests: number,
  call: (url: string) => Promise<string>,
): Promise<Outcome> {
  const setKeepAlive = vi.spyOn(net.Socket.prototype, 'setKeepAlive')
  const answers: string[] = []
  for (let i = 0; i < requests; i++) answers.push(await answerOf(call(`https://localhost:${server.port}/`)))
  await agent.destroy()
  const keepAlive = setKeepAlive.mock.calls.map((args) => [...args])
  setKeepAlive.mockRestore()
  return { answers, handshakes: [...server.handshakes], keepAlive }
}

async function answerOf(answer: Promise<string>): Promise<string> {
  return answer.catch(codeIn)
}

interface TimedOut {
  readonly code: string
  readonly ms: number
}

async function timeOut({ Agent, request }: Undici, url: string, options: AgentOptions): Promise<TimedOut> {
  const began = performance.now()
  const code = await request(url, { dispatcher: new Agent(options) }).then(() => 'no error', codeIn)
  return { code, ms: performance.now() - began }
}

function codeIn(error: unknown): string {
  const { cause = error }: { cause?: unknown } = error instanceof Error ? error : {}
  const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined
  return typeof code === 'string' ? code : String(error)
}

async function silentServer(): Promise<Server> {
  return { handshakes: [], ...(await listen(() => undefined)) }
}

/** Over HTTP/1.1 it closes after each response: the next request is a connection of its own. */
async function answeringServer(): Promise<Server> {
  const handshakes: Handshake[] = []
  const server = http2.createSecureServer(
    { key, cert: ca, ca: otherCertificate.cert, requestCert: true, rejectUnauthorized: false, allowHTTP1: true },
    ({ httpVersion }, response) => {
      if (httpVersion === '1.1') response.setHeader('Connection', 'close')
      response.end(httpVersion)
    },
  )
  server.on('secureConnection', (socket: TLSSocket) => {
    handshakes.push({
      alpn: socket.alpnProtocol,
      servername: Reflect.get(socket, 'servername'),
      protocol: socket.getProtocol(),
      reused: socket.isSessionReused(),
      from: socket.remoteAddress,
      certificate: socket.getPeerCertificate().subject?.CN,
    })
  })
  return { handshakes, ...(await listen((socket) => server.emit('connection', socket))) }
}

/** `atEnd` is given what closes it. */
async function listen(
  onConnection: (socket: net.Socket) => unknown,
  atEnd: (close: () => void) => unknown = onTestFinished,
): Promise<{ port: number; socketPath: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'close-notify-'))
  const socketPath = path.join(folder, 'socket')
  const sockets = new Set<net.Socket>()
  const start = (where: { port: 0; host: string } | { path: string }) =>
    new Promise<NetServer>((resolve) => {
      const server = net.createServer((socket) => {
        sockets.add(socket.on('error', () => undefined))
        onConnection(socket)
      })
      server.listen(where, () => {
        resolve(server)
      })
    })
  const servers = await Promise.all([start({ port: 0, host: '127.0.0.1' }), start({ path: socketPath })])
  atEnd(() => {
    for (const server of servers) server.close()
    for (const socket of sockets) socket.destroy()
    rmSync(folder, { recursive: true })
  })
  const address = servers[0].address()
  if (address === null || typeof address === 'string') throw new TypeError('Expected a TCP address')
  return { port: address.port, socketPath }
}
