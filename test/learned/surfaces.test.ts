/** Learned waiting wherever a waitTimeout is given: shutdown(), policies on servers, clients and processes, TLS streams. */
import https from 'node:https'
import tls, { type TLSSocket } from 'node:tls'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  closureOf,
  type ClosureReport,
  controlClosure,
  controlProcess,
  type LearnedWaiting,
  learnedWaiting,
} from '../../lib/index.js'
import { connect as connectStream, createServer as createStreamServer } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { until } from '../policy/harness.js'
import { block } from '../support/block.js'
import { listen } from './peers.js'

const longest = 150
const { ca, key, cert } = { ...certificate, ca: certificate.cert }

/** Closes one connection to a server on that port, our side a client's. */
type CloseTowards = (port: number, learned: LearnedWaiting) => Promise<ClosureReport>

const to = (port: number) => ({ port, host: '127.0.0.1', servername: 'localhost', ca })

// One policy may be on a process, and a test has one memory.
const processes = new WeakSet<LearnedWaiting>()

const clients: readonly { readonly name: string; readonly close: CloseTowards }[] = [
  {
    name: 'shutdown() of a socket',
    close: async (port, learned) => {
      const socket = await connected(port)
      await closureOf(socket).shutdown({ mode: 'bidirectional', waitTimeout: learned })
      return closureOf(socket).report
    },
  },
  {
    name: 'a policy on a socket',
    close: async (port, learned) => {
      const socket = await connected(port)
      controlClosure(socket, { mode: 'bidirectional', waitTimeout: learned })
      socket.end()
      return closureOf(socket).report
    },
  },
  {
    name: 'a policy by perConnection',
    close: async (port, learned) => {
      const socket = tls.connect(to(port))
      controlClosure(socket, { perConnection: () => ({ mode: 'bidirectional', waitTimeout: learned }) })
      await secured(socket)
      socket.end()
      return closureOf(socket).report
    },
  },
  {
    name: 'a policy on the process',
    close: async (port, learned) => {
      if (!processes.has(learned)) {
        processes.add(learned)
        const control = controlProcess({ mode: 'bidirectional', waitTimeout: learned, servers: 'off' })
        onTestFinished(() => {
          control.stop()
        })
      }
      const socket = await connected(port)
      socket.end()
      return closureOf(socket).report
    },
  },
  {
    name: 'end() of a TLS stream',
    close: async (port, learned) => {
      const stream = connectStream({
        ...to(port),
        closing: 'bidirectional',
        waitTimeout: learned,
        onTruncation: 'report',
      })
      await new Promise((resolve) => stream.once('secureConnect', resolve))
      stream.resume().end()
      return stream.report
    },
  },
  {
    name: 'shutdown() of a TLS stream',
    close: async (port, learned) => {
      const stream = connectStream({ ...to(port), onTruncation: 'report' })
      await new Promise((resolve) => stream.once('secureConnect', resolve))
      stream.resume()
      await stream.shutdown({ mode: 'bidirectional', waitTimeout: learned })
      return stream.report
    },
  },
]

describe.each(clients)('$name', ({ close }) => {
  test('learns that a server does not answer, and waits no more, nor keeps its descriptor', async () => {
    const port = await listen({ allowHalfOpen: true }, (socket) => void socket.resume())
    const learned = learnedWaiting({ longest })
    await Promise.all(Array.from({ length: 8 }, () => close(port, learned)))
    expect(learned.counters).toMatchObject({ unanswered: 8, skipped: 0 })
    // The server never ends TCP: the report comes because we have ended it.
    const report = await close(port, learned)
    expect(report).toMatchObject({ verdict: 'half-closed', learnedWait: 0, endedBy: 'done' })
  })

  test('learns that one answers, and loses no answer', async () => {
    const port = await listen({ allowHalfOpen: true }, (socket) => {
      socket.resume().on('end', () => setTimeout(() => socket.end(), 10))
    })
    const learned = learnedWaiting({ longest: 20_000, slack: 10_000 })
    for (let time = 0; time < 4; time++) expect(await close(port, learned)).toMatchObject({ verdict: 'clean' })
    expect(learned.counters).toMatchObject({ hits: 3, misses: 1, answered: 4 })
    const [peer] = learned.exportState().peers
    expect(peer?.slowest).toBeGreaterThan(5)
    expect([peer?.key, learned.size]).toEqual([`localhost:${port}`, 1])
  })
})

