// Agents that are no https.Agent, and proxies: what makes TLS sockets for requests is under the policy.
import { HttpsAgent as AgentKeepAlive } from 'agentkeepalive'
import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { createRequire } from 'node:module'
import tls from 'node:tls'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClosureTarget, closingConnect, controlClosure } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { connectProxy } from './connect-proxy.js'
import { ample, httpsServer, stock, tlsServer, until, watch } from './harness.js'
import { undicis } from './undicis.js'

const { cert: ca, host: servername } = certificate

const secure = (options: object) => tls.connect(options)

/** An http.Agent with a createConnection() of the program's own. */
function making(
  createConnection: (options: object, callback: (error: null, socket: unknown) => void) => unknown,
): http.Agent {
  return Object.assign(new http.Agent(), { protocol: 'https:', createConnection })
}

/** Hands each request to another agent, as proxy-agent does. */
class Delegating extends http.Agent {
  readonly protocol = 'https:'
  readonly #inner = new https.Agent()

  addRequest(...args: unknown[]): void {
    const addRequest: unknown = Reflect.get(this.#inner, 'addRequest')
    if (typeof addRequest === 'function') Reflect.apply(addRequest, this.#inner, args)
  }
}

/** Shares nothing with http.Agent. */
class Bare {
  addRequest(request: ClientRequest, options: tls.ConnectionOptions): void {
    request.onSocket(tls.connect(options))
  }
}

type Make = () => ClosureTarget | Promise<ClosureTarget>

const agents: Readonly<Record<string, Make>> = {
  'https.Agent': () => new https.Agent(),
  agentkeepalive: () => new AgentKeepAlive({ keepAlive: false }),
  'an http.Agent with a createConnection() of its own': () => making(secure),
  'an http.Agent whose createConnection() calls back': () =>
    making((options, callback) => {
      setImmediate(() => {
        callback(null, secure(options))
      })
    }),
  'an agent that hands requests to another': () => new Delegating(),
  'an agent with addRequest() alone': () => new Bare(),
  'https-proxy-agent': async () => new HttpsProxyAgent(await connectProxy('http')),
  'https-proxy-agent, its proxy by TLS': async () => new HttpsProxyAgent(await connectProxy('https'), { ca }),
  'https-proxy-agent 5': async () => proxyAgent5(await connectProxy('http')),
}

// Its types do not fit today's.
function proxyAgent5(url: string): ClosureTarget {
  const require = createRequire(import.meta.url)
  const loaded: unknown = require('https-proxy-agent5')
  const Agent5: unknown = typeof loaded === 'function' ? Reflect.get(loaded, 'HttpsProxyAgent') : undefined
  const agent: unknown = typeof Agent5 === 'function' ? Reflect.construct(Agent5, [url]) : undefined
  if (!isBare(agent)) throw new TypeError('Expected an agent')
  return agent
}

function isBare(value: unknown): value is Bare {
  return typeof value === 'object' && value !== null && 'addRequest' in value
}

interface Answer {
  readonly body: string
  readonly code: unknown
}

function request(port: number, agent: ClosureTarget): Promise<Answer> {
  return new Promise((resolve) => {
    let body = ''
    let code: unknown
    const failed = (error: Error) => {
      code = Reflect.get(error, 'code')
    }
    const closed = () => {
      resolve({ body, code })
    }
    const options: https.RequestOptions = { host: '127.0.0.1', port, ca, servername, protocol: 'https:' }
    // The types know agents of node:http only.
    Reflect.set(options, 'agent', agent)
    const req = https.request(options, (res: IncomingMessage) => {
      res.setEncoding('utf8').on('data', (data: string) => {
        body += data
      })
      res.on('error', failed)
    })
    req.on('error', failed).on('close', closed).end()
  })
}

/** The methods that a policy wraps, where they are the object's own. */
function traces(target: object): unknown {
  const isOwn = (name: string) => Object.hasOwn(target, name)
  return ['addRequest', 'createConnection'].filter(isOwn).map((name): unknown => Reflect.get(target, name))
}

describe.each(tlsVersions)('%s', (version) => {
  describe.each(Object.entries(agents))('%s', (_name, make) => {
    test('the connection closes as told, and stop() leaves nothing on the agent', async () => {
      const relay = await stock(
        httpsServer(version, (_req, res) => res.writeHead(200, { connection: 'close' }).end('whole')),
      )
      const agent = await make()
      const before = traces(agent)
      const { control, report } = watch(controlClosure(agent, { mode: 'bidirectional', waitTimeout: ample }))
      expect(await request(relay.port, agent)).toEqual({ body: 'whole', code: undefined })
      expect(await report()).toMatchObject({ side: 'client', verdict: 'clean', mode: 'bidirectional' })
      const wire = await relay.nextWire()
      // The requests behind it may be lost: the stock server resets the connection when it is cold.
      await wire.seen('client', 'alert warning close_notify')
      control.stop()
      expect(traces(agent)).toEqual(before)
    })

    test('a cut message fails', async () => {
      const relay = await stock(cuttingServer(version))
      const agent = await make()
      watch(controlClosure(agent, { onTruncation: 'error' }))
      expect(await request(relay.port, agent)).toEqual({ body: 'half a bo', code: 'ERR_TLS_TRUNCATED' })
    })
  })
})

test('kept connections of an agent from before the call are left alone', async () => {
  const relay = await stock(httpsServer('TLSv1.3', (_req, res) => res.end('ok')))
  const agent = new HttpsProxyAgent(await connectProxy('http'), { keepAlive: true })
  onTestFinished(() => {
    agent.destroy()
  })
  await request(relay.port, agent)
  const { control } = watch(controlClosure(agent))
  await request(relay.port, agent)
  expect(relay.wires).toHaveLength(1)
  expect(control.connections).toBe(0)
})

function cuttingServer(version: tls.SecureVersion) {
  return tlsServer(version === 'TLSv1.2' ? 'TLSv1.2' : 'TLSv1.3', (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhalf a bo', () => socket.destroy())
    })
  })
}

