// Plain connections: addresses, families, failures, and what is left behind.
import { getEventListeners } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectToOneOf } from '../../../lib/lab/transport/connect.js'
import { openTransport, type OpenTransportOptions } from '../../../lib/lab/transport/open.js'
import { parseTarget } from '../../../lib/lab/transport/target.js'
import { once, readExactly } from '../../support/streams.js'
import { containing, matching } from './matchers.js'
import { blockLookups } from './lookups.js'
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

const machineHasIPv6 = await hasIPv6()

const never = () => new AbortController().signal

/** Opens one that the test ends. */
async function open(text: string, options: Partial<OpenTransportOptions> = {}) {
  const signal = options.signal ?? never()
  const opened = await openTransport(parseTarget(text), { ...options, signal }).finally(() => {
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
  onTestFinished(() => void opened.socket.destroy())
  return opened
}

describe('a connection', () => {
  test('is paused, without anything of ours on it, and TLS works on it', async () => {
    const server = await plainServer(echoOverTls)
    const opened = await open(`127.0.0.1:${server.port}`)
    expect(opened).toMatchObject({ address: '127.0.0.1', proxied: false })
    expect(opened.connectMs).toBeGreaterThan(0)
    expect(opened.socket.isPaused()).toBe(true)
    expect(listenersOf(opened.socket)).toEqual(await listenersOfConnected(server.port))
    expect(await echoed(opened.socket, 'application data')).toBe('application data')
  })

  test('gives all that the server sends first', async () => {
    const server = await plainServer((socket) => socket.end('unasked'))
    const { socket } = await open(`127.0.0.1:${server.port}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(socket.readableLength).toBe(0)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume()
    await once(socket, 'end')
    expect(Buffer.concat(chunks).toString()).toBe('unasked')
    // allowHalfOpen: the other direction is still ours.
    expect(socket.writable).toBe(true)
  })

  test("is not the signal's any more", async () => {
    const server = await plainServer(echoOverTls)
    const controller = new AbortController()
    const { socket } = await open(`127.0.0.1:${server.port}`, { signal: controller.signal })
    controller.abort()
    expect(await echoed(socket, 'still here')).toBe('still here')
  })

  test('goes to a host by its name', async () => {
    // localhost may have ::1 before 127.0.0.1, where nobody listens.
    const server = await plainServer(drain)
    expect(await open(`localhost:${server.port}`)).toMatchObject({ address: '127.0.0.1' })
  })

  test('is of the family that was asked for', async () => {
    const server = await plainServer(drain)
    expect(await open(`localhost:${server.port}`, { family: 4 })).toMatchObject({ address: '127.0.0.1' })
    await expect(open(`localhost:${server.port}`, { family: 6 })).rejects.toMatchObject({
      // Refused by ::1, or there is no IPv6 here.
      reason: matching(/^(refused|host-not-found|unreachable)$/),
    })
  })

  test('comes from the local address that was asked for', async () => {
    const server = await plainServer((socket) => socket.end(socket.remoteAddress ?? ''))
    const { socket } = await open(`localhost:${server.port}`, { localAddress: '127.0.0.2' })
    expect((await readExactly(socket, '127.0.0.2'.length)).toString()).toBe('127.0.0.2')
  })

  test.runIf(machineHasIPv6)('works with IPv6', async () => {
    const server = createServer(drain).listen(0, '::1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    expect(await open(`[::1]:${portOf(server.address())}`)).toMatchObject({ address: '::1' })
  })
})

describe('of several addresses', () => {
  const options = () => ({ family: undefined, localAddress: undefined, signal: never() })
  // Documentation's own, 192.0.2.0/24, which 127.0.0.1 has no way to.
  const withoutWay = { address: '192.0.2.1', localAddress: '127.0.0.1' }

  test('the next one is tried where one refuses', async () => {
    const server = await plainServer(drain)
    const { address, opening } = await connectToOneOf(['127.0.0.3', '127.0.0.1', '127.0.0.2'], server.port, options())
    expect(address).toBe('127.0.0.1')
    opening.destroy()
    expect(server.count()).toBe(1)
  })

  test.each([
    [['127.0.0.1', withoutWay.address], 'refused'],
    [[withoutWay.address, '127.0.0.1'], 'refused'],
    [[withoutWay.address], 'unreachable'],
    [[], 'host-not-found'],
  ])('%j fail as the one that says most: %s', async (addresses, reason) => {
    const { localAddress } = withoutWay
    const connecting = connectToOneOf(addresses, await closedPort(), { ...options(), localAddress })
    await expect(connecting).rejects.toMatchObject({ reason })
  })

  test('one that does not answer leaves time for the next one', async () => {
    const { target, stop } = await unanswering()
    onTestFinished(stop)
    const { port } = parseTarget(target)
    const server = createServer(drain).listen(port, '127.0.0.2')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const signal = AbortSignal.timeout(20_000)
    const { address, opening } = await connectToOneOf(['127.0.0.1', '127.0.0.2'], port, {
      ...options(),
      ...{ signal, timeout: 500 },
    })
    expect(address).toBe('127.0.0.2')
    opening.destroy()
    // The last one has all that is left, and the signal ends it.
    const late = connectToOneOf(['127.0.0.3', '127.0.0.1'], port, {
      ...options(),
      ...{ signal: AbortSignal.timeout(300), timeout: 100 },
    })
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('no other is tried when the signal aborts', async () => {
    const server = await plainServer(drain)
    const controller = new AbortController()
    const connecting = connectToOneOf(['127.0.0.3', '127.0.0.1'], server.port, {
      ...options(),
      signal: controller.signal,
    })
    controller.abort('enough')
    await expect(connecting).rejects.toBe('enough')
    expect(server.count()).toBe(0)
  })
})

describe('of names', () => {
  test('so many are looked up at a time as there are threads for it, and the others have not begun', async () => {
    const server = await plainServer(drain)
    const unblock = blockLookups()
    const begun: number[] = []
    const opening = [0, 1, 2, 3].map((index) =>
      open(`localhost:${server.port}`, { family: 4, onBegin: () => void begun.push(index) }),
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    const before = [...begun]
    unblock()
    await Promise.all(opening)
    expect(before).toEqual([0, 1])
    expect(begun).toEqual([0, 1, 2, 3])
  })

  test('one that waits for its turn ends with its signal, and leaves its place to others', async () => {
    const server = await plainServer(drain)
    const unblock = blockLookups()
    const controller = new AbortController()
    const others = [0, 1].map(() => open(`localhost:${server.port}`, { family: 4 }))
    const waiting = open(`localhost:${server.port}`, { family: 4, signal: controller.signal })
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    unblock()
    await Promise.all(others)
    await open(`localhost:${server.port}`, { family: 4 })
  })

  test('none has to be looked up for an address', async () => {
    const server = await plainServer(drain)
    const unblock = blockLookups()
    onTestFinished(unblock)
    let begun = 0
    await open(`127.0.0.1:${server.port}`, {
      onBegin: () => {
        begun += 1
      },
    })
    expect(begun).toBe(1)
  })
})

describe('a failure', () => {
  test('is a refusal where nobody listens', async () => {
    await expect(open(`127.0.0.1:${await closedPort()}`)).rejects.toMatchObject({
      name: 'TransportFailure',
      reason: 'refused',
      code: 'ECONNREFUSED',
      message: 'The connection was refused (ECONNREFUSED)',
    })
  })

  test('is a name that does not exist', async () => {
    await expect(open('no-such-host.invalid')).rejects.toMatchObject({
      reason: 'host-not-found',
      detail: containing('no-such-host.invalid'),
      code: matching(/^(ENOTFOUND|EAI_\w+)$/),
    })
  })

  test("is this machine's where it does not have the local address", async () => {
    const server = await plainServer(drain)
    const opening = open(`127.0.0.1:${server.port}`, { localAddress: '192.0.2.1' })
    await expect(opening).rejects.toMatchObject({
      reason: 'unreachable',
      code: 'EADDRNOTAVAIL',
      detail: 'this machine has no such address, or no port left',
    })
  })

  test('is the reason of a signal that was aborted before, and nothing is opened', async () => {
    const server = await plainServer(drain)
    const reason = Symbol('enough')
    await expect(open(`127.0.0.1:${server.port}`, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(server.count()).toBe(0)
  })

  test('is the reason of a signal that aborts while a name is looked up', async () => {
    const unblock = blockLookups()
    onTestFinished(unblock)
    const controller = new AbortController()
    const opening = open('localhost:1', { signal: controller.signal })
    setImmediate(() => controller.abort('enough'))
    await expect(opening).rejects.toBe('enough')
  })

  test('is the reason of a signal that aborts while TCP connects', async () => {
    const controller = new AbortController()
    const { target, stop } = await unanswering()
    onTestFinished(stop)
    const opening = open(target, { signal: controller.signal })
    setTimeout(() => controller.abort('enough'), 50)
    await expect(opening).rejects.toBe('enough')
  })

  test.each<[string, object, string]>([
    ['an option that is not known', { starttsl: 'smtp' }, 'starttsl'],
    ['a family', { family: 5 }, '4 or 6 for family'],
    ["a family that is not the address's", { family: 6 }, 'for family'],
    ['a local address', { localAddress: 'eth0' }, 'an IP address for localAddress'],
    ['a local address of the other family', { localAddress: '::1' }, 'for localAddress'],
    ['a protocol', { starttls: 'gopher' }, 'for starttls'],
    ['a proxy', { proxy: 'gopher://proxy.example' }, 'for proxy'],
    ['a signal', { signal: 7 }, 'an AbortSignal for signal'],
    ['no signal', { signal: undefined }, 'an AbortSignal for signal'],
  ])("is the caller's: %s", async (_what, options, words) => {
    const opening = openTransport(parseTarget('127.0.0.1:1'), { signal: never(), ...options })
    await expect(opening).rejects.toMatchObject({
      code: 'ERR_CLOSURE_INVALID_ARGUMENT',
      message: containing(words),
    })
  })

  test("is the caller's: a target that parseTarget() would not make", async () => {
    for (const target of [
      { host: '', port: 443 },
      { host: 'example.org', port: 0 },
      { host: 'a b', port: 443 },
    ]) {
      await expect(openTransport(target, { signal: never() })).rejects.toMatchObject({
        code: 'ERR_CLOSURE_INVALID_ARGUMENT',
      })
    }
  })
})

async function hasIPv6(): Promise<boolean> {
  const server = createServer().listen(0, '::1')
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/** A listener whose queue is full: Linux drops further SYNs, so that connecting takes until the caller has enough. */
async function unanswering(): Promise<{ readonly target: string; readonly stop: () => void }> {
  // It listens, and never accepts: its thread is asleep.
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
     const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port)
       setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
     })`,
    { eval: true },
  )
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  const fillers: Socket[] = []
  for (let i = 0; i < 8; i++) fillers.push(connect({ port, host: '127.0.0.1' }).on('error', () => {}))
  await new Promise((resolve) => setTimeout(resolve, 50))
  const stop = () => {
    for (const socket of fillers) socket.destroy()
    void worker.terminate()
  }
  return { target: `127.0.0.1:${port}`, stop }
}
