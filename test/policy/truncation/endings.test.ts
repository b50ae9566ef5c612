// Every ending over every framing: a message passes as whole only where its own protocol calls it whole.
import http2 from 'node:http2'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf, controlClosure } from '../../../lib/index.js'
import { clientOf } from '../../closure/servers.js'
import { stopAfter } from '../../support/peers/child.js'
import { pythonClient, pythonServer } from '../../support/peers/python.js'
import { certificate } from '../../support/certificate.js'
import { tlsVersions } from '../../support/pair.js'
import { alertRecord, type Crafted, damagedRecord, fin, rst, tooManyWarnings } from '../../support/tampering.js'
import { behindRelay } from '../../closure/servers.js'
import { connected, controlled, http2Server, httpsServer, tlsServer, until, watch } from '../harness.js'
import { codeOf } from './outcomes.js'

const half = 'half a bo'
const heads = {
  'a body that the connection delimits': '',
  'Content-Length': 'Content-Length: 11\r\n',
  chunked: 'Transfer-Encoding: chunked\r\n',
} as const
const bodies = {
  '': half,
  'Content-Length: 11\r\n': half,
  'Transfer-Encoding: chunked\r\n': `9\r\n${half}\r\n`,
} as const

const closeNotify = alertRecord('warning', 'close_notify')
const userCanceled = alertRecord('warning', 'user_canceled')
const cuts: readonly (readonly [string, readonly Crafted[]])[] = [
  ['FIN', [fin]],
  ['RST', [rst]],
  ['a fatal alert', [alertRecord('fatal', 'internal_error')]],
  ['too many warnings', tooManyWarnings],
  ['a fatal alert and FIN', [alertRecord('fatal', 'internal_error'), fin]],
  ['a record that cannot be decrypted', [damagedRecord]],
]
const orderly: readonly (readonly [string, readonly Crafted[]])[] = [
  ['close_notify and FIN', [closeNotify, fin]],
  ['user_canceled, close_notify and FIN', [userCanceled, closeNotify, fin]],
]