describe.each(undicis)("%s's ProxyAgent", (_name, { ProxyAgent, request: undiciRequest }) => {
  const outcome = async (port: number, dispatcher: InstanceType<typeof ProxyAgent>): Promise<unknown> => {
    const { body } = await undiciRequest(`https://localhost:${port}/`, { dispatcher })
    const codeOf = (error: unknown): unknown => (error instanceof Error ? Reflect.get(error, 'code') : error)
    return body.text().catch(codeOf)
  }

  test('requestTls puts the connections through the proxy under the policy', async () => {
    const relay = await stock(cuttingServer('TLSv1.3'))
    const connecting = closingConnect({ onTruncation: 'error' })
    const { report } = watch(connecting.control)
    const dispatcher = new ProxyAgent({ uri: await connectProxy('http'), requestTls: connecting({ ca }) })
    expect(await outcome(relay.port, dispatcher)).toBe('ERR_TLS_TRUNCATED')
    expect(await report()).toMatchObject({ verdict: 'truncated' })
    await dispatcher.destroy()
  })

  test('proxyTls puts the connection to a proxy by TLS under the policy', async () => {
    const relay = await stock(httpsServer('TLSv1.3', (_req, res) => res.end('whole')))
    const connecting = closingConnect({ onDestroy: 'close_notify' })
    const { control, reports } = watch(connecting.control)
    const connect = connecting({ ca })
    const dispatcher = new ProxyAgent({ uri: await connectProxy('https'), proxyTls: connect, requestTls: connect })
    expect(await outcome(relay.port, dispatcher)).toBe('whole')
    expect(control.connections).toBe(2)
    await dispatcher.close()
    await until(() => control.connections === 0)
    expect(reports).toHaveLength(2)
  })

  test('connect is dropped by undici itself, as docs/policy.md says', async () => {
    const relay = await stock(httpsServer('TLSv1.3', (_req, res) => res.end('whole')))
    const connecting = closingConnect()
    const { control } = watch(connecting.control)
    const options = { uri: await connectProxy('http'), requestTls: { ca }, connect: connecting({ ca }) }
    const dispatcher = new ProxyAgent(options)
    expect(await outcome(relay.port, dispatcher)).toBe('whole')
    expect(control.connections).toBe(0)
    await dispatcher.destroy()
  })
})
