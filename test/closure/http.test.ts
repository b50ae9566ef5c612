// shutdown() on the sockets of https: the server's, which http parses natively, and the client's.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClosureReport, closureOf, type ShutdownOptions } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import type { RelayOptions } from '../support/relay.js'
import { once } from '../support/streams.js'
import { describeEvent } from '../support/wire.js'
import { behindRelay, clientOf } from './servers.js'
import { closeNotify, closeNotifyAndFin, text, turns, withCode } from './sides.js'

const modes = ['quiet', 'unidirectional', 'bidirectional'] as const
const { key, cert } = certificate

interface Shut {
  /** The report that shutdown() resolved with. */
  readonly given: ClosureReport
  /** The report of the whole connection. */
  readonly final: Promise<ClosureReport>
}

interface ServeOptions {
  readonly delay?: RelayOptions['delay']
  /** The handler awaits it before it answers. */
  readonly ready?: (req: IncomingMessage) => Promise<void> | undefined
}

/** An https server that answers each request with `answer` and shuts its socket down at once. */
async function serve(
  version: TlsVersion,
  options: ShutdownOptions,
  answer: (res: ServerResponse) => void,
  { delay = 0, ready = () => undefined }: ServeOptions = {},
) {
  const requests: string[] = []
  let settle: (shut: Shut) => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const shut = new Promise<Shut>((resolve, reject) => {
    settle = resolve
    fail = reject
  })
  const handler = (req: IncomingMessage, res: ServerResponse) => {
    requests.push(`${req.method} ${req.url}`)
    const closure = closureOf(tlsSocket(req.socket))
    const close = async () => {
      await ready(req)
      answer(res)
      settle({ given: await closure.shutdown(options), final: closure.report })
    }
    close().catch(fail)
  }
  const relay = await behindRelay(
    createServer({ key, cert, minVersion: version, maxVersion: version, allowHalfOpen: true }, handler),
    { delay },
  )
  return { relay, requests, shut }
}

/** Nobody reads the request's body: http fills its buffer and then stops the handle. */
async function untilReadingStopped(req: IncomingMessage): Promise<void> {
  const handle: unknown = Reflect.get(req.socket, '_handle')
  if (typeof handle !== 'object' || handle === null) throw new TypeError('Expected a live socket')
  while (Reflect.get(handle, 'reading') !== false) await turns(1)
}

