// The forms of tls.connect(): each with the same arguments for Node's own beside it.
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls, { type ConnectionOptions, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { connect, type ConnectOptions, createServer, type TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { once } from '../support/streams.js'
import { portOf, streamSides } from './pair.js'

const { key, cert, host: servername } = certificate
const clients = streamSides.filter(({ near }) => near === 'client')
const host = '127.0.0.1'
const file = path.join(tmpdir(), `close-notify-forms-${process.pid}.sock`)
let port = 0
const servers: Server[] = []

beforeAll(async () => {
  for (const address of [{ port: 0, host }, { path: file }]) {
    const server = createServer({ key, cert }, (stream) => void stream.on('error', () => undefined).resume())
    server.listen(address)
    await once(server, 'listening')
    servers.push(server)
    if ('port' in address) port = portOf(server)
  }
})

afterAll(() => {
  for (const server of servers) server.close()
})

interface Form {
  readonly form: string
  readonly ours: (options: ConnectOptions, done: () => void) => TlsStream
  readonly nodes: (options: ConnectionOptions, done: () => void) => TLSSocket
}

const forms: readonly Form[] = [
  {
    form: '(options, listener)',
    ours: (options, done) => connect({ port, host, ...options }, done),
    nodes: (options, done) => tls.connect({ port, host, ...options }, done),
  },
  {
    form: '(port, options, listener)',
    ours: (options, done) => connect(port, { host, ...options }, done),
    nodes: (options, done) => tls.connect(port, { host, ...options }, done),
  },
  {
    form: '(port, host, options, listener)',
    ours: (options, done) => connect(port, host, options, done),
    nodes: (options, done) => tls.connect(port, host, options, done),
  },
  {
    form: '(port, undefined, options, listener)',
    ours: (options, done) => connect(port, undefined, { host, ...options }, done),
    nodes: (options, done) => tls.connect(port, undefined, { host, ...options }, done),
  },
  {
    form: 'other options than port and host in front of them',
    ours: (options, done) => connect(1, '127.0.0.9', { port, host, ...options }, done),
    nodes: (options, done) => tls.connect(1, '127.0.0.9', { port, host, ...options }, done),
  },
  {
    form: '(path, options, listener)',
    ours: (options, done) => connect(file, options, done),
    nodes: (options, done) => tls.connect({ path: file, ...options }, done),
  },
]

describe.each(clients)('$name, $version', ({ openssl, version }) => {
  test.each(forms)('$form', async ({ ours, nodes }) => {
    const options = { ca: cert, servername, minVersion: version, maxVersion: version }
    for (const open of [(done: () => void) => ours({ ...options, openssl }, done), nodes.bind(undefined, options)]) {
      let stream: TlsStream | TLSSocket | undefined
      await new Promise<void>((resolve, reject) => {
        stream = open(resolve).on('error', reject)
      })
      onTestFinished(() => void stream?.destroy())
      expect(stream?.authorized).toBe(true)
    }
  })
})

test('without options there is a connection too, which is verified', async () => {
  for (const stream of [connect(port, host), tls.connect(port, host), connect(String(port), { host })]) {
    const refused = new Promise<NodeJS.ErrnoException>((resolve) => void stream.once('error', resolve))
    expect((await refused).code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  }
})

const wrong: readonly (readonly [string, readonly unknown[], string])[] = [
  ['an object that is none', [null], 'an object for options'],
  ['options of another type', [8443, host, 5], 'an object for options'],
  ['no host', [8443, 5], 'an object for options'],
  ['something behind the options', [{ port: 1 }, 5], 'a function'],
  ['something behind options and host', [8443, host, {}, 'more'], 'a function'],
  ['nothing', [], 'a port, a path or a socket'],
]

test.each(wrong)('%s is refused', (_name, given, message) => {
  expect(() => void Reflect.apply(connect, undefined, given)).toThrow(message)
})
