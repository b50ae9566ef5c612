// OpenSSL's calls one for one, and the typed answer to every call that comes at the wrong time or place.
import { execFile } from 'node:child_process'
import { createSecureServer, connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { createServer, connect, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Closure, ClosureError, closureOf, type ShutdownOptions } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { closeNotify, connectSides, sides, text, turns, withCode, write } from './sides.js'
import { listen } from './servers.js'

const sent = 1
const received = 2
const number: unknown = expect.any(Number)
const string: unknown = expect.any(String)
const fine = { error: 'SSL_ERROR_NONE', queue: [] }

describe.each(sides)('return values of OpenSSL, $version, our side is the $near', ({ version, near }) => {
  const options = { version, near }

  test('SSL_shutdown gives 0 with SENT, -1 WANT_READ while nothing comes, and 1 after the answer', async () => {
    const { local, peer, wire, closure, far } = await connectSides(options, { localHalfOpen: true, peerHalfOpen: true })
    expect(closure.getShutdown()).toBe(0)
    expect(closure.sslShutdown()).toEqual({ value: 0, ...fine })
    expect(closure.getShutdown()).toBe(sent)
    await closure.flush()
    await wire.seen(near, closeNotify)
    expect(closure.sslShutdown()).toMatchObject({ value: -1, error: 'SSL_ERROR_WANT_READ' })
    peer.resume()
    local.resume()
    await once(peer, 'end')
    peer.end()
    await wire.seen(far, 'fin')
    await once(local, 'end')
    await turns()
    expect(closure.sslShutdown()).toEqual({ value: 1, ...fine })
    expect(closure.getShutdown()).toBe(sent | received)
    expect(wire.closing(near)).toEqual([closeNotify])
    local.end()
    expect(await closure.report).toMatchObject({ verdict: 'clean' })
  })

  test('the alert of SSL_shutdown stays in Node until flush()', async () => {
    const { peer, wire, closure } = await connectSides(options, { peerHalfOpen: true })
    peer.resume()
    closure.sslShutdown()
    await turns(10)
    expect(wire.closing(near)).toEqual([])
    await closure.flush()
    await once(peer, 'end')
    expect(wire.closing(near)).toEqual([closeNotify])
  })

  test('flush() with nothing to flush resolves and puts nothing on the wire', async () => {
    const { wire, closure } = await connectSides(options)
    const before = wire.summary(near)
    await closure.flush()
    await turns(10)
    expect(wire.summary(near)).toEqual(before)
  })

  test('flush() fails within its budget under back-pressure, and the alert follows the data later', async () => {
    const { local, peer, wire, closure } = await connectSides(options)
    const length = 24 * 1024 * 1024
    wire.stall(near)
    local.write(Buffer.alloc(length))
    await turns()
    closure.sslShutdown()
    await expect(closure.flush({ flushTimeout: 30 })).rejects.toMatchObject(withCode('ERR_CLOSURE_FLUSH_TIMEOUT'))
    const atPeer = text(peer)
    wire.stall(near, false)
    await closure.flush({ flushTimeout: 50_000 })
    await wire.seen(near, closeNotify)
    expect((await atPeer).text.length).toBe(length)
  })

  test('SSL_shutdown after the peer has closed gives 1 at once', async () => {
    const { local, peer, closure, wire } = await connectSides(options, { localHalfOpen: true })
    local.resume()
    peer.end()
    await once(local, 'end')
    await turns()
    expect(closure.getShutdown()).toBe(received)
    expect(closure.sslShutdown()).toEqual({ value: 1, ...fine })
    await closure.flush()
    await wire.seen(near, closeNotify)
    expect(wire.closing(near)).toEqual([closeNotify])
  })

  test('the quiet flag makes SSL_shutdown give 1 with both flags, and writes nothing', async () => {
    const { closure, wire } = await connectSides(options, { localHalfOpen: true })
    expect(closure.getQuietShutdown()).toBe(false)
    closure.setQuietShutdown(true)
    expect(closure.getQuietShutdown()).toBe(true)
    expect(closure.sslShutdown()).toEqual({ value: 1, ...fine })
    expect(closure.getShutdown()).toBe(sent | received)
    await closure.flush()
    await turns(10)
    expect(wire.closing(near)).toEqual([])
    expect(closure.alerts).toEqual([])
    closure.setQuietShutdown(false)
    expect(closure.getQuietShutdown()).toBe(false)
  })

  test('the quiet flag set between the first and the second SSL_shutdown makes the second give 1', async () => {
    const { closure } = await connectSides(options)
    expect(closure.sslShutdown().value).toBe(0)
    closure.setQuietShutdown(true)
    expect(closure.sslShutdown().value).toBe(1)
  })

  test.each([0, 1, 2, 3])('SSL_set_shutdown(%i) is what SSL_get_shutdown gives', async (mask) => {
    const { closure } = await connectSides(options)
    closure.setShutdown(mask)
    expect(closure.getShutdown()).toBe(mask)
  })

  test('the quiet flag of the context is read, and not set by that of the connection', async () => {
    const { closure } = await connectSides(options)
    closure.setQuietShutdown(true)
    expect(closure.getContextQuietShutdown()).toBe(false)
  })

  test('a second SSL_shutdown that meets application data is fatal', async () => {
    const { local, peer, closure, far, wire } = await connectSides(options, { peerHalfOpen: true })
    // Both calls stand in a listener of the first of many records: the others are behind it, inside OpenSSL's input.
    const results = new Promise<unknown>((resolve) => {
      local.once('data', () => {
        resolve([closure.sslShutdown(), closure.sslShutdown()])
      })
    })
    wire.hold(far)
    const written = write(peer, Buffer.alloc(60_000))
    await wire.seen(far, 'data')
    wire.release(far)
    await written
    expect(await results).toMatchObject([
      { value: 0, ...fine },
      {
        value: -1,
        error: 'SSL_ERROR_SSL',
        queue: [
          {
            code: number,
            library: 'SSL routines',
            reason: 'application data after close notify',
            function: string,
            file: string,
            line: number,
          },
        ],
      },
    ])
  })
})

describe.each(tlsVersions)('at the wrong time, %s', (version) => {
  const everyCall: Record<string, (closure: Closure) => unknown> = {
    closeNotify: (closure) => closure.closeNotify(),
    shutdown: (closure) => closure.shutdown(),
    flush: (closure) => closure.flush(),
    sslShutdown: (closure) => closure.sslShutdown(),
    setShutdown: (closure) => closure.setShutdown(0),
    setQuietShutdown: (closure) => closure.setQuietShutdown(false),
    getShutdown: (closure) => closure.getShutdown(),
    getQuietShutdown: (closure) => closure.getQuietShutdown(),
    getContextQuietShutdown: (closure) => closure.getContextQuietShutdown(),
  }

  /** The outcome of each call: a code, or 'fine'. */
  async function answers(closure: Closure): Promise<Record<string, string>> {
    const given: Record<string, string> = {}
    for (const [name, call] of Object.entries(everyCall)) given[name] = await answerOf(() => call(closure))
    return given
  }

  const all = (code: string) => Object.fromEntries(Object.keys(everyCall).map((name) => [name, code]))

  test('before the handshake every call says so, and the closure joins its socket by itself', async () => {
    const { client } = await unconnected(version)
    const closure = closureOf(client)
    expect(closure.state).toBe('handshake')
    expect(closure.alerts).toEqual([])
    expect(await answers(closure)).toEqual(all('ERR_CLOSURE_HANDSHAKE_PENDING'))
    await once(client, 'secureConnect')
    expect(closure.state).toBe('open')
    expect(closureOf(client)).toBe(closure)
    await turns(1)
    expect(closure.getShutdown()).toBe(0)
    client.resume()
    expect(await closure.shutdown({ mode: 'bidirectional' })).toMatchObject({ verdict: 'clean' })
  })

  test('destroyed before the handshake it reports that there was none', async () => {
    const { client } = await unconnected(version)
    const closure = closureOf(client)
    client.destroy()
    expect(await closure.report).toMatchObject({
      verdict: 'no-handshake',
      handshake: 'not-completed',
      sent: { kind: 'unobserved' },
      alerts: [],
    })
    expect(closure.state).toBe('closed')
    expect(await answers(closure)).toEqual(all('ERR_CLOSURE_CLOSED'))
  })

  test('after the end actions are refused, and the last flags, the alerts and the report stay', async () => {
    const { local, peer, closure } = await connectSides({ version, near: 'client' })
    local.resume()
    peer.resume()
    expect(closure.state).toBe('open')
    const done = closure.shutdown({ mode: 'bidirectional' })
    expect(closure.state).toBe('closing')
    await done
    await closure.report
    await turns(10)
    expect(closure.state).toBe('closed')
    expect(await answers(closure)).toEqual({
      ...all('ERR_CLOSURE_CLOSED'),
      getShutdown: 'fine',
      getQuietShutdown: 'fine',
    })
    expect(closure.getShutdown()).toBe(3)
    expect(closure.alerts.map(({ direction, name }) => [direction, name])).toEqual([
      ['sent', 'close_notify'],
      ['received', 'close_notify'],
    ])
    const report = await closure.report
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  test('a closure that is taken after the end knows nothing', async () => {
    const { client, server } = await unconnected(version)
    await once(client, 'secureConnect')
    client.destroy()
    const closure = closureOf(client)
    expect(await closure.report).toMatchObject({ verdict: 'unobserved', handshake: 'untracked' })
    expect(closure.state).toBe('closed')
    server.close()
  })

  test('from end() on the state is closing, and shutdown() is too late once FIN has gone', async () => {
    const { local, peer, closure, wire } = await connectSides({ version, near: 'server' }, { peerHalfOpen: true })
    peer.resume()
    local.end()
    await wire.seen('server', 'fin')
    expect(closure.state).toBe('closing')
    await expect(closure.shutdown()).rejects.toMatchObject(withCode('ERR_CLOSURE_CLOSED'))
  })

  test('the second shutdown() is refused, and the first goes on', async () => {
    const { local, peer, closure } = await connectSides({ version, near: 'client' })
    local.resume()
    peer.resume()
    const first = closure.shutdown({ mode: 'bidirectional' })
    await expect(closure.shutdown()).rejects.toMatchObject(withCode('ERR_CLOSURE_IN_PROGRESS'))
    expect(await first).toMatchObject({ verdict: 'clean' })
  })

  test.each(['client', 'server'] as const)(
    'from inside the handshake event of the %s raw calls that act are refused',
    async (near) => {
      const { client, server } = await unconnected(version)
      const seen: Record<string, string> = {}
      const ask = async (when: string, closure: Closure) => {
        seen[when] = await answerOf(() => closure.sslShutdown())
        seen[`${when}, setShutdown`] = await answerOf(() => closure.setShutdown(0))
      }
      const inside = (socket: TLSSocket) => {
        const closure = closureOf(socket)
        seen['get'] = String(closure.getShutdown())
        seen['listener'] = codeOf(() => closure.sslShutdown())
        process.nextTick(() => (seen['tick'] = codeOf(() => closure.sslShutdown())))
        void Promise.resolve().then(() => (seen['microtask'] = codeOf(() => closure.setShutdown(0))))
        setImmediate(() => void ask('immediate', closure))
      }
      if (near === 'client') client.once('secureConnect', () => inside(client))
      else server.once('secureConnection', inside)
      await once(client, 'secureConnect')
      await turns(10)
      const refused = 'ERR_CLOSURE_INSIDE_OPENSSL'
      expect(seen).toEqual({
        get: '0',
        listener: refused,
        tick: refused,
        microtask: refused,
        immediate: 'fine',
        'immediate, setShutdown': 'fine',
      })
    },
  )

  test.each(['client', 'server'] as const)(
    'shutdown() from inside the handshake event of the %s is fine',
    async (near) => {
      const { client, server } = await unconnected(version)
      const accepted = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
      const done = new Promise<unknown>((resolve) => {
        const close = (socket: TLSSocket) => {
          socket.resume().write('greeting')
          resolve(closureOf(socket).shutdown({ mode: 'bidirectional' }))
        }
        if (near === 'client') client.once('secureConnect', () => close(client))
        else server.once('secureConnection', close)
      })
      const other = near === 'client' ? accepted : Promise.resolve(client)
      expect(await text(await other)).toEqual({ text: 'greeting', ended: true })
      expect(await done).toMatchObject({ verdict: 'clean' })
    },
  )
})

test('a call from inside a renegotiation is refused, and shutdown() waits for its end', async () => {
  const { local, peer, wire, closure } = await connectSides({ version: 'TLSv1.2', near: 'client' })
  local.resume()
  peer.resume()
  const seen: string[] = []
  const finished = new Promise<Error | null>((resolve) => {
    local.renegotiate({ rejectUnauthorized: false }, (error) => {
      seen.push(codeOf(() => closure.sslShutdown()))
      resolve(error)
    })
  })
  const done = closure.shutdown({ mode: 'bidirectional' })
  expect(await finished).toBe(null)
  expect(await done).toMatchObject({ verdict: 'clean' })
  await wire.seen('client', 'fin')
  expect(seen).toEqual(['ERR_CLOSURE_INSIDE_OPENSSL'])
  expect(wire.closing('client').slice(0, 2)).toEqual([closeNotify, 'fin'])
})

describe('on the wrong object', () => {
  test('a plain socket is refused', async () => {
    const { port } = await unconnected('TLSv1.3')
    const socket = connectTcp(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    for (const wrong of [socket, {}, null, undefined, 'socket', 7]) {
      expect(codeOf(() => Reflect.apply(closureOf, undefined, [wrong]))).toBe('ERR_CLOSURE_NOT_TLS')
    }
  })

  test("http2's stand-in for its socket is refused", async () => {
    const { key, cert, host: servername } = certificate
    const server = createSecureServer({ key, cert })
    const session = connectHttp2(`https://127.0.0.1:${await listen(server)}`, { ca: cert, servername })
    onTestFinished(() => session.destroy())
    await once(session, 'connect')
    expect(codeOf(() => Reflect.apply(closureOf, undefined, [session.socket]))).toBe('ERR_CLOSURE_NOT_TLS')
  })

  test('a socket that was made before the module was loaded is untracked', async () => {
    const child = fileURLToPath(new URL('programs/untracked.mjs', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [child], { timeout: 30_000 })
    expect(JSON.parse(stdout)).toEqual({
      state: 'untracked',
      sslShutdown: 'ERR_CLOSURE_UNTRACKED',
      shutdown: 'ERR_CLOSURE_UNTRACKED',
      getShutdown: 'ERR_CLOSURE_UNTRACKED',
      verdict: 'unobserved',
      handshake: 'untracked',
      later: 'clean',
    })
  })
})

describe('bad arguments are refused by name, and change nothing', () => {
  const wrong: readonly (readonly [string, object])[] = [
    ['mode', { mode: 'both' }],
    ['mode', { mode: 3 }],
    ['flushTimeout', { flushTimeout: -1 }],
    ['flushTimeout', { flushTimeout: 2 ** 31 }],
    ['flushTimeout', { flushTimeout: '3' }],
    ['waitTimeout', { waitTimeout: 1.5 }],
    ['waitTimeout', { waitTimeout: Number.NaN }],
    ['waitTimeout', { waitTimeout: Number.POSITIVE_INFINITY }],
    ['maxDiscardBytes', { maxDiscardBytes: -1 }],
    ['maxDiscardBytes', { maxDiscardBytes: null }],
    ['onData', { onData: 'drop' }],
    ['afterwards', { afterwards: 'close' }],
    ['signal', { signal: {} }],
    ['timeout', { timeout: 3 }],
    ['modes', { modes: undefined }],
  ]

  test.each(wrong)('%s', async (name, options) => {
    const { closure } = await connectSides({ version: 'TLSv1.3', near: 'client' })
    const call = () => callWith(closure, 'shutdown', options)
    await expect(call()).rejects.toMatchObject({
      ...withCode('ERR_CLOSURE_INVALID_ARGUMENT'),
      origin: 'caller',
    })
    await expect(call()).rejects.toThrow(name)
    expect(closure.state).toBe('open')
  })

  test('of the other calls', async () => {
    const { closure } = await connectSides({ version: 'TLSv1.3', near: 'client' })
    const refused = 'ERR_CLOSURE_INVALID_ARGUMENT'
    for (const options of [null, 3, 'fast', { flushTimeout: -1 }, { waitTimeout: 3 }]) {
      expect(await answerOf(() => callWith(closure, 'closeNotify', options))).toBe(refused)
      expect(await answerOf(() => callWith(closure, 'flush', options))).toBe(refused)
    }
    for (const mask of [-1, 4, 1.5, '1', undefined, null, Number.NaN]) {
      expect([mask, codeOf(() => callWith(closure, 'setShutdown', mask))]).toEqual([mask, refused])
    }
    for (const quiet of [0, 1, 'yes', undefined, null]) {
      expect(codeOf(() => callWith(closure, 'setQuietShutdown', quiet))).toBe(refused)
    }
    expect(closure.getShutdown()).toBe(0)
  })

  test('the options object is not kept, nor changed', async () => {
    const { local, peer, closure } = await connectSides({ version: 'TLSv1.3', near: 'client' })
    local.resume()
    peer.resume()
    const options: ShutdownOptions = Object.freeze({ mode: 'bidirectional', waitTimeout: 20_000 })
    expect(await closure.shutdown(options)).toMatchObject({ mode: 'bidirectional', verdict: 'clean' })
  })
})

/** Calls with what the types forbid. */
function callWith(closure: Closure, name: string, argument: unknown): unknown {
  const method: unknown = Reflect.get(closure, name)
  if (typeof method !== 'function') throw new TypeError(`Expected a method ${name}`)
  return Reflect.apply(method, closure, [argument])
}

async function answerOf(call: () => unknown): Promise<string> {
  try {
    await call()
    return 'fine'
  } catch (error) {
    return error instanceof ClosureError ? error.code : String(error)
  }
}

function codeOf(call: () => unknown): string {
  try {
    call()
    return 'fine'
  } catch (error) {
    return error instanceof ClosureError ? error.code : String(error)
  }
}

/** A server, and a client that has not finished its handshake. */
async function unconnected(version: TlsVersion) {
  const { key, cert, host: servername } = certificate
  const versions = { minVersion: version, maxVersion: version } as const
  const server = createServer({ key, cert, ...versions })
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).resume())
  const port = await listen(server)
  const client = connect({ host: '127.0.0.1', port, ca: cert, servername, ...versions })
  client.on('error', () => undefined)
  onTestFinished(() => void client.destroy())
  return { client, server, port }
}