describe.each(tlsVersions)('%s', (version) => {
  describe.each(Object.entries(heads))('%s', (_framing, head) => {
    test.each([...cuts, ...orderly])('half of it, then %s', async (name, records) => {
      const server = httpsServer(version, (request) => {
        request.socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n${head}\r\n${bodies[head]}`)
      })
      server.on('secureConnection', (socket) => socket.on('error', () => undefined))
      const relay = await behindRelay(server, { onRecord: () => 'pass' })
      const agent = new https.Agent({ ca: certificate.cert, servername: certificate.host })
      watch(controlClosure(agent, { onTruncation: 'error' }))
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        https.get({ host: '127.0.0.1', port: relay.port, agent }, resolve).on('error', reject)
      })
      const wire = await relay.nextWire()
      const body = text(response.on('data', () => undefined)).catch((error: unknown) => {
        if (codeOf(error) === 'ERR_TLS_TRUNCATED') expect(error).toHaveProperty('name', 'TruncationError')
        if (error instanceof Error && 'cause' in error) expect(error.cause).toBeInstanceOf(Error)
        return codeOf(error)
      })
      await until(() => wire.data('server').toString().includes(half))
      wire.send('server', records)
      const isWhole = head === '' && orderly.some(([orderlyName]) => orderlyName === name)
      expect([await body, response.complete]).toEqual(
        isWhole ? [half, true] : [expect.stringMatching(/^(ERR_TLS_TRUNCATED|ECONNRESET)$/), false],
      )
    })
  })

  test.each(Object.entries(heads))(
    "%s: an error of its socket that is not the peer's fails the half of it that came",
    async (_framing, head) => {
      const server = httpsServer(version, (request) => {
        request.socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n${head}\r\n${bodies[head]}`)
      })
      server.on('secureConnection', (socket) => socket.on('error', () => undefined))
      const { port } = await behindRelay(server)
      const agent = new https.Agent({ ca: certificate.cert, servername: certificate.host })
      watch(controlClosure(agent, { onTruncation: 'error' }))
      const errors: unknown[] = []
      const response = await new Promise<IncomingMessage>((resolve) => {
        const request = https.get({ host: '127.0.0.1', port, agent }, resolve)
        request.on('error', (error) => errors.push(codeOf(error)))
      })
      // As libuv has it when TCP's keep-alive probes are not answered, for example.
      const timeout = Object.assign(new Error('read ETIMEDOUT'), { code: 'ETIMEDOUT', syscall: 'read' })
      response.once('data', () => setImmediate(() => response.socket.destroy(timeout)))
      const body = text(response).catch(codeOf)
      expect([await body, response.complete, errors]).toEqual(['ECONNRESET', false, ['ETIMEDOUT']])
    },
  )

  test.each([...cuts, ...orderly])('an http2 stream without END_STREAM, then %s', async (_name, records) => {
    const server = http2Server(version)
    server.removeAllListeners('stream')
    server.on('stream', (stream) => {
      stream.on('error', () => undefined).respond()
      stream.write(half)
    })
    const relay = await behindRelay(server, { onRecord: () => 'pass' })
    const socket = clientOf(relay.port, { minVersion: version, maxVersion: version, ALPNProtocols: ['h2'] })
    watch(controlClosure(socket, { onTruncation: 'error' }))
    const session = http2.connect('https://localhost', { createConnection: () => socket })
    session.on('error', () => undefined)
    onTestFinished(() => session.destroy())
    const stream = session.request()
    const came = new Promise((resolve) => stream.once('data', resolve))
    const body = text(stream).then(() => 'whole', codeOf)
    await came
    const wire = await relay.nextWire()
    wire.send('server', records)
    expect(await body).not.toBe('whole')
  })

  test.each([
    ['warning', 'internal_error', version === 'TLSv1.3'],
    ['fatal', 'internal_error', true],
    ['fatal', 'user_canceled', version === 'TLSv1.2'],
    ['fatal', 'close_notify', version === 'TLSv1.2'],
  ] as const)('an alert %s %s ends the connection, and is named: %s', async (level, description, ends) => {
    let bytesRead = 0
    const { relay, report, control } = await controlled(
      tlsServer(version, (socket) =>
        socket.on('data', (bytes: Buffer) => {
          bytesRead += bytes.length
        }),
      ),
      { flushTimeout: 300 },
      { relay: { onRecord: () => 'pass' } },
    )
    const client = await connected(relay.port, version)
    client.resume().write('!')
    await until(() => bytesRead === 1)
    const wire = await relay.nextWire()
    wire.send('client', [alertRecord(level, description)])
    if (ends) {
      expect(await report()).toMatchObject({ verdict: 'alerted', received: { kind: 'fatal-alert' }, began: 'peer' })
      return
    }
    client.end()
    expect((await report()).verdict).not.toBe('alerted')
    expect(control.counters.alerted).toBe(0)
  })

  test('five warnings in a row end the connection by the last of them, for OpenSSL answers it by a fatal alert', async () => {
    let bytesRead = 0
    const server = tlsServer(version, (socket) => socket.on('data', () => bytesRead++))
    const { relay, report } = await controlled(server, {}, { relay: { onRecord: () => 'pass' } })
    const client = await connected(relay.port, version)
    client.resume().write('!')
    await until(() => bytesRead > 0)
    const wire = await relay.nextWire()
    wire.send('client', tooManyWarnings)
    expect(await report()).toMatchObject({
      verdict: 'alerted',
      received: { kind: 'fatal-alert', name: 'user_canceled' },
      sent: { kind: 'fatal-alert', name: 'unexpected_message' },
      began: 'peer',
    })
  })

  test('our quiet FIN is answered by an alert: no error, the verdict is quiet, the alert is in the report', async () => {
    const server = stopAfter(await pythonServer({ version, steps: [{ do: 'send', bytes: 2 }, { do: 'read-to-end' }] }))
    const client = clientOf(server.port, { minVersion: version, maxVersion: version })
    const errors: unknown[] = []
    client.on('error', (error) => errors.push(error))
    await new Promise((resolve) => client.once('data', resolve))
    await closureOf(client).shutdown({ mode: 'quiet' })
    const report = await closureOf(client).report
    expect({ errors, verdict: report.verdict, received: report.received.kind }).toEqual({
      errors: [],
      verdict: 'quiet',
      received: 'fatal-alert',
    })
  })

  test('the same under a policy, at a server', async () => {
    const errors: unknown[] = []
    const server = tlsServer(version, (socket) => {
      socket.on('error', (error) => errors.push(error))
      socket.resume().end('bye')
    })
    const { report } = await controlled(server, { mode: 'quiet' })
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    stopAfter(pythonClient({ version, port, steps: [{ do: 'read-to-end' }] }))
    const { verdict } = await report()
    expect({ verdict, errors }).toEqual({ verdict: 'quiet', errors: [] })
  })

  test('a bare FIN that answers our end(), in a mode that does not wait, is no error', async () => {
    const server = stopAfter(await pythonServer({ version, steps: [{ do: 'read-to-end' }, { do: 'close' }] }))
    const client = clientOf(server.port, { minVersion: version, maxVersion: version })
    const { report } = watch(controlClosure(client, { onTruncation: 'error' }))
    const errors: unknown[] = []
    client.on('error', (error) => errors.push(error))
    client.resume().end('bye')
    expect((await report()).verdict).toBe('unanswered')
    expect(errors).toEqual([])
  })
})
