// The closers that are not Node: the plain C program and Python, against servers in this process, whose reports say what
// came over the wire.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { certificate, key } from '../../../benchmarks/support/certificate.js'
import { type Child, startChild } from '../../../benchmarks/support/child.js'
import { cCompiler, type Compiled, compileC } from '../../../benchmarks/support/compile.js'
import { listeningPort } from '../../../benchmarks/support/relay.js'
import { sourceFile } from '../../../benchmarks/support/source-file.js'
import { type ClosureReport, closureOf } from '../../../lib/index.js'
import { makeCredentials } from '../../../lib/lab/credentials.js'
import { requireTool } from '../../support/peers/child.js'

const protocols = ['TLSv1.2', 'TLSv1.3'] as const
type Protocol = (typeof protocols)[number]

/** How a server ends its side when the closer has ended its own. */
const peers: Readonly<Record<Peer, (socket: tls.TLSSocket, tcp: net.Socket) => unknown>> = {
  answers: (socket) => socket.end(),
  'answers after 100 kB': (socket) => socket.end(Buffer.alloc(100_000)),
  'is silent': () => {},
  'sends FIN alone': (socket) => socket.destroy(),
  'sends RST': (_socket, tcp) => tcp.resetAndDestroy(),
}
type Peer = 'answers' | 'answers after 100 kB' | 'is silent' | 'sends FIN alone' | 'sends RST'

// The README asks for a compiler, but not for OpenSSL's headers.
const lackOfC = await cCompiler.missing()
if (lackOfC !== undefined) console.warn(`\nNO TEST OF THE PLAIN C CLOSER: ${lackOfC}\n`)

let folder = ''
let files = 0
let compiled: Compiled | undefined
const closers = new Map<Language, Child>()

beforeAll(async () => {
  requireTool('python3', 'python3')
  folder = await mkdtemp(path.join(os.tmpdir(), 'latency-closers-'))
  if (lackOfC === undefined) {
    compiled = await compileC('benchmarks/study/latency/native/closer.c', ['-Wall', '-Wextra', '-Wpedantic', '-Werror'])
    closers.set('C', await start('C', certificate))
  }
  closers.set('Python', await start('Python', certificate))
})

afterAll(async () => {
  for (const closer of closers.values()) await closer.stop()
  await compiled?.remove()
  await rm(folder, { recursive: true })
})

test.skipIf(lackOfC !== undefined)('the C program is bound to a libssl that has a version', () => {
  expect(compiled?.libssl).toMatch(/^\/.*libssl/)
  expect(compiled?.libsslVersion).toMatch(/^\d+\.\d+\.\d+/)
})

const languages = ['C', 'Python'] as const
type Language = (typeof languages)[number]

describe.skipIf(lackOfC !== undefined).each(protocols)('the C program, %s', (protocol) => {
  test.each([
    ['quiet', 'answers', 'quiet', 'nothing'],
    ['unidirectional', 'answers', 'half-closed', 'close_notify'],
    ['unidirectional', 'is silent', 'half-closed', 'close_notify'],
    ['bidirectional', 'answers', 'clean', 'close_notify'],
    ['bidirectional', 'answers after 100 kB', 'clean', 'close_notify'],
    ['bidirectional', 'is silent', 'timed-out', 'close_notify'],
    ['bidirectional', 'sends FIN alone', 'truncated', 'close_notify'],
    ['bidirectional', 'sends RST', 'truncated', 'close_notify'],
  ] as const)('%s, a peer that %s: %s, and the peer has received %s', async (mode, peer, result, received) => {
    const closed = await closeOnce('C', protocol, mode, peer)
    expect(closed).toMatchObject({ result, report: { received: { kind: received }, protocol } })
    if (mode === 'bidirectional') expect(closed.report.sent.kind).toBe(result === 'clean' ? 'close_notify' : 'nothing')
  })
})