function tlsSocket(socket: unknown): TLSSocket {
  if (!(socket instanceof TLSSocket)) throw new TypeError('Expected a TLSSocket')
  return socket
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

describe.each(tlsVersions)("a server's socket, %s", (version) => {
  describe.each(modes)('%s', (mode) => {
    test.each([
      ['Connection: close', 5],
      ['keep-alive', 5],
      ['Connection: close', 3_000_000],
      ['keep-alive', 3_000_000],
    ] as const)(
      'the whole response (%s, %i bytes) goes first, then the alert of the mode, then FIN',
      async (kind, size) => {
        const { relay, shut } = await serve(
          version,
          { mode, flushTimeout: 20_000 },
          (res) => {
            if (kind === 'Connection: close') res.setHeader('Connection', 'close')
            res.setHeader('Content-Length', size)
            res.end('b'.repeat(size))
          },
          { delay: { client: 10 } },
        )
        const client = clientOf(relay.port, { minVersion: version })
        const received = text(client)
        client.write(get('/'))
        const { given, final } = await shut
        const body = (await received).text.split('\r\n\r\n')[1]
        expect(body?.length).toBe(size)
        // http destroys the socket as soon as FIN has gone, when the response said so.
        const unidirectional = kind === 'keep-alive' ? 'clean' : 'half-closed'
        const verdict = { quiet: 'quiet', unidirectional, bidirectional: 'clean' }[mode]
        expect(await final).toMatchObject({ mode, verdict, undeliveredBytes: 0, began: 'local' })
        expect(given.endedBy).toBe('done')
        const wire = await relay.nextWire()
        await wire.seen('server', 'fin')
        expect(wire.closing('server').filter((line) => line !== 'rst')).toEqual(
          mode === 'quiet' ? ['fin'] : closeNotifyAndFin,
        )
        if (mode !== 'bidirectional') return
        const order = wire.events.map((event) => `${event.from} ${describeEvent(event)}`)
        expect(order.indexOf(`client ${closeNotify}`)).toBeLessThan(order.indexOf('server fin'))
        expect(order.indexOf(`client ${closeNotify}`)).toBeGreaterThan(0)
      },
    )
  })

  test('a request that comes while FIN is held never runs a handler, and is counted', async () => {
    const { relay, requests, shut } = await serve(version, { mode: 'bidirectional', waitTimeout: 20_000 }, (res) => {
      res.setHeader('Connection', 'close')
      res.end('ok')
    })
    const client = clientOf(relay.port, { minVersion: version, allowHalfOpen: true })
    const received = text(client)
    client.write(get('/a'))
    await once(client, 'end')
    const late = 'POST /transfer-money HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi'
    client.write(late)
    client.end()
    const { given } = await shut
    expect(given).toMatchObject({ verdict: 'clean', endedBy: 'done', discardedBytes: late.length })
    expect(requests).toEqual(['GET /a'])
    expect((await received).text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*ok/)
    const wire = await relay.nextWire()
    await wire.seen('server', 'fin')
    expect(wire.closing('server')).toEqual(closeNotifyAndFin)
  })

  test('without the closing the same request does run: what the test before this one excludes can happen', async () => {
    const requests: string[] = []
    const server = createServer({ key, cert, minVersion: version, maxVersion: version }, (req, res) => {
      requests.push(`${req.method} ${req.url}`)
      res.end('ok')
    })
    const relay = await behindRelay(server)
    const client = clientOf(relay.port, { minVersion: version, allowHalfOpen: true })
    client.write(get('/a'))
    await once(client, 'data')
    client.write(get('/b'))
    await once(client, 'data')
    client.end()
    expect(requests).toEqual(['GET /a', 'GET /b'])
  })

  test.each([
    { name: 'early', ready: undefined },
    { name: 'when http had stopped reading', ready: untilReadingStopped },
  ])(
    'an upload that was answered $name is drained within the budget, and the answer arrives whole',
    async ({ ready }) => {
      const size = 3_000_000
      const options = { mode: 'bidirectional', maxDiscardBytes: 2 * size, waitTimeout: 20_000 } as const
      const { relay, requests, shut } = await serve(
        version,
        options,
        (res) => {
          res.writeHead(413, { Connection: 'close' })
          res.end('no')
        },
        ready === undefined ? {} : { ready },
      )
      const client = clientOf(relay.port, { minVersion: version, allowHalfOpen: true })
      const received = text(client)
      client.write(`POST /u HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\n`)
      client.write(Buffer.alloc(size))
      client.end()
      const { given, final } = await shut
      expect(given).toMatchObject({ verdict: 'clean', endedBy: 'done' })
      // The parser may have had a part of it before the handler ran.
      expect(given.discardedBytes).toBeGreaterThan(size / 2)
      expect((await received).text).toMatch(/^HTTP\/1\.1 413 [\s\S]*no/)
      expect(await final).toMatchObject({ verdict: 'clean' })
      expect(requests).toEqual(['POST /u'])
      const wire = await relay.nextWire()
      await wire.seen('server', 'fin')
      expect(wire.closing('server')).toEqual(closeNotifyAndFin)
    },
  )

  test('an upload beyond the budget ends the closing as flooded', async () => {
    const options = { mode: 'bidirectional', maxDiscardBytes: 100_000, waitTimeout: 20_000 } as const
    const { relay, shut } = await serve(version, options, (res) => {
      res.writeHead(413, { Connection: 'close' })
      res.end('no')
    })
    const client = clientOf(relay.port, { minVersion: version, allowHalfOpen: true })
    client.resume()
    client.write('POST /u HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n')
    client.write(Buffer.alloc(10_000_000))
    const { given } = await shut
    expect(given).toMatchObject({ verdict: 'flooded', endedBy: 'discard-limit' })
  })

  test("onData: 'deliver' is refused, and the exchange goes on", async () => {
    const { relay, shut } = await serve(version, { mode: 'bidirectional', onData: 'deliver' }, (res) => {
      res.setHeader('Connection', 'close')
      res.end('ok')
    })
    const client = clientOf(relay.port, { minVersion: version })
    const received = text(client)
    client.write(get('/'))
    await expect(shut).rejects.toMatchObject(withCode('ERR_CLOSURE_OWNED'))
    expect((await received).text).toMatch(/ok/)
  })
})

describe.each(tlsVersions)("a client's socket, %s", (version) => {
  test.each([0, 5])('that is being shut down is not given to the next request, %i turns later', async (later) => {
    const server = createServer({ key, cert, minVersion: version, maxVersion: version }, (_req, res) =>
      res.end('whole'),
    )
    const relay = await behindRelay(server, { delay: { server: 50 } })
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: cert, servername: certificate.host })
    onTestFinished(() => agent.destroy())
    const first = await exchange(relay.port, agent)
    const closing = closureOf(first.socket).shutdown({ mode: 'bidirectional', waitTimeout: 20_000 })
    await turns(later)
    const second = await exchange(relay.port, agent)
    expect(second.body).toBe('whole')
    expect(second.socket).not.toBe(first.socket)
    expect(await closing).toMatchObject({ verdict: 'clean' })
  })

  test.each(modes)('after a whole response from the pool: %s', async (mode) => {
    const server = createServer({ key, cert, minVersion: version, maxVersion: version }, (_req, res) =>
      res.end('whole'),
    )
    const relay = await behindRelay(server)
    const agent = new Agent({ keepAlive: true, ca: cert, servername: certificate.host })
    onTestFinished(() => agent.destroy())
    const { socket, body } = await exchange(relay.port, agent)
    expect(body).toBe('whole')
    const closure = closureOf(socket)
    await closure.shutdown({ mode })
    const verdict = { quiet: 'quiet', unidirectional: 'clean', bidirectional: 'clean' }[mode]
    expect(await closure.report).toMatchObject({ mode, verdict, side: 'client' })
    const wire = await relay.nextWire()
    await wire.seen('client', 'fin')
    expect(wire.closing('client').filter((line) => line !== 'rst')).toEqual(
      mode === 'quiet' ? ['fin'] : closeNotifyAndFin,
    )
  })
})

/** A request through an agent, and the socket that carried it, idle in the pool by then. */
function exchange(port: number, agent: Agent): Promise<{ readonly socket: TLSSocket; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, agent }, (res) => {
      const socket = tlsSocket(res.socket)
      closureOf(socket)
      void text(res).then(({ text: body }) => setImmediate(() => resolve({ socket, body })))
    })
    req.on('error', reject).end()
  })
}
