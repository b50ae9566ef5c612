/** A process that was busy for longer than a budget of a policy: what came meanwhile counts. */
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../lib/index.js'
import { listen } from '../closure/servers.js'
import { block } from '../support/block.js'
import { tlsVersions } from '../support/pair.js'
import { delay, once } from '../support/streams.js'
import { connected, controlled, modes, tlsServer, until } from './harness.js'

const lingerTimeout = 800

test.each(tlsVersions)('the linger budget of a connection whose peer sends, %s', async (version) => {
  const read: Buffer[] = []
  const server = tlsServer(version, (socket) => {
    socket.on('data', (chunk: Buffer) => read.push(chunk)).once('data', () => socket.end('bye'))
  })
  const { relay, report } = await controlled(server, { mode: 'unidirectional', lingerTimeout })
  const client = await connected(relay.port, version, { allowHalfOpen: true })
  const wire = await relay.nextWire()
  const ended = once(client.resume(), 'end')
  client.write('first, ')
  await ended
  // Until the policy has looked at what stands still.
  await delay(lingerTimeout / 2)
  wire.hold('client')
  client.end('second')
  await wire.seen('client', 'fin')
  wire.release('client')
  block(lingerTimeout)
  const { verdict, endedBy } = await report()
  expect({ verdict, endedBy, read: Buffer.concat(read).toString() }).toEqual({
    verdict: 'clean',
    endedBy: 'done',
    read: 'first, second',
  })
})

/** Connects once without asking, for a session of TLS 1.2, and then says all that it has to say in one go. */
const hurriedClient = `
  const tls = require('node:tls')
  const { workerData: { port, version, isResumed } } = require('node:worker_threads')
  const options = { port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: version, maxVersion: version }
  const ask = (session) => {
    const socket = tls.connect({ ...options, session, allowHalfOpen: true }, () => socket.end('all of it'))
    socket.on('error', () => undefined).resume()
  }
  if (!isResumed) ask()
  else {
    const first = tls.connect(options).on('error', () => undefined).resume()
    first.once('session', (session) => first.once('close', () => ask(session)).end())
  }
`

// Stock Node serves all of them.
describe.each([
  { version: 'TLSv1.2', isResumed: false },
  { version: 'TLSv1.2', isResumed: true },
  { version: 'TLSv1.3', isResumed: false },
  { version: 'TLSv1.3', isResumed: true },
] as const)('$version, resumed: $isResumed', ({ version, isResumed }) => {
  test.each([
    { under: 'no policy', policy: undefined, allowHalfOpen: false },
    { under: 'no policy', policy: undefined, allowHalfOpen: true },
    ...modes.flatMap((mode) => [
      { under: mode, policy: { mode, flushTimeout: 200 }, allowHalfOpen: false },
      { under: mode, policy: { mode, flushTimeout: 200 }, allowHalfOpen: true },
    ]),
  ])(
    'a client that goes while the server has yet to end the handshake, $under, allowHalfOpen: $allowHalfOpen',
    async ({ policy, allowHalfOpen }) => {
      const texts: Promise<string>[] = []
      const server = tlsServer(version, (socket) => void texts.push(text(socket.on('end', () => socket.end()))), {
        allowHalfOpen,
      })
      server.on('tlsClientError', ({ message }) => texts.push(Promise.resolve(message)))
      if (policy !== undefined) controlClosure(server, policy)
      const last = isResumed ? 2 : 1
      let [connections, isBusy] = [0, false]
      server.on('connection', () => connections++)
      // Its keys are told while the handshake is under way, before the client's part of it is read.
      server.on('keylog', () => {
        if (isBusy || connections < last) return
        isBusy = true
        setImmediate(() => block(250))
      })
      const worker = new Worker(hurriedClient, {
        eval: true,
        workerData: { port: await listen(server), version, isResumed },
      })
      onTestFinished(() => void worker.terminate())
      await until(() => isBusy && texts.length === last)
      expect(await texts.at(-1)).toBe('all of it')
    },
  )
})