describe.each(protocols)('Python, %s', (protocol) => {
  test.each([
    ['answers', 'clean'],
    ['answers after 100 kB', 'failed-on-data'],
    ['is silent', 'timed-out'],
    ['sends RST', 'truncated'],
  ] as const)('a peer that %s: %s', async (peer, result) => {
    const closed = await closeOnce('Python', protocol, 'bidirectional', peer)
    expect(closed).toMatchObject({ result, report: { received: { kind: 'close_notify' }, protocol } })
  })

  test('a peer that sends FIN alone: truncated, or clean to a Python that sets SSL_OP_IGNORE_UNEXPECTED_EOF', async () => {
    const { result, report } = await closeOnce('Python', protocol, 'bidirectional', 'sends FIN alone')
    expect(['truncated', 'clean']).toContain(result)
    expect(report.sent.kind).toBe('nothing')
  })

  test('closes in no other way', async () => {
    const closer = closerIn('Python')
    const { port } = await serve(protocol, 'answers')
    const id = await closer.ask('open', '127.0.0.1', port, protocol)
    await expect(closer.ask('close', id, 'quiet', 'name', 10, 0)).rejects.toThrow('unwrap() is bidirectional')
  })
})

describe.each(languages.filter((language) => language !== 'C' || lackOfC === undefined))('%s', (language) => {
  test('opens and closes others while one waits', async () => {
    const closer = closerIn(language)
    const silent = await serve('TLSv1.3', 'is silent')
    const answering = await serve('TLSv1.3', 'answers')
    const id = await closer.ask('open', '127.0.0.1', silent.port, 'TLSv1.3')
    let isOver = false
    const waiting = closer.ask('close', id, 'bidirectional', 'first', 10, 60_000).finally(() => (isOver = true))
    const [socket] = await silent.ended
    for (let round = 0; round < 3; round += 1) {
      const other = await closer.ask('open', '127.0.0.1', answering.port, 'TLSv1.3')
      expect(await closer.ask('close', other, 'bidirectional', 'second', 10, 60_000)).toMatch(/ clean$/)
    }
    expect(isOver).toBe(false)
    socket.end()
    expect(await waiting).toMatch(/ clean$/)
  })

  test('opens and closes many at once', async () => {
    const closer = closerIn(language)
    const { port } = await serve('TLSv1.3', 'answers')
    const results = Array.from({ length: 30 }, async () => {
      const id = await closer.ask('open', '127.0.0.1', port, 'TLSv1.3')
      return (await closer.ask('close', id, 'bidirectional', 'name', 10, 60_000)).split(' ')[3]
    })
    expect(new Set(await Promise.all(results))).toEqual(new Set(['clean']))
  })

  test('destroys without a word', async () => {
    const closer = closerIn(language)
    const { port, ended, report } = await serve('TLSv1.3', 'is silent')
    const id = await closer.ask('open', '127.0.0.1', port, 'TLSv1.3')
    await closer.ask('destroy', id)
    await expect(closer.ask('close', id, 'bidirectional', 'name', 10, 0)).rejects.toThrow('failed to close')
    const [socket] = await ended
    socket.destroy()
    expect(await report).toMatchObject({ received: { kind: 'nothing' }, tcp: { kind: 'fin' }, verdict: 'truncated' })
  })

  test('speaks the version that it is asked for, and no other', async () => {
    const { port } = await serve('TLSv1.2', 'answers')
    await expect(closerIn(language).ask('open', '127.0.0.1', port, 'TLSv1.3')).rejects.toThrow(/version/i)
  })

  test('says why it cannot connect', async () => {
    const { port, close } = await serve('TLSv1.3', 'answers')
    await close()
    await expect(closerIn(language).ask('open', '127.0.0.1', port, 'TLSv1.3')).rejects.toThrow('refused')
  })

  test('trusts no other certificate than the one that it was given', async () => {
    const { port } = await serve('TLSv1.3', 'answers')
    const closer = await start(language, (await makeCredentials({ host: 'localhost', ca: true })).cert)
    onTestFinished(() => closer.stop())
    await expect(closer.ask('open', '127.0.0.1', port, 'TLSv1.3')).rejects.toThrow(/certificate.verify.failed/i)
  })

  test('refuses a payload that its first line does not fit into', async () => {
    const closer = closerIn(language)
    const { port } = await serve('TLSv1.3', 'answers')
    const id = await closer.ask('open', '127.0.0.1', port, 'TLSv1.3')
    await expect(closer.ask('close', id, 'bidirectional', 'name', 4, 0)).rejects.toThrow('shorter than its first line')
    await closer.ask('destroy', id)
  })

  test('outlives SIGINT, and ends with its input', async () => {
    const closer = closerIn(language)
    process.kill(closer.pid, 'SIGINT')
    expect(await closer.ask('ping')).toBe('')
    const [command, ...args] = commandOf(language, path.join(folder, '0.pem'))
    expect(execFileSync(command, args, { input: '', encoding: 'utf8' })).toMatch(/^ready\b.*\n$/)
  })
})

