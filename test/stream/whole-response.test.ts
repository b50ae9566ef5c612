// Node's http as a client over a stream: a response that is whole by its framing stays whole, whatever ends the connection
// behind it, and a request hears of an error once at most.
import http, { type IncomingMessage } from 'node:http'
import tls from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, type TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { startRelay } from '../support/relay.js'
import { once, turns } from '../support/streams.js'
import { portOf } from './pair.js'

const { key, cert, host: servername } = certificate

const framings = [
  { framing: 'a length', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwhole' },
  { framing: 'a length, to be kept alive', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole' },
  { framing: 'chunks', answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n' },
  { framing: 'no body', answer: 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n' },
] as const
const cutOnes = [
  { framing: 'a length', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf' },
  { framing: 'chunks', answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n' },
  { framing: 'neither', answer: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf' },
] as const
const endings = ['fin', 'rst'] as const
const readings = ['at once', 'once the connection is gone'] as const

interface Outcome {
  readonly body: string
  readonly ended: boolean
  readonly complete: boolean
  readonly errors: readonly (string | undefined)[]
}

/** What becomes of a response behind whose last byte the connection ends. */
async function outcome(answer: string, ending: 'fin' | 'rst', reading: (typeof readings)[number]): Promise<Outcome> {
  const server = tls.createServer({ key, cert }, (socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const relay = await startRelay({ port: portOf(server) })
  onTestFinished(relay.close)
  const errors: (string | undefined)[] = []
  let stream: TlsStream | undefined
  const request = http.get({
    host: servername,
    createConnection: () => (stream = connect({ port: relay.port, host: '127.0.0.1', servername, ca: cert })),
  })
  request.on('error', (error: NodeJS.ErrnoException) => void errors.push(error.code))
  const response = await new Promise<IncomingMessage>((resolve) => void request.once('response', resolve))
  let [body, ended] = ['', false]
  response.on('error', () => undefined)
  response.on('end', () => (ended = true))
  const read = () => response.on('data', (part: Buffer) => (body += part.toString()))
  const over = new Promise<void>((resolve) => void response.once('close', resolve))
  const gone = new Promise<void>((resolve) => void stream?.once('close', resolve))
  if (reading === 'at once') read()
  const [wire] = relay.wires
  wire?.cut('server', { afterBytes: 0, with: ending })
  await gone
  if (reading !== 'at once') read()
  await over
  await turns(5)
  return { body, ended, complete: response.complete, errors }
}

describe.for(endings)('http over a stream: a response behind which the connection ends with %s', (ending) => {
  const wholes = framings.flatMap((one) => readings.map((reading) => ({ ...one, reading })))
  test.for(wholes)('whole by $framing, read $reading', async ({ answer, framing, reading }) => {
    const body = framing === 'no body' ? '' : 'whole'
    expect(await outcome(answer, ending, reading)).toEqual({ body, ended: true, complete: true, errors: [] })
  })

  const cuts = cutOnes.flatMap((one) => readings.map((reading) => ({ ...one, reading })))
  test.for(cuts)('cut in a body with $framing, read $reading', async ({ answer, reading }) => {
    const { ended, complete, errors } = await outcome(answer, ending, reading)
    expect({ ended, complete, errors }).toEqual({ ended: false, complete: false, errors: ['ERR_TLS_TRUNCATED'] })
  })
})
