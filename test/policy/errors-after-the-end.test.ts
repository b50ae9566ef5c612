// Errors of the peer's that come when http has done with a connection, and only the closing of a policy keeps it: nobody
// hears of them, as in stock Node, which has destroyed the socket by then.
import https from 'node:https'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { type ClosurePolicy, controlClosure } from '../../lib/index.js'
import { behindRelay } from '../closure/servers.js'
import { turns } from '../closure/sides.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { alertRecord, type Crafted, damagedRecord, fin, rst, tooManyWarnings } from '../support/tampering.js'
import { answerAndClose, connected, get, httpsServer, tlsServer, until, watch } from './harness.js'
import { codeOf } from './truncation/outcomes.js'

const endings: readonly (readonly [string, readonly Crafted[]])[] = [
  ['a fatal alert', [alertRecord('fatal', 'internal_error')]],
  ['a fatal alert and FIN', [alertRecord('fatal', 'internal_error'), fin]],
  ['too many warnings', tooManyWarnings],
  ['a damaged record', [damagedRecord]],
  ['RST', [rst]],
  ['FIN', [fin]],
]
const policies: readonly (readonly [string, ClosurePolicy | undefined])[] = [
  ['stock', undefined],
  ['unidirectional', { mode: 'unidirectional' }],
  ['bidirectional', { mode: 'bidirectional', flushTimeout: 100, waitTimeout: 100 }],
  ['bidirectional, strict', { mode: 'bidirectional', flushTimeout: 100, waitTimeout: 100, onTruncation: 'error' }],
]
const moments = ['with the last byte', 'after our alert'] as const

describe.each(tlsVersions)('%s', (version) => {
  describe.each(policies)('%s', (_policy, policy) => {
    describe.each(moments)('%s', (moment) => {
      test.each(endings)('a request whose response has ended hears nothing of %s', async (_name, ending) => {
        expect(await requested({ version, policy, moment, ending })).toEqual(['whole'])
      })
    })

    test.each(endings)('a server that has ended its response hears nothing of %s', async (_name, ending) => {
      expect(await served({ version, policy, ending })).toEqual([])
    })
  })
})

interface Run {
  readonly version: TlsVersion
  readonly policy: ClosurePolicy | undefined
  readonly ending: readonly Crafted[]
}

async function requested({ version, policy, moment, ending }: Run & { readonly moment: string }): Promise<string[]> {
  const server = tlsServer(version, (socket) => socket.once('data', () => socket.write(whole)), { allowHalfOpen: true })
  const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole'
  const isLast = moment === 'with the last byte'
  const relay = await behindRelay(server, {
    onRecord: ({ from, kind }) => (isLast && from === 'server' && kind === 'data' ? ['pass', ...ending] : 'pass'),
  })
  const agent = new https.Agent({ ca: certificate.cert, servername: certificate.host })
  if (policy !== undefined) watch(controlClosure(agent, policy))
  const heard: string[] = []
  const response = await new Promise<IncomingMessage>((resolve) => {
    const request = https.get({ host: '127.0.0.1', port: relay.port, agent }, resolve)
    request.on('error', (error) => heard.push(codeOf(error)))
  })
  const { socket } = response
  heard.push(await text(response))
  const wire = await relay.nextWire()
  if (!isLast) {
    await wire.seen('client', 'alert')
    wire.send('server', ending)
  }
  await until(() => socket.destroyed)
  await turns(3)
  return heard
}

async function served({ version, policy, ending }: Run): Promise<string[]> {
  const heard: string[] = []
  const hear = (error: unknown) => heard.push(codeOf(error))
  const server = httpsServer(version, (request, response) => {
    request.on('error', hear)
    response.on('error', hear)
    answerAndClose(request, response)
  })
  let isClosed = false
  server.on('secureConnection', (socket) => socket.once('close', () => (isClosed = true)))
  server.on('clientError', (error, socket) => {
    hear(error)
    socket.destroy()
  })
  if (policy !== undefined) watch(controlClosure(server, policy))
  const relay = await behindRelay(server, { onRecord: () => 'pass' })
  const client = await connected(relay.port, version, { allowHalfOpen: true })
  const wire = await relay.nextWire()
  client.write(get('/'))
  client.resume()
  await wire.seen('server', 'alert')
  wire.send('client', ending)
  await until(() => isClosed)
  await turns(3)
  return heard
}
