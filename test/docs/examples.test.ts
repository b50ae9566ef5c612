/**
 * Runs every `js` block of the README and of docs/ as a program of its own, and holds what it prints against the
 * comments behind its console.log calls. `https://localhost:8443` and port 8443 stand for a server that the test
 * starts; a block that listens on 8443 itself gets a client instead. `peer=…` behind the language names the server.
 * A block that names a libssl below .cache/libssl runs where that build was fetched, one with a database where that is there.
 */
import { spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import https from 'node:https'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { EngineEnd } from '../support/engine-end.js'
import { lacksPeer, libraryPeer } from './library-peers.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const certificates = path.join(root, '.cache/certificates')
const key = readFileSync(path.join(certificates, 'localhost.key.pem'))
const cert = readFileSync(path.join(certificates, 'localhost.cert.pem'))

interface Example {
  readonly name: string
  readonly code: string
  readonly peer: string
  readonly expected: readonly string[]
}

function examplesOf(file: string): readonly Example[] {
  const text = readFileSync(path.join(root, file), 'utf8')
  return [...text.matchAll(/^```js(?: peer=(\S+))?\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, peer = 'answers', code = ''] = match
    const line = text.slice(0, match.index).split('\n').length
    const expected = [...code.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, comment = '']) => comment)
    return { name: `${file}:${line}`, code, peer, expected }
  })
}

const files = [
  'README.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((f) => f.endsWith('.md'))
    .map((f) => `docs/${f}`),
]
const all = files.flatMap(examplesOf)
const examples = all.filter(
  ({ code, peer }) => !lacksPeer(peer) && librariesIn(code).every((library) => existsSync(path.join(root, library))),
)
const notFetched = all.filter((example) => !examples.includes(example)).map(({ name }) => name)
if (notFetched.length > 0)
  console.warn(`NOT RUN: ${notFetched.join(', ')}. To try: node scripts/libssl/fetch.mjs, node scripts/peers/fetch.mjs`)

function librariesIn(code: string): readonly string[] {
  return [...code.matchAll(/'(\.cache\/libssl\/[^']+)'/g)].map(([, library = '']) => library)
}

const peers: Readonly<Record<string, (socket: TLSSocket) => void>> = {
  answers: (socket) => {
    socket.resume()
  },
  'answers-late': (socket) => {
    socket.on('data', () => undefined)
    socket.on('end', () => {
      setTimeout(() => socket.end('an answer'), 20)
    })
  },
  truncates: (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhalf a bo')
      void closureOf(socket).shutdown({ mode: 'quiet' })
    })
  },
}

let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'close-notify-examples-'))
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(root, path.join(folder, 'node_modules/close-notify'))
  symlinkSync(path.join(root, '.cache'), path.join(folder, '.cache'))
  for (const library of ['undici', 'pg', 'mysql2', 'nodemailer']) {
    symlinkSync(path.join(root, 'node_modules', library), path.join(folder, 'node_modules', library))
  }
  copyFileSync(path.join(certificates, 'localhost.key.pem'), path.join(folder, 'key.pem'))
  copyFileSync(path.join(certificates, 'localhost.cert.pem'), path.join(folder, 'cert.pem'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('the examples of the documentation', () => {
  it('are there, and each says what it prints', () => {
    expect(examples.length).toBeGreaterThan(5)
    expect(examples.filter((example) => example.expected.length === 0)).toEqual([])
  })

  it.each(examples)('$name prints what it says', async ({ name, code, peer, expected }) => {
    const listens = code.includes('.listen(8443')
    const port = listens ? await freePort() : await startPeer(peer)
    const program = path.join(folder, `${name.replaceAll(/\W/g, '-')}.mjs`)
    writeFileSync(program, code.replaceAll('8443', String(port)))
    const run = runProgram(program)
    if (listens) void getWhenUp(port)
    const { output, exitCode } = await run
    expect(output.split('\n').filter((line) => line !== '')).toEqual(expected)
    expect(exitCode).toBe(0)
  })
})

async function startPeer(name: string): Promise<number> {
  if (name === 'goes-on-in-the-clear') return startPlaintextPeer()
  const startLibraryPeer = libraryPeer(name)
  if (startLibraryPeer !== undefined) return startLibraryPeer(listenOnLocalhost)
  const behaviour = peers[name]
  if (behaviour === undefined) throw new Error(`No peer is called ${name}`)
  const server = createServer({ key, cert, allowHalfOpen: name === 'answers-late' }, (socket) => {
    socket.on('error', () => undefined)
    behaviour(socket)
  })
  return listenOnLocalhost(server)
}

// Answers the close_notify, goes on in the clear in the same segment, and says what it was told before its FIN.
function startPlaintextPeer(): Promise<number> {
  const server = createTcpServer({ allowHalfOpen: true }, (tcp) => void goOnInTheClear(tcp))
  return listenOnLocalhost(server)
}

async function goOnInTheClear(tcp: Socket): Promise<void> {
  const end = new EngineEnd(tcp, { side: 'server', version: 'TLSv1.3' })
  await end.until(() => end.data === 'CCC' && end.isClosed)
  end.send(end.closeNotify(), '220 in the clear; ')
  await end.until(() => end.hasEnded)
  tcp.end(end.plaintext)
}

async function listenOnLocalhost(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}

// Below the range from which the system gives ports to connections: nobody takes it before the example does.
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const server = createTcpServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, () => resolve(true))
    })
    await new Promise((resolve) => server.close(resolve))
    if (isFree) return port
  }
}

function runProgram(program: string): Promise<{ readonly output: string; readonly exitCode: number | null }> {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: path.join(folder, 'cert.pem') }
  const child = spawn(process.execPath, [program], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  const add = (data: Buffer) => {
    output += String(data)
  }
  child.stdout.on('data', add)
  child.stderr.on('data', add)
  return new Promise((resolve) => child.on('close', (exitCode) => resolve({ output, exitCode })))
}

/** A client for an example that is a server. */
async function getWhenUp(port: number): Promise<void> {
  for (;;) {
    const got = await new Promise<boolean>((resolve) => {
      const request = https.get({ port, host: 'localhost', ca: cert, agent: false }, (response) => {
        response.resume()
        response.on('end', () => resolve(true))
      })
      request.on('error', () => resolve(false))
    })
    if (got) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