const bytes = 1000
/** ms for which a close_notify is waited that does not come, or a guard where it does. */
const waits: Readonly<Record<Peer, number>> = {
  answers: 60_000,
  'answers after 100 kB': 60_000,
  'is silent': 50,
  'sends FIN alone': 60_000,
  'sends RST': 60_000,
}

/** Opens a connection and closes it; checks the times and the payload, which are the same for all. */
async function closeOnce(language: Language, protocol: Protocol, mode: string, peer: Peer): Promise<Closed> {
  const closer = closerIn(language)
  const server = await serve(protocol, peer)
  const id = await closer.ask('open', '127.0.0.1', server.port, protocol)
  const before = process.hrtime.bigint()
  const answer = await closer.ask('close', id, mode, 'block/7', bytes, waits[peer])
  const after = process.hrtime.bigint()
  const [began = '', done = '', closed = '', result = ''] = answer.split(' ')
  const times = [before, BigInt(began), BigInt(done), BigInt(closed), after]
  expect(times.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(times)
  if (result === 'timed-out') expect(Number(BigInt(done) - BigInt(began)) / 1e6).toBeGreaterThanOrEqual(waits[peer])

  const [socket, received] = await server.ended
  expect(received.length).toBe(bytes)
  expect(received.toString()).toMatch(/^block\/7\n/)
  if (peer === 'is silent') socket.destroy()
  return { result, report: await server.report }
}

interface Closed {
  readonly result: string
  readonly report: ClosureReport
}

interface Server {
  readonly port: number
  /** The first connection, when the closer has ended its side, and what it had sent. */
  readonly ended: Promise<readonly [tls.TLSSocket, Buffer]>
  readonly report: Promise<ClosureReport>
  readonly close: () => Promise<void>
}

async function serve(protocol: Protocol, peer: Peer): Promise<Server> {
  const context = tls.createSecureContext({ key, cert: certificate, minVersion: protocol, maxVersion: protocol })
  const sockets = new Set<tls.TLSSocket>()
  let accepted: (socket: tls.TLSSocket) => void = () => {}
  const first = new Promise<tls.TLSSocket>((resolve) => (accepted = resolve))
  const server = net.createServer({ allowHalfOpen: true }, (tcp) => {
    const socket = new tls.TLSSocket(tcp, { isServer: true, secureContext: context })
    sockets.add(socket.on('error', () => {}))
    accepted(socket)
    socket.on('end', () => peers[peer](socket, tcp)).resume()
    // Inside the event it would leave before the session tickets of TLS 1.3: unread, they make a RST of the closer's FIN.
    socket.once('secure', () => setImmediate(() => socket.write('.')))
  })
  const report = first.then((socket) => closureOf(socket).report)
  const ended = first.then(async (socket) => {
    const received: Buffer[] = []
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    await once(socket, 'end')
    return [socket, Buffer.concat(received)] as const
  })
  // A test looks at what it needs.
  for (const promise of [report, ended]) promise.catch(() => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await once(server.close(), 'close')
  }
  onTestFinished(close)
  return { port: listeningPort(server), ended, report, close }
}

function closerIn(language: Language): Child {
  const closer = closers.get(language)
  if (closer === undefined) throw new Error(`Expected a closer in ${language}`)
  return closer
}

async function start(language: Language, trusted: string): Promise<Child> {
  const file = path.join(folder, `${files++}.pem`)
  await writeFile(file, trusted)
  return startChild({ name: `${language} closer`, command: commandOf(language, file) })
}

function commandOf(language: Language, trusted: string): [string, ...string[]] {
  if (language === 'Python') return ['python3', sourceFile('benchmarks/study/latency/python/closer.py'), trusted]
  if (compiled === undefined) throw new Error('Expected the C program')
  return [compiled.program, trusted]
}
