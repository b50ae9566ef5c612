// The end of an http2 connection by its peer, when all streams are complete, and when some of them are not.
import {
  createSecureServer,
  type Http2SecureServer,
  connect as connectHttp2,
  type ServerHttp2Session,
} from 'node:http2'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../../lib/index.js'
import { certificate } from '../../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../../support/pair.js'
import { collect, delay, once } from '../../support/streams.js'
import { codeOf } from './outcomes.js'

describe.each(tlsVersions)('%s', (version) => {
  test.each(['', ', after GOAWAY'])('a bare FIN after all streams are complete%s: no error', async (goaway) => {
    const { server, port, accepted } = await startServer(version)
    server.on('stream', (stream) => {
      stream.respond()
      stream.end('whole')
    })
    const { session, errors } = connectTo(port, version)
    const streams = Array.from({ length: 3 }, () => session.request({ ':path': '/' }))
    const read = await Promise.all(streams.map(collect))
    const { socket, session: theirs } = await accepted
    if (goaway !== '') {
      theirs.goaway()
      await once(session, 'goaway')
    }
    const closed = once(session, 'close')
    socket.destroy()
    await closed
    expect(read.map(({ bytes, ended, error }) => ({ text: bytes.toString(), ended, error }))).toEqual(
      read.map(() => ({ text: 'whole', ended: true, error: undefined })),
    )
    expect(errors).toEqual([])
  })

  test('a bare FIN fails the streams that are cut, and no other, after GOAWAY too', async () => {
    const { server, port, accepted } = await startServer(version)
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined)
      stream.respond()
      if (headers[':path'] === '/whole') stream.end('whole')
      else stream.write('cut')
    })
    const { session, errors } = connectTo(port, version)
    const whole = collect(session.request({ ':path': '/whole' }))
    const cutStream = session.request({ ':path': '/cut' })
    const unheard = session.request({ ':path': '/unheard' })
    const unheardEvents: string[] = []
    unheard.on('end', () => unheardEvents.push('end')).on('close', () => unheardEvents.push('close'))
    const arrived = new Promise((resolve) => cutStream.once('data', resolve))
    unheard.resume()
    const cut = collect(cutStream)
    await Promise.all([whole, arrived, once(unheard, 'response')])
    const { socket, session: theirs } = await accepted
    theirs.goaway()
    await once(session, 'goaway')
    // what the client still acknowledges would make RST of the FIN
    await delay(30)
    const closed = once(session, 'close')
    socket.destroy()
    await closed
    const { bytes, ended, error } = await cut
    expect({ bytes: bytes.toString(), ended, code: codeOf(error) }).toEqual({
      bytes: 'cut',
      ended: false,
      code: 'ERR_TLS_TRUNCATED',
    })
    expect((await whole).ended).toBe(true)
    expect(unheardEvents).toEqual(['close'])
    expect(errors).toEqual([])
  })

  test('a bare FIN of a client between requests disturbs no server', async () => {
    const { server, port, accepted } = await startServer(version)
    const wrong: unknown[] = []
    for (const event of ['error', 'clientError', 'sessionError'])
      server.on(event, (error) => wrong.push([event, error]))
    controlClosure(server, { onTruncation: 'error' })
    server.on('stream', (stream) => {
      stream.respond()
      stream.end('whole')
    })
    const { session, socket } = connectTo(port, version)
    await collect(session.request({ ':path': '/' }))
    const { socket: theirs } = await accepted
    const closed = new Promise<void>((resolve) => theirs.once('close', () => resolve()))
    socket.destroy()
    await closed
    expect(wrong).toEqual([])
  })
})

interface Accepted {
  readonly socket: TLSSocket
  readonly session: ServerHttp2Session
}

interface Server {
  readonly server: Http2SecureServer
  readonly port: number
  readonly accepted: Promise<Accepted>
}

async function startServer(version: TlsVersion): Promise<Server> {
  const { key, cert } = certificate
  const server = createSecureServer({ key, cert, minVersion: version, maxVersion: version })
  const socketCame = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
  const sessionCame = new Promise<ServerHttp2Session>((resolve) => server.once('session', resolve))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  const accepted = Promise.all([socketCame, sessionCame]).then(([socket, session]) => ({ socket, session }))
  return { server, port: address.port, accepted }
}

function connectTo(port: number, version: TlsVersion) {
  const versions = { minVersion: version, maxVersion: version } as const
  const socket = connect({ host: '127.0.0.1', port, ALPNProtocols: ['h2'], rejectUnauthorized: false, ...versions })
  controlClosure(socket, { onTruncation: 'error' })
  const session = connectHttp2('https://localhost', { createConnection: () => socket })
  const errors: unknown[] = []
  session.on('error', (error) => errors.push(error))
  onTestFinished(() => session.destroy())
  return { socket, session, errors }
}
