// Connections by CONNECT and by SOCKS5: what the proxy gives, takes, refuses, and what it never says.
import { getEventListeners } from 'node:events'
import http from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openTransport, type OpenTransportOptions } from '../../../lib/lab/transport/open.js'
import { parseTarget } from '../../../lib/lab/transport/target.js'
import { once, readExactly } from '../../support/streams.js'
import { containing, matching } from './matchers.js'
import {
  closedPort,
  drain,
  echoed,
  echoOverTls,
  listenersOf,
  listenersOfConnected,
  plainServer,
  portOf,
} from './servers.js'
import { type SocksOptions, socksServer } from './socks-server.js'

const never = () => new AbortController().signal

async function open(text: string, options: Partial<OpenTransportOptions>) {
  const signal = options.signal ?? never()
  const opened = await openTransport(parseTarget(text), { ...options, signal }).finally(() => {
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
  onTestFinished(() => void opened.socket.destroy())
  return opened
}

/** A server that greets as SMTP does, goes over to TLS and echoes. */
function smtpServer() {
  return plainServer(async (socket) => {
    socket.write('220 hello\r\n')
    await readExactly(socket, 'EHLO [127.0.0.1]\r\n'.length)
    socket.write('250-hello\r\n250 STARTTLS\r\n')
    await readExactly(socket, 'STARTTLS\r\n'.length)
    socket.write('220 go\r\n')
    echoOverTls(socket)
  })
}

// --- CONNECT ---

interface ConnectRequest {
  readonly url: string | undefined
  readonly host: string | undefined
  readonly authorization: string | undefined
}

/** A proxy for CONNECT on Node's own server, which connects everything to 127.0.0.1. */
async function httpProxy(): Promise<{ readonly url: string; readonly requests: readonly ConnectRequest[] }> {
  const requests: ConnectRequest[] = []
  const open = new Set<Duplex>()
  const server = http.createServer()
  server.on('connect', ({ url, headers }: http.IncomingMessage, near: Duplex) => {
    requests.push({ url, host: headers.host, authorization: headers['proxy-authorization'] })
    const port = Number(url?.split(':').at(-1))
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      near.write('HTTP/1.1 200 Connection established\r\nX-Proxy: test\r\n\r\n')
      near.pipe(far).pipe(near)
    })
    far.on('error', () => near.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno\n'))
    far.on('close', (hadError: boolean) => {
      if (!hadError) near.destroy()
    })
    near.on('error', () => {}).on('close', () => far.destroy())
    open.add(near).add(far)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const stream of open) stream.destroy()
    server.closeAllConnections()
  })
  return { url: `127.0.0.1:${portOf(server.address())}`, requests }
}

/** A proxy that reads the request for CONNECT, and then does something of the test's. */
function answering(then: (socket: Socket) => unknown) {
  return plainServer(async (socket) => {
    let head = ''
    while (!head.endsWith('\r\n\r\n')) head += (await readExactly(socket, 1)).toString('latin1')
    await then(socket)
    drain(socket)
  })
}

