// Node's http2 client over a stream, before Node's own http2 server.
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type ServerHttp2Session } from 'node:http2'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificate } from '../../support/certificate.js'
import type { Wire } from '../../support/wire.js'
import { collect, delay, once, turns } from '../../support/streams.js'
import { type DriverSocket, listening, type Stack, type StackOptions, stacks } from './stacks.js'

const { key, cert, host } = certificate
const body = Buffer.alloc(512 * 1024, 'a body of http2 ')

describe.each(stacks)('over $name', (stack) => {
  test('streams go both ways at once, with their trailers', async () => {
    const { session } = await start(stack)
    const downloads = Array.from({ length: 3 }, () => received(session.request({ ':path': '/whole' })))
    const uploads = Array.from({ length: 3 }, () => {
      const stream = session.request({ ':path': '/count', ':method': 'POST' })
      stream.end(body)
      return received(stream)
    })
    const whole = { bytes: body.length, ended: true, error: undefined, trailer: 'sent' }
    expect(await Promise.all(downloads)).toEqual([whole, whole, whole])
    const counted = { ...whole, bytes: String(body.length).length }
    expect(await Promise.all(uploads)).toEqual([counted, counted, counted])
  })

  test('a stream that nobody reads holds up no other', async () => {
    const { session } = await start(stack)
    const unread = session.request({ ':path': '/whole' })
    await once(unread, 'response')
    expect(await received(session.request({ ':path': '/whole' }))).toMatchObject({ bytes: body.length, ended: true })
    expect(unread.readableEnded).toBe(false)
    expect(await received(unread)).toMatchObject({ bytes: body.length, ended: true })
  })

  test('an upload waits for a peer that does not read, and goes on', async () => {
    const { session, wire, socket } = await start(stack)
    const upload = session.request({ ':path': '/count', ':method': 'POST' })
    await roundTrip(session)
    // The window of the server is large: it is TCP that fills.
    wire.stall('client')
    let given = 0
    while (given < 128 * body.length && (given === 0 || !upload.writableNeedDrain)) {
      upload.write(body)
      given += body.length
      await delay(1)
    }
    expect(given).toBeLessThan(128 * body.length)
    expect(socket.writableLength).toBeLessThan(8 * body.length)
    wire.stall('client', false)
    upload.end()
    expect(await text(upload)).toBe(String(given))
  })

  test('session.close() ends TLS behind GOAWAY, once the streams are through', async () => {
    const { session, socket, wire, sessions } = await start(stack, { closing: 'bidirectional' })
    const request = session.request({ ':path': '/whole' })
    const last = received(request)
    await once(request, 'response')
    session.close()
    expect(await last).toMatchObject({ bytes: body.length, ended: true, error: undefined })
    await Promise.all([session, ...sessions].map(closed))
    if (!socket.closed) await once(socket, 'close')
    await wire.seen('client', 'alert warning close_notify')
    expect(socket.errored).toBe(null)
  })
})

type Ending = 'fin' | 'rst'
const endings: readonly Ending[] = ['fin', 'rst']

describe('cut by', () => {
  const truncated = 'ERR_TLS_TRUNCATED'

  describe.each(endings)('%s', (ending) => {
    // Node's own takes a bare FIN for the end of every stream.
    const ofNode = ending === 'rst' ? 'ECONNRESET' : undefined

    test.each(
      stacks.flatMap((stack) => [
        { stack, path: '/silent', when: 'before its head', bytes: 0 },
        { stack, path: '/head', when: 'before its body', bytes: 0 },
        { stack, path: '/half', when: 'in its body', bytes: 4 },
      ]),
    )('$stack.name, a response $when', async ({ stack, path, bytes }) => {
      const { session, wire, errors } = await start(stack)
      const whole = received(session.request({ ':path': '/whole' }))
      const stream = session.request({ ':path': path })
      const begun = hasBegun(session, stream, path)
      const cut = received(stream)
      expect(await whole).toMatchObject({ ended: true, error: undefined })
      await begun
      wire.cut('server', { afterBytes: 0, with: ending })
      const code = stack.isOurs ? truncated : ofNode
      expect(await cut).toMatchObject({ bytes, ended: code === undefined, error: code })
      await closed(session)
      expect(errors).toEqual(code === undefined ? [] : [code])
    })

    test.each(stacks)('$name, an upload', async (stack) => {
      const { session, wire } = await start(stack)
      const stream = session.request({ ':path': '/count', ':method': 'POST' })
      stream.write(body)
      await roundTrip(session)
      const cut = received(stream)
      wire.cut('server', { afterBytes: 0, with: ending })
      expect(await cut).toMatchObject(stack.isOurs ? { ended: false, error: truncated } : { error: ofNode })
      await closed(session)
    })

    test.each(stacks)('$name, between two requests: no response fails', async (stack) => {
      const { session, wire, errors } = await start(stack)
      expect(await received(session.request({ ':path': '/whole' }))).toMatchObject({ ended: true, error: undefined })
      wire.cut('server', { afterBytes: 0, with: ending })
      await closed(session)
      const code = stack.isOurs ? truncated : ofNode
      expect(errors).toEqual(code === undefined ? [] : [code])
    })
  })

  test.each(stacks)('$name, close_notify of a server that has not sent END_STREAM', async (stack) => {
    const { session, wire, sockets, errors } = await start(stack)
    const stream = session.request({ ':path': '/half' })
    const cut = received(stream)
    await hasBegun(session, stream, '/half')
    sockets[0]?.end()
    const code = stack.isOurs ? 'ECONNRESET' : undefined
    expect(await cut).toMatchObject({ bytes: 4, ended: code === undefined, error: code })
    await closed(session)
    await wire.seen('client', 'alert warning close_notify')
    expect(errors).toEqual([])
  })

  test.each(stacks)('$name, session.destroy() when the peer is closing: nothing is thrown', async (stack) => {
    // Where http2 hears of the end before our side has ended, one of these is an assertion of Node's that fails.
    const sessions = await Promise.all(
      Array.from({ length: 12 }, async (_, turn) => {
        const { session } = await start(stack)
        const refused = received(session.request({ ':path': '/refused' }))
        await roundTrip(session)
        session.close()
        await refused
        await turns(turn)
        session.destroy()
        return session
      }),
    )
    await Promise.all(sessions.map(closed))
  })
})

