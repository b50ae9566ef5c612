// A request over Node's own http2 whose connection ends before the head of its response: ECONNRESET, as over HTTP/1.1,
// however it ends and whenever the session took the socket; and behind the head a truncation.
import http2, { type ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../../lib/index.js'
import { behindRelay, clientOf } from '../../closure/servers.js'
import { tlsVersions } from '../../support/pair.js'
import { once } from '../../support/streams.js'
import { alertRecord, type Crafted, fin, rst } from '../../support/tampering.js'
import { http2Server, watch } from '../harness.js'
import { codeOf } from './outcomes.js'

const closeNotify = alertRecord('warning', 'close_notify')
const endings: readonly (readonly [string, readonly Crafted[]])[] = [
  ['FIN', [fin]],
  ['RST', [rst]],
  ['a fatal alert', [alertRecord('fatal', 'internal_error')]],
  ['close_notify and FIN', [closeNotify, fin]],
  ['user_canceled, close_notify and FIN', [alertRecord('warning', 'user_canceled'), closeNotify, fin]],
]
const control = (socket: TLSSocket) => watch(controlClosure(socket, { onTruncation: 'error' }))
const moments: readonly (readonly [string, (socket: TLSSocket) => Promise<http2.ClientHttp2Session>])[] = [
  [
    'before the handshake',
    (socket) => {
      control(socket)
      return Promise.resolve(sessionOn(socket))
    },
  ],
  [
    'when the handshake was done',
    async (socket) => {
      control(socket)
      await once(socket, 'secureConnect')
      return sessionOn(socket)
    },
  ],
  [
    'before the policy',
    async (socket) => {
      const session = sessionOn(socket)
      await once(socket, 'secureConnect')
      control(socket)
      return session
    },
  ],
]

describe.each(tlsVersions)('%s', (version) => {
  describe.each(moments)('the session took the socket %s', (_moment, begin) => {
    test.each(endings)('nothing of the response, then %s', async (_name, ending) => {
      const { error, wire } = await requested(begin, version, () => undefined)
      wire.send('server', ending)
      expect(await error).toBe('ECONNRESET')
    })

    test.each(endings)('early hints, then %s', async (_name, ending) => {
      const { error, wire, stream } = await requested(begin, version, (answer) => {
        answer.additionalHeaders({ ':status': 103 })
      })
      await once(stream, 'headers')
      wire.send('server', ending)
      expect(await error).toBe('ECONNRESET')
    })

    test.each(endings.slice(0, 3))('a head, then %s', async (_name, ending) => {
      const { error, wire, stream } = await requested(begin, version, (answer) => answer.respond())
      await once(stream, 'response')
      wire.send('server', ending)
      expect(await error).toBe('ERR_TLS_TRUNCATED')
    })
  })
})

async function requested(
  begin: (socket: TLSSocket) => Promise<http2.ClientHttp2Session>,
  version: (typeof tlsVersions)[number],
  answer: (stream: ServerHttp2Stream) => void,
) {
  const server = http2Server(version)
  server.removeAllListeners('stream')
  const asked = new Promise<void>((resolve) => {
    server.on('stream', (stream) => {
      answer(stream.on('error', () => undefined))
      resolve()
    })
  })
  const relay = await behindRelay(server, { onRecord: () => 'pass' })
  const socket = clientOf(relay.port, { minVersion: version, maxVersion: version, ALPNProtocols: ['h2'] })
  const session = await begin(socket)
  const stream = session.request()
  const error = new Promise<string>((resolve) => {
    stream.on('error', (error) => resolve(codeOf(error)))
    stream.on('close', () => resolve('none'))
  })
  stream.resume()
  await asked
  return { error, stream, wire: await relay.nextWire() }
}

function sessionOn(socket: TLSSocket): http2.ClientHttp2Session {
  const session = http2.connect('https://localhost', { createConnection: () => socket })
  session.on('error', () => undefined)
  onTestFinished(() => session.destroy())
  return session
}
