// Node's http over streams of ours: as a server, and as a client.
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { connect, createServer } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { once } from '../support/streams.js'
import { portOf } from './pair.js'

const { key, cert, host: servername } = certificate
const address = { host: '127.0.0.1', servername, ca: cert }
const body = 'a whole body '.repeat(10_000)

function get(request: http.ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
  })
}

test('http.createServer serves over streams, and both ends are clean', async () => {
  const web = http.createServer((_request, response) => response.end(body))
  const verdicts: Promise<string>[] = []
  const server = createServer({ key, cert, closing: 'bidirectional' }, (stream) => {
    verdicts.push(stream.report.then(({ verdict }) => verdict))
    web.emit('connection', stream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const response = await get(https.get({ port: portOf(server), ...address, agent: false }))
  expect(await text(response)).toBe(body)
  expect(await Promise.all(verdicts)).toEqual(['clean'])
})

test('http.request goes over a stream', async () => {
  const server = https.createServer({ key, cert }, (_request, response) => response.end(body))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const port = portOf(server)
  const stream = connect({ port, ...address })
  stream.on('error', () => undefined)
  const response = await get(http.get({ createConnection: () => stream, host: servername }))
  expect(await text(response)).toBe(body)
  stream.destroy()
})