describe('CONNECT', () => {
  test('brings to the target, and TLS works there', async () => {
    const server = await plainServer(echoOverTls)
    const { url, requests } = await httpProxy()
    const opened = await open(`localhost:${server.port}`, { proxy: `http://${url}` })
    expect(opened).toMatchObject({ proxied: true, address: '127.0.0.1' })
    expect(opened.socket.isPaused()).toBe(true)
    expect(listenersOf(opened.socket)).toEqual(await listenersOfConnected(server.port))
    const authority = `localhost:${server.port}`
    expect(requests).toEqual([{ url: authority, host: authority, authorization: undefined }])
    expect(await echoed(opened.socket, 'application data')).toBe('application data')
  })

  test('is sent with the user and the password', async () => {
    const server = await plainServer(drain)
    const { url, requests } = await httpProxy()
    await open(`[::1]:${server.port}`, { proxy: `http://us%C3%A9r:p%3A%40@${url}` })
    const authorization = `Basic ${Buffer.from('usér:p:@').toString('base64')}`
    expect(requests).toMatchObject([{ url: `[::1]:${server.port}`, authorization }])
  })

  test('goes before STARTTLS', async () => {
    const server = await smtpServer()
    const { url } = await httpProxy()
    const { socket } = await open(`localhost:${server.port}`, { proxy: `http://${url}`, starttls: 'smtp' })
    expect(await echoed(socket, 'application data')).toBe('application data')
  })

  test('loses nothing that comes right behind the answer', async () => {
    const proxy = await answering((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nright behind'))
    const { socket } = await open('example.org', { proxy: `http://127.0.0.1:${proxy.port}` })
    expect(socket.isPaused()).toBe(true)
    expect((await readExactly(socket, 'right behind'.length)).toString()).toBe('right behind')
  })

  test('loses no greeting that comes right behind the answer', async () => {
    const proxy = await answering(async (socket) => {
      socket.write('HTTP/1.0 200 OK\r\n\r\n+OK hello\r\n')
      await readExactly(socket, 'STLS\r\n'.length)
      socket.write('+OK go\r\n')
      echoOverTls(socket)
    })
    const { socket } = await open('example.org', { proxy: `http://127.0.0.1:${proxy.port}`, starttls: 'pop3' })
    expect(await echoed(socket, 'application data')).toBe('application data')
  })

  test('fails in the words of the proxy where that cannot connect', async () => {
    const { url } = await httpProxy()
    await expect(open(`localhost:${await closedPort()}`, { proxy: `http://${url}` })).rejects.toMatchObject({
      reason: 'proxy',
      detail: 'it answered 502 Bad Gateway',
    })
  })

  test.each([
    [
      'asks for a password',
      'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
      'it answered 407 Proxy Authentication Required',
    ],
    ['forbids it', 'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno', 'it answered 403 No'],
    ['speaks another protocol', 'SSH-2.0-OpenSSH\r\n', 'expected an answer of HTTP, received "SSH-2.0-OpenSSH\\r\\n"'],
  ])('fails where the proxy %s', async (_what, answer, detail) => {
    const proxy = await answering((socket) => socket.write(answer))
    const opening = open('example.org', { proxy: `http://127.0.0.1:${proxy.port}` })
    await expect(opening).rejects.toMatchObject({ reason: 'proxy', detail })
    await proxy.allClosed()
  })

  test('fails where the proxy sends headers for ever', async () => {
    const proxy = await answering(async (socket) => {
      socket.resume().write('HTTP/1.1 200 OK\r\n')
      while (!socket.destroyed) {
        socket.write('X-More: and more\r\n'.repeat(1000))
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    })
    const opening = open('example.org', { proxy: `http://127.0.0.1:${proxy.port}` })
    await expect(opening).rejects.toMatchObject({ reason: 'proxy', code: 'HPE_HEADER_OVERFLOW' })
    await proxy.allClosed()
  })

  test.each([
    ['ends', (socket: Socket) => socket.end(), 'it ended the connection'],
    ['ends within its answer', (socket: Socket) => socket.end('HTTP/1.1 2'), 'it ended the connection'],
    ['resets', (socket: Socket) => socket.resetAndDestroy(), 'it reset the connection'],
  ])('fails where the proxy %s', async (_what, act, detail) => {
    const proxy = await answering(act)
    const opening = open('example.org', { proxy: `http://127.0.0.1:${proxy.port}` })
    await expect(opening).rejects.toMatchObject({ reason: 'proxy', detail })
    await proxy.allClosed()
  })

  test.each(['', 'HTTP/1.1 200 OK\r\nX-'])(
    'a proxy that stops after %j is left when the signal aborts',
    async (said) => {
      const controller = new AbortController()
      const reason = { why: 'the budget is used up' }
      const proxy = await answering((socket) => {
        socket.write(said)
        setImmediate(() => controller.abort(reason))
      })
      const opening = open('example.org', { proxy: `http://127.0.0.1:${proxy.port}`, signal: controller.signal })
      await expect(opening).rejects.toBe(reason)
      await proxy.allClosed()
    },
  )
})

// --- SOCKS5 ---

describe('SOCKS5', () => {
  const credentials = { user: 'usér', password: 'p:@' }
  const encoded = 'us%C3%A9r:p%3A%40'

  test.each([
    ['socks5h', undefined, ''],
    ['socks5h', credentials, `${encoded}@`],
    ['socks5', undefined, ''],
    ['socks5', credentials, `${encoded}@`],
  ] as const)('%s with %o brings to the target, and TLS works there', async (scheme, wanted, login) => {
    const server = await plainServer(echoOverTls)
    const proxy = await socksServer(wanted === undefined ? {} : { credentials: wanted })
    const url = `${scheme}://${login}127.0.0.1:${proxy.port}`
    const opened = await open(`localhost:${server.port}`, { proxy: url, ...(scheme === 'socks5' && { family: 4 }) })
    expect(opened).toMatchObject({ proxied: true, address: '127.0.0.1' })
    expect(opened.socket.isPaused()).toBe(true)
    expect(opened.socket.readableLength).toBe(0)
    expect(listenersOf(opened.socket)).toEqual(await listenersOfConnected(server.port))
    expect(proxy.asked).toEqual([scheme === 'socks5h' ? 'name localhost' : 'address 127.0.0.1'])
    expect(await echoed(opened.socket, 'application data')).toBe('application data')
  })

  test('takes addresses as they are', async () => {
    const server = await plainServer(drain)
    const proxy = await socksServer()
    await open(`[::1]:${server.port}`, { proxy: `socks5h://127.0.0.1:${proxy.port}` })
    await open(`127.0.0.1:${server.port}`, { proxy: `socks5h://127.0.0.1:${proxy.port}` })
    expect(proxy.asked).toEqual([`address ${[...Array<number>(15).fill(0), 1].join('.')}`, 'address 127.0.0.1'])
  })

  test('goes before STARTTLS', async () => {
    const server = await smtpServer()
    const proxy = await socksServer()
    const options = { proxy: `socks5://127.0.0.1:${proxy.port}`, starttls: 'smtp' } as const
    const { socket } = await open(`127.0.0.1:${server.port}`, options)
    expect(await echoed(socket, 'application data')).toBe('application data')
  })

  test('loses nothing that comes right behind the answer', async () => {
    const server = await plainServer(drain)
    const proxy = await socksServer({ behind: 'right behind' })
    const { socket } = await open(`127.0.0.1:${server.port}`, { proxy: `socks5://127.0.0.1:${proxy.port}` })
    expect(socket.isPaused()).toBe(true)
    expect((await readExactly(socket, 'right behind'.length)).toString()).toBe('right behind')
  })

  test.each<[string, SocksOptions, string, RegExp]>([
    ['refuses the password', { credentials }, 'me:wrong@', /[Aa]uthentication failed/],
    ['wants a password', { credentials }, '', /no accepted authentication/i],
    ['cannot connect', { reply: 5 }, '', /ConnectionRefused/],
    ['may not', { reply: 2 }, '', /NotAllowed/],
    [
      'speaks another protocol',
      { at: 'greeting', instead: (socket) => socket.write('HTTP/1.1 400 Bad\r\n') },
      '',
      /version/i,
    ],
    ['ends', { at: 'greeting', instead: (socket) => socket.end() }, '', /^it ended the connection$/],
    [
      'ends within its answer',
      { at: 'request', instead: (socket) => socket.end(Buffer.of(5, 0)) },
      '',
      /^it ended the connection$/,
    ],
    ['resets', { at: 'request', instead: (socket) => socket.resetAndDestroy() }, '', /^it reset the connection$/],
  ])('fails where the proxy %s', async (_what, options, login, detail) => {
    const proxy = await socksServer(options)
    const opening = open('example.org', { proxy: `socks5h://${login}127.0.0.1:${proxy.port}` })
    await expect(opening).rejects.toMatchObject({ reason: 'proxy', detail: matching(detail) })
    await expect(opening).rejects.not.toMatchObject({ message: containing('wrong') })
    await proxy.allClosed()
  })

  test.each(['greeting', 'password', 'request'] as const)(
    'a proxy that is silent after the %s is left when the signal aborts',
    async (at) => {
      const controller = new AbortController()
      const reason = { why: 'the budget is used up' }
      const proxy = await socksServer({ credentials, at, instead: () => controller.abort(reason) })
      const url = `socks5h://${encoded}@127.0.0.1:${proxy.port}`
      await expect(open('example.org', { proxy: url, signal: controller.signal })).rejects.toBe(reason)
      await proxy.allClosed()
    },
  )
})

describe.each(['http', 'socks5', 'socks5h'])('a proxy by %s', (scheme) => {
  test("that nobody listens at is its failure, not the target's", async () => {
    const opening = open('127.0.0.1:1', { proxy: `${scheme}://127.0.0.1:${await closedPort()}` })
    await expect(opening).rejects.toMatchObject({
      reason: 'proxy',
      code: 'ECONNREFUSED',
      detail: 'it refused the connection',
    })
  })

  test('whose name does not exist is its failure, too', async () => {
    const opening = open('127.0.0.1:1', { proxy: `${scheme}://no-such-proxy.invalid` })
    await expect(opening).rejects.toMatchObject({
      reason: 'proxy',
      detail: matching(/^its host name was not found: .*no-such-proxy/),
    })
  })

  test('is given no address with a zone of this machine', async () => {
    const opening = open('[fe80::1%lo]:443', { proxy: `${scheme}://127.0.0.1:1` })
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CLOSURE_INVALID_ARGUMENT' })
  })
})

test('names that the proxy looks up have the family that it chooses', async () => {
  for (const scheme of ['http', 'socks5h']) {
    const opening = open('example.org', { proxy: `${scheme}://127.0.0.1:1`, family: 4 })
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CLOSURE_INVALID_ARGUMENT' })
  }
})

test("a name that does not exist is the target's failure where it is looked up here", async () => {
  const proxy = await socksServer()
  const opening = open('no-such-host.invalid', { proxy: `socks5://127.0.0.1:${proxy.port}` })
  await expect(opening).rejects.toMatchObject({ reason: 'host-not-found' })
  expect(proxy.count()).toBe(0)
})