describe('a server', () => {
  test('under a policy knows its clients by their address', async () => {
    const learned = learnedWaiting({ longest })
    const server = https.createServer({ key, cert }, (_request, response) => {
      response.setHeader('Connection', 'close').end('x'.repeat(1000))
    })
    const control = controlClosure(server, { mode: 'bidirectional', waitTimeout: learned })
    const reports: ClosureReport[] = []
    control.on('closure', (report) => reports.push(report))
    const port = await listenOn(server)
    await Promise.all(Array.from({ length: 8 }, () => rawRequest(port)))
    await until(() => reports.length === 8)
    expect([learned.expected('127.0.0.1'), learned.size]).toEqual([0, 1])
    expect(await rawRequest(port)).toContain('x'.repeat(1000))
    await until(() => reports.length === 9)
    expect(reports[8]).toMatchObject({ learnedWait: 0, endedBy: 'done' })
    expect(control.waiting).toBe(0)
  })

  test('of TLS streams does too', async () => {
    const learned = learnedWaiting({ longest })
    const reports: ClosureReport[] = []
    const options = { key, cert, closing: 'bidirectional', waitTimeout: learned, onTruncation: 'report' } as const
    const server = createStreamServer(options, (stream) => {
      stream.on('error', () => undefined).resume()
      stream.end('bye')
      void stream.report.then((report) => reports.push(report))
    })
    const port = await listenOn(server)
    await Promise.all(Array.from({ length: 8 }, async () => silentClient(port)))
    await until(() => reports.length === 8)
    expect(learned.expected('127.0.0.1')).toBe(0)
    await silentClient(port)
    await until(() => reports.length === 9)
    expect(reports[8]).toMatchObject({ learnedWait: 0 })
  })
})

test('an answer that has come while the process was busy is not lost to a short wait', async () => {
  const worker = new Worker(answering, { eval: true, workerData: { key, cert } })
  onTestFinished(() => void worker.terminate())
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  const known = { answers: 128, waits: 128, share: 1, mean: 50, deviation: 0, slowest: 50, rounds: 0, unanswered: 0 }
  const peer = { ...known, key: `localhost:${port}`, doubt: 0, isSilent: false, retryIn: null, retryInterval: 60_000 }
  const learned = learnedWaiting({ longest: 20_000, state: { version: 1, peers: [peer] } })
  const own = learned.expected(peer.key)
  expect(own).toBeLessThan(200)
  const socket = await connected(port)
  const closing = closureOf(socket).shutdown({ mode: 'bidirectional', waitTimeout: learned })
  await until(() => closureOf(socket).alerts.length > 0)
  // The wait begins behind the flush of the alert, long before the answer.
  await delay(20)
  // In that phase of the event loop behind which timers come before sockets.
  await new Promise<void>((resolve) =>
    setImmediate(() => {
      block(own + 200)
      resolve()
    }),
  )
  expect(await closing).toMatchObject({ verdict: 'clean', endedBy: 'done' })
})

test('a peer that begins to answer at once is noticed without a try', async () => {
  let answers = false
  const port = await listen({ allowHalfOpen: true }, (socket) => {
    socket.resume().on('end', () => answers && socket.end())
  })
  const learned = learnedWaiting({ longest, retryAfter: 1_000_000 })
  const close = clients[0]?.close
  if (close === undefined) throw new Error('expected a client')
  await Promise.all(Array.from({ length: 8 }, () => close(port, learned)))
  answers = true
  for (let time = 0; time < 200 && learned.counters.answeredLate === 0; time++) await close(port, learned)
  expect(learned.counters).toMatchObject({ answeredLate: 1, tries: 0 })
  expect(learned.expected(`localhost:${port}`)).toBeGreaterThan(0)
})

test.each(['soon', null, { longest: 1 }, -1])('%j is no waitTimeout', (waitTimeout) => {
  const policy: object = { waitTimeout }
  expect(() => controlClosure(https.createServer(), policy)).toThrow(/for waitTimeout but received/)
})

test('unwrap() takes none that is learned', async () => {
  const port = await listen({}, (socket) => void socket.resume())
  const stream = connectStream({ ...to(port), onTruncation: 'report' })
  onTestFinished(() => void stream.destroy())
  await new Promise((resolve) => stream.once('secureConnect', resolve))
  const options: object = { waitTimeout: learnedWaiting() }
  await expect(stream.unwrap(options)).rejects.toThrow(/a whole number of ms, 0 or more for waitTimeout/)
})

async function connected(port: number): Promise<TLSSocket> {
  const socket = tls.connect(to(port))
  await secured(socket)
  return socket
}

function secured(socket: TLSSocket): Promise<void> {
  onTestFinished(() => void socket.destroy())
  socket.resume().on('error', () => undefined)
  return new Promise((resolve) => socket.once('secureConnect', resolve))
}

async function listenOn(server: tls.Server | ReturnType<typeof createStreamServer>): Promise<number> {
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return address.port
}

// Reads the response, and closes TCP without an alert, later than anybody waits.
async function rawRequest(port: number): Promise<string> {
  const options = { ...to(port), allowHalfOpen: true }
  const socket = tls.connect(options)
  await secured(socket)
  let text = ''
  socket.on('data', (data) => {
    text += String(data)
  })
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await new Promise((resolve) => socket.once('end', resolve))
  return text
}

async function silentClient(port: number): Promise<void> {
  const options = { ...to(port), allowHalfOpen: true }
  const socket = tls.connect(options)
  await secured(socket)
  await new Promise((resolve) => socket.once('end', resolve))
}

const answering = `
const { parentPort, workerData } = require('node:worker_threads')
const server = require('node:tls').createServer({ ...workerData, allowHalfOpen: true }, (socket) => {
  socket.on('error', () => undefined).resume().on('end', () => setTimeout(() => socket.end(), 80))
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`