interface Received {
  readonly bytes: number
  readonly ended: boolean
  readonly error: string | undefined
  readonly trailer: unknown
}

interface Started {
  readonly session: ClientHttp2Session
  readonly socket: DriverSocket
  readonly wire: Wire
  /** Of the server. */
  readonly sessions: readonly ServerHttp2Session[]
  readonly sockets: readonly DriverSocket[]
  /** Codes of the session's errors. */
  readonly errors: readonly (string | undefined)[]
}

async function start(stack: Stack, options: StackOptions = {}): Promise<Started> {
  const settings = { initialWindowSize: 64 * 1024 * 1024 }
  const server = http2.createSecureServer({ key, cert, settings })
  const sessions: ServerHttp2Session[] = []
  const sockets: DriverSocket[] = []
  server.on('session', (session) => {
    sessions.push(session)
    follow(session)
    session.setLocalWindowSize(64 * 1024 * 1024)
  })
  server.on('secureConnection', (socket: DriverSocket) => sockets.push(socket))
  server.on('sessionError', () => undefined)
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    serve(stream, String(headers[':path']))
  })
  const { relay } = await listening(server)
  server.on('keylog', (line: Buffer) => relay.keys.add(line))
  const socket = stack.connect(relay.port, { ALPNProtocols: ['h2'], ...options })
  socket.on('error', () => undefined)
  const session = http2.connect(`https://${host}`, { createConnection: () => socket })
  const errors: (string | undefined)[] = []
  session.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
  follow(session)
  onTestFinished(() => session.destroy())
  await once(session, 'remoteSettings')
  return { session, socket, wire: await relay.nextWire(), sessions, sockets, errors }
}

function serve(stream: http2.ServerHttp2Stream, path: string): void {
  if (path === '/silent') return
  if (path === '/refused') {
    // Behind GOAWAY, and not in front of it: a request that GOAWAY overtakes is refused by Node within the read that brought it,
    // which goes on with a stream that is freed by then (seen with nghttp2 1.61 to 1.68; on musl it can end the process).
    stream.session?.once('goaway', () => setImmediate(() => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)))
    return
  }
  if (path === '/count') {
    let bytes = 0
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length))
    stream.on('end', () => stream.destroyed || answer(stream, String(bytes)))
    return
  }
  if (path === '/whole') {
    answer(stream, body)
    return
  }
  stream.respond()
  if (path === '/half') stream.write('half')
}

function answer(stream: http2.ServerHttp2Stream, content: string | Buffer): void {
  stream.respond({}, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'x-trailer': 'sent' }))
  stream.end(content)
}

async function received(stream: ClientHttp2Stream): Promise<Received> {
  let trailer: unknown
  stream.once('trailers', (headers: http2.IncomingHttpHeaders) => (trailer = headers['x-trailer']))
  const { bytes, ended, error } = await collect(stream)
  return { bytes: bytes.length, ended, error: error?.code, trailer }
}

function hasBegun(session: ClientHttp2Session, stream: ClientHttp2Stream, path: string): Promise<unknown> {
  if (path === '/half') return once(stream, 'data')
  return path === '/head' ? once(stream, 'response') : roundTrip(session)
}

/** What was sent before has come. */
function roundTrip(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => void session.ping(() => resolve()))
}

/** Of each session, from when it began. */
const closings = new WeakMap<object, Promise<unknown>>()

function follow(session: ClientHttp2Session | ServerHttp2Session): void {
  closings.set(session, new Promise((resolve) => void session.once('close', resolve)))
}

async function closed(session: ClientHttp2Session | ServerHttp2Session): Promise<void> {
  await closings.get(session)
}
