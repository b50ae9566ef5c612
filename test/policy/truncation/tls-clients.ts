/** A cut response on a bare TLSSocket, and on a stream of an http2 client. */
import { type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2'
import { connect, type TLSSocket } from 'node:tls'
import { codeOf, type Outcome } from './outcomes.js'

export interface TlsTarget {
  readonly host: string
  readonly port: number
  /** Called with the socket before anything of the connection has happened. */
  readonly control: (socket: TLSSocket) => void
}

export const tlsReaders = ['events', 'for await', 'without an error listener'] as const

export type TlsReader = (typeof tlsReaders)[number]

export function readRaw({ host, port, control }: TlsTarget, reader: TlsReader): Promise<Outcome> {
  const socket = connect({ host: '127.0.0.1', port, servername: host, rejectUnauthorized: false })
  control(socket)
  socket.write('please\r\n\r\n')
  return outcomeOf(socket, reader)
}

export function http2Get({ host, port, control }: TlsTarget, reader: TlsReader): Promise<Outcome> {
  const tls = { host: '127.0.0.1', port, servername: host, ALPNProtocols: ['h2'], rejectUnauthorized: false }
  const socket = connect(tls)
  control(socket)
  const session = connectHttp2(`https://${host}`, { createConnection: () => socket })
  // the error of the stream is what is asked about
  session.on('error', () => undefined)
  const stream = session.request({ ':path': '/' })
  stream.once('close', () => session.close())
  return outcomeOf(stream, reader)
}

async function outcomeOf(stream: TLSSocket | ClientHttp2Stream, reader: TlsReader): Promise<Outcome> {
  const outcome: Outcome = { body: '', passed: false, ended: false }
  stream.once('end', () => (outcome.ended = true))
  const closed = new Promise<void>((resolve) => stream.once('close', () => setImmediate(resolve)))
  if (reader === 'for await') {
    try {
      for await (const chunk of stream) outcome.body += String(chunk)
      outcome.passed = true
    } catch (error) {
      outcome.error = codeOf(error)
    }
    await closed
    return outcome
  }
  stream.on('data', (chunk: Buffer) => (outcome.body += chunk.toString()))
  if (reader === 'events') stream.once('error', (error) => (outcome.error = codeOf(error)))
  await closed
  outcome.passed = outcome.ended
  return outcome
}
