// undici, whose option `connect` gives streams of ours, before Node's own servers.
import http2 from 'node:http2'
import https from 'node:https'
import tls, { type TLSSocket } from 'node:tls'
import type { buildConnector, Dispatcher } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { codeOf } from '../../policy/truncation/outcomes.js'
import { undicis, type Undici } from '../../policy/undicis.js'
import { certificate } from '../../support/certificate.js'
import { type DriverSocket, listening, type Stack, stacks } from './stacks.js'

const { key, cert, host } = certificate
const body = Buffer.alloc(512 * 1024, 'a body for undici ')

const drivers = undicis.flatMap(([name, undici]) => stacks.map((stack) => ({ name, undici, stack })))

describe.each(drivers)('$name over $stack.name', ({ undici, stack }) => {
  test('its pool takes two connections for many requests, and uses them again', async () => {
    const { relay, port } = await webServer()
    const { dispatcher, made } = poolOf(undici, stack, port, { connections: 2 })
    expect(await lengthsOf(20, dispatcher)).toEqual(Array.from({ length: 20 }, () => body.length))
    const { body: counted } = await dispatcher.request({ path: '/count', method: 'POST', body })
    expect(await counted.text()).toBe(String(body.length))
    expect(made.length).toBe(2)
    expect(relay.wires.length).toBe(2)
    await dispatcher.close()
    expect(made.map(({ destroyed }) => destroyed)).toEqual([true, true])
  })

  test('pipelined requests', async () => {
    const { port } = await webServer()
    const { dispatcher } = poolOf(undici, stack, port, { connections: 1, pipelining: 4 })
    expect(await lengthsOf(8, dispatcher)).toEqual(Array.from({ length: 8 }, () => body.length))
  })

  test('http2, where ALPN says so', async () => {
    const server = http2.createSecureServer({ key, cert }, (_request, response) => response.end(body))
    const { port, drained } = await listening(server)
    const { dispatcher, made } = poolOf(undici, stack, port, { connections: 1, allowH2: true }, ['h2'])
    expect(await lengthsOf(5, dispatcher)).toEqual(Array.from({ length: 5 }, () => body.length))
    expect(made.map(({ alpnProtocol }) => alpnProtocol)).toEqual(['h2'])
    await dispatcher.close()
    await drained()
  })

  describe('a response that has neither a length nor chunks', () => {
    test('is whole where close_notify ends it', async () => {
      const { port } = await halfServer((socket) => socket.end())
      const { dispatcher } = poolOf(undici, stack, port, {})
      const { body: answer } = await dispatcher.request({ path: '/', method: 'GET' })
      expect(await answer.text()).toBe('half')
    })

    test.each(['fin', 'rst'] as const)('fails where %s cuts it', async (how) => {
      const { port, relay } = await halfServer(() => undefined)
      const { dispatcher } = poolOf(undici, stack, port, {})
      const { body: answer } = await dispatcher.request({ path: '/', method: 'GET' })
      const wire = await relay.nextWire()
      const reading = answer.text().catch(codeOf)
      wire.cut('server', { afterBytes: 0, with: how })
      // undici takes a RST for an orderly end, too.
      expect(await reading).toBe(stack.isOurs ? 'ERR_TLS_TRUNCATED' : 'half')
    })

    test('fails in fetch, too', async () => {
      const { port, relay } = await halfServer(() => undefined)
      const { dispatcher } = poolOf(undici, stack, port, {})
      const response = await undici.fetch(`https://${host}/`, { dispatcher })
      const wire = await relay.nextWire()
      const reading = response.text().catch((error: unknown) => codeOf(Reflect.get(Object(error), 'cause')))
      wire.cut('server', { afterBytes: 0, with: 'fin' })
      expect(await reading).toBe(stack.isOurs ? 'ERR_TLS_TRUNCATED' : 'half')
    })
  })

  test('a server that is not trusted is refused, with its code', async () => {
    const { port } = await webServer()
    const dispatcher = new undici.Agent({
      connect: connector(stack, port, [], ['http/1.1'], { refuse: true }),
    })
    onTestFinished(() => dispatcher.destroy())
    const asked = dispatcher.request({ origin: `https://${host}`, path: '/', method: 'GET' })
    await expect(asked).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  })
})

function lengthsOf(count: number, dispatcher: Dispatcher): Promise<readonly number[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { body: answer } = await dispatcher.request({ path: '/whole', method: 'GET' })
      return (await answer.arrayBuffer()).byteLength
    }),
  )
}

interface PoolOptions {
  readonly connections?: number
  readonly pipelining?: number
  readonly allowH2?: boolean
}

function poolOf(undici: Undici, stack: Stack, port: number, options: PoolOptions, protocols = ['http/1.1']) {
  const made: DriverSocket[] = []
  const dispatcher: Dispatcher = new undici.Pool(`https://${host}`, {
    ...options,
    connect: connector(stack, port, made, protocols),
  })
  onTestFinished(() => dispatcher.destroy())
  return { dispatcher, made }
}

function connector(
  stack: Stack,
  port: number,
  made: DriverSocket[],
  ALPNProtocols: string[],
  { refuse = false } = {},
): buildConnector.connector {
  return (_options, callback) => {
    const socket = stack.connect(port, { ALPNProtocols, trusts: !refuse })
    made.push(socket)
    // undici's types want a socket of Node's.
    socket.once('secureConnect', () => {
      Reflect.apply(callback, undefined, [null, socket])
    })
    socket.once('error', (error: Error) => callback(error, null))
  }
}

function webServer() {
  const server = https.createServer({ key, cert }, (request, response) => {
    if (request.url === '/whole') {
      response.end(body)
      return
    }
    let bytes = 0
    request.on('data', (chunk: Buffer) => (bytes += chunk.length))
    request.on('end', () => response.end(String(bytes)))
  })
  return listening(server)
}

function halfServer(then: (socket: TLSSocket) => unknown) {
  const server = tls.createServer({ key, cert }, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf')
      then(socket)
    })
  })
  return listening(server)
}
