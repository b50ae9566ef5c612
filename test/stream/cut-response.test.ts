// Node's http as a client over a stream: a body that has neither a length nor chunks is whole by its close_notify alone.
import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import tls, { type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { connect, type TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { once } from '../support/streams.js'
import { portOf } from './pair.js'

const { key, cert, host: servername } = certificate

/** The answer of a server that says half of it and then does that; what became of it. */
async function answer(
  then: (socket: TLSSocket, stream: TlsStream) => unknown,
  onTruncation: 'error' | 'report' = 'error',
) {
  const server = tls.createServer({ key, cert })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const stream = connect({ port: portOf(server), host: '127.0.0.1', servername, ca: cert, onTruncation })
  onTestFinished(() => void stream.destroy())
  let respond: TLSSocket | undefined
  server.once('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf')
    })
    respond = socket
  })
  const request: ClientRequest = http.get({ host: servername, createConnection: () => stream })
  const requestError = new Promise<NodeJS.ErrnoException>((resolve) => void request.once('error', resolve))
  const response = await new Promise<IncomingMessage>((resolve) => void request.once('response', resolve))
  const log: { ended: boolean; code: string | undefined } = { ended: false, code: undefined }
  response.on('end', () => (log.ended = true))
  response.on('error', (error: NodeJS.ErrnoException) => (log.code = error.code))
  const closed = new Promise((resolve) => void response.once('close', resolve))
  response.once('data', () => {
    if (respond !== undefined) then(respond, stream)
  })
  await closed
  return { ...log, complete: response.complete, requestError }
}

test('that a FIN without close_notify has cut fails, with its request', async () => {
  const { ended, complete, code, requestError } = await answer((socket) =>
    closureOf(socket).shutdown({ mode: 'quiet' }),
  )
  expect({ ended, complete, code }).toEqual({ ended: false, complete: false, code: 'ERR_TLS_TRUNCATED' })
  expect(await requestError).toMatchObject({ code: 'ERR_TLS_TRUNCATED' })
})

test('that a stream was bringing which is destroyed with an error fails', async () => {
  const reason = new Error('enough')
  const { ended, complete, code, requestError } = await answer((_socket, stream) => stream.destroy(reason))
  expect({ ended, complete, code }).toEqual({ ended: false, complete: false, code: 'ECONNRESET' })
  expect(await requestError).toBe(reason)
})

test('that close_notify has ended is whole', async () => {
  const { ended, complete, code } = await answer((socket) => socket.end())
  expect({ ended, complete, code }).toEqual({ ended: true, complete: true, code: undefined })
})
