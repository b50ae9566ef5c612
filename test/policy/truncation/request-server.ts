/**
 * A server whose requests are cut. A connection is known by the name that its client asks for (SNI); what became of its
 * request is told when that has ended, or when the connection is closed without one.
 *
 *     const uploads = await startUploads({ version: 'TLSv1.3', api: 'https' })
 *     controlClosure(uploads.server, …)
 *     const { secured, outcome } = uploads.expect('name')
 */
import { createSecureServer, type Http2ServerRequest } from 'node:http2'
import { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { Readable } from 'node:stream'
import { type Server, TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { certificate } from '../../support/certificate.js'
import type { TlsVersion } from '../../support/pair.js'
import { once } from '../../support/streams.js'
import { codeOf, type Outcome } from './outcomes.js'

export type ServerApi = 'https' | 'http2 stream' | 'http2 compatibility'

interface Upload {
  /** The handshake is done on this side too. */
  readonly secured: Promise<void>
  /** The first bytes of the body have come. */
  readonly begun: Promise<void>
  /** Undefined where no handler ran. */
  readonly outcome: Promise<Outcome | undefined>
}

export interface Uploads {
  readonly server: Server
  readonly port: number
  expect(name: string): Upload
  /** Requests without a body that came from elsewhere, and the connections that they came on. */
  readonly visits: { count: number; readonly sockets: Set<string> }
  /** Names of connections of which 'clientError' told. */
  readonly clientErrors: string[]
  /** Events on the server that never should be. */
  readonly errors: unknown[]
}

interface Expected {
  readonly onSecured: () => void
  readonly onBegun: () => void
  readonly onEnded: (outcome: Outcome | undefined) => void
}

export async function startUploads(version: TlsVersion, api: ServerApi): Promise<Uploads> {
  const { key, cert } = certificate
  // The length of this cipher's records is known.
  const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256'
  const options = { key, cert, ciphers, minVersion: version, maxVersion: version } as const
  const expected = new Map<string, Expected>()
  const outcomes = new Map<string, Outcome>()
  const visits = { count: 0, sockets: new Set<string>() }
  const clientErrors: string[] = []
  const errors: unknown[] = []

  const take = (name: string, body: Readable) => {
    const outcome: Outcome = { body: '', passed: false, ended: false }
    outcomes.set(name, outcome)
    follow(body, outcome)
    body.once('data', () => expected.get(name)?.onBegun())
    // Not the connection's end: an http2 connection that is reset while it answers Node leaves open.
    const settle = () => expected.get(name)?.onEnded(outcome)
    body.once('end', () => settleSoon(settle))
    body.once('close', () => settleSoon(settle))
  }
  const onRequest = (request: IncomingMessage | Http2ServerRequest, answer: () => void) => {
    if (request.method === 'POST') take(nameOf(request.socket), request)
    else visits.count++
    request.once('end', answer)
    request.resume()
  }
  const server = {
    https: () => createServer(options, (request, response) => onRequest(request, () => response.end('thanks'))),
    'http2 compatibility': () =>
      createSecureServer(options, (request, response) => onRequest(request, () => response.end('thanks'))),
    'http2 stream': () =>
      createSecureServer(options).on('stream', (stream, headers) => {
        if (headers[':method'] === 'POST') take(nameOf(stream.session?.socket), stream)
        else visits.count++
        stream.once('end', () => {
          // the connection may have gone in the turn in which its last frame came
          if (stream.destroyed) return
          stream.respond()
          stream.end('thanks')
        })
        stream.resume()
      }),
  }[api]()
  const sockets = new Set<TLSSocket>()
  server.on('secureConnection', (socket: TLSSocket) => {
    const name = nameOf(socket)
    const waiting = expected.get(name)
    if (waiting === undefined) visits.sockets.add(`${name} ${String(socket.remotePort)}`)
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      settleSoon(() => waiting?.onEnded(outcomes.get(name)))
    })
    waiting?.onSecured()
  })
  server.on('clientError', (_error: Error, socket: unknown) => {
    clientErrors.push(nameOf(socket))
    if (socket instanceof TLSSocket) socket.destroy()
  })
  server.on('error', (error) => errors.push(error))
  server.listen({ port: 0, host: '127.0.0.1', backlog: 512 })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    server,
    port: address.port,
    expect: (name) => {
      let onSecured: Expected['onSecured'] = () => undefined
      let onBegun: Expected['onBegun'] = () => undefined
      let onEnded: Expected['onEnded'] = () => undefined
      const secured = new Promise<void>((resolve) => (onSecured = resolve))
      const begun = new Promise<void>((resolve) => (onBegun = resolve))
      const outcome = new Promise<Outcome | undefined>((resolve) => (onEnded = resolve))
      expected.set(name, { onSecured, onBegun, onEnded })
      return { secured, begun, outcome }
    },
    visits,
    clientErrors,
    errors,
  }
}

/** After what http and http2 still emit. */
function settleSoon(settle: () => void): void {
  setImmediate(() => setImmediate(settle))
}

function follow(body: Readable, outcome: Outcome): void {
  body.on('data', (chunk: Buffer) => (outcome.body += chunk.toString()))
  body.once('end', () => {
    outcome.ended = true
    outcome.passed = true
  })
  body.on('error', (error) => (outcome.error ??= codeOf(error)))
  body.once('close', () => {
    // of http only: in http2 it means that nothing more will come, for whatever reason
    if (body instanceof IncomingMessage) outcome.complete = body.complete
  })
}

// Also of http2's stand-in for a socket.
function nameOf(socket: unknown): string {
  if (typeof socket !== 'object' || socket === null) return 'nobody'
  const name: unknown = Reflect.get(socket, 'servername')
  return typeof name === 'string' ? name : 'nobody'
}
