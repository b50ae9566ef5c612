import { once } from 'node:events'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createEchoServer, EchoProbe } from '../../../benchmarks/support/echo.js'
import { listeningPort, openRelay } from '../../../benchmarks/support/relay.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

/** Never aborts: a test that hangs is ended by vitest. */
const { signal } = new AbortController()

describe.each([0, 30])('a relay with %i ms one way', (delay) => {
  /** Sooner than this, less one ms for the clock, nothing may arrive. */
  const least = delay - 1

  test('delays both directions', async () => {
    const server = createEchoServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const relay = await openRelay({ delay, port: listeningPort(server) })
    const probe = await EchoProbe.connect(relay.port, signal)
    cleanups.push(
      () => server.close(),
      () => relay.close(),
      () => {
        probe.close()
      },
    )
    for (let round = 0; round < 5; round += 1) expect(await probe.measure(signal)).toBeGreaterThan(2 * delay - 1)
  })

  test('keeps the order of bytes, and FIN behind them', async () => {
    const { client, far } = await connect(delay)
    const chunks = Array.from({ length: 200 }, (_, index) => `${index},`)
    let sent = 0
    const timer = setInterval(() => {
      for (let burst = 0; burst < 20; burst += 1) client.write(chunks[sent++] ?? '')
      if (sent >= chunks.length) {
        clearInterval(timer)
        client.end()
      }
    }, 1)
    expect(await text(far)).toBe(chunks.join(''))
  })

  test('passes FIN as FIN, as late, and leaves the other direction open', async () => {
    const { client, far } = await connect(delay)
    far.resume()
    const began = performance.now()
    client.end()
    await expect(ending(far)).resolves.toBe('FIN')
    expect(performance.now() - began).toBeGreaterThan(least)
    expect(far.writable).toBe(true)
    const answer = text(client)
    far.end('after the half-close')
    expect(await answer).toBe('after the half-close')
  })

  test.each(['client', 'far'] as const)('passes RST of the %s side as RST, as late', async (side) => {
    const sockets = await connect(delay)
    const other = sockets[side === 'client' ? 'far' : 'client']
    other.resume()
    const began = performance.now()
    sockets[side].resetAndDestroy()
    await expect(ending(other)).resolves.toBe('RST')
    expect(performance.now() - began).toBeGreaterThan(least)
  })

  test('passes the bytes before a RST', async () => {
    const { client, far } = await connect(delay)
    const bytes: Buffer[] = []
    client.on('data', (chunk: Buffer) => bytes.push(chunk))
    far.write('last words', () => far.resetAndDestroy())
    await expect(ending(client)).resolves.toBe('RST')
    expect(Buffer.concat(bytes).toString()).toBe('last words')
  })
})

test('a relay to a port where nobody listens answers with RST', async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = listeningPort(server)
  server.close()
  const relay = await openRelay({ delay: 0, port })
  cleanups.push(() => relay.close())
  const client = net.connect({ host: '127.0.0.1', port: relay.port })
  client.resume()
  await expect(ending(client)).resolves.toBe('RST')
})

/** Both ends of a connection through a relay, which has carried a byte; both let the other side half-close. */
async function connect(delay: number): Promise<{ client: net.Socket; far: net.Socket }> {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const relay = await openRelay({ delay, port: listeningPort(server) })
  const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve))
  const client = net.connect({ host: '127.0.0.1', port: relay.port, allowHalfOpen: true })
  const far = await accepted
  client.write('.')
  await once(far, 'readable')
  far.read()
  cleanups.push(
    () => {
      client.destroy()
    },
    () => {
      far.destroy()
    },
    () => relay.close(),
    () => server.close(),
  )
  return { client, far }
}

/**
 * How TCP ended. Where a RST follows bytes closely libuv reports it as it does a FIN; an empty write, which sends nothing,
 * then tells them apart.
 */
function ending(socket: net.Socket): Promise<'FIN' | 'RST'> {
  return new Promise((resolve, reject) => {
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') resolve('RST')
      else reject(error)
    })
    socket.on('end', () =>
      socket.write('', (error) => {
        if (!error) resolve('FIN')
      }),
    )
  })
}

async function text(socket: net.Socket): Promise<string> {
  let all = ''
  for await (const chunk of socket.setEncoding('utf8')) all += String(chunk)
  return all
}
