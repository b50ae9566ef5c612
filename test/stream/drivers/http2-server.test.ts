// Node's http2 server over streams of ours, before Node's own http2 client, and curl.
import http2, { type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificate } from '../../support/certificate.js'
import { lacks } from '../../support/peers/programs.js'
import { collect, once } from '../../support/streams.js'
import { curl, path } from './curl.js'
import { type Stack, type StackOptions, stacks } from './stacks.js'

const { cert, host } = certificate
const body = Buffer.alloc(2 * 1024 * 1024, 'a body of http2 ')

describe.each(stacks)('over $name', (stack) => {
  test("Node's client: streams both ways at once, pushed ones, trailers", async () => {
    const { session } = await withClient(stack)
    const pushed = new Promise<number>((resolve) => {
      session.once('stream', (stream) => void collect(stream).then(({ bytes }) => resolve(bytes.length)))
    })
    const whole = collect(session.request({ ':path': '/whole' }))
    const upload = session.request({ ':path': '/count', ':method': 'POST' })
    const trailers = new Promise((resolve) => void upload.once('trailers', resolve))
    upload.end(body)
    const [{ bytes, ended }, counted] = await Promise.all([whole, collect(upload)])
    expect({ bytes: bytes.length, ended }).toEqual({ bytes: body.length, ended: true })
    expect(counted.bytes.toString()).toBe(String(body.length))
    expect(await trailers).toMatchObject({ 'x-trailer': 'sent' })
    expect(await pushed).toBe(6)
  })

  test('a server that closes its session ends TLS behind GOAWAY', async () => {
    const { session, socket, serving, server } = await withClient(stack, { closing: 'bidirectional' })
    const goaway = once(session, 'goaway')
    const reading = collect(session.request({ ':path': '/last' }))
    server.once('stream', (stream: ServerHttp2Stream) => stream.session?.close())
    expect((await reading).bytes.length).toBe(body.length)
    await goaway
    if (!socket.closed) await once(socket, 'close')
    await serving.drained()
    expect(serving.errors).toEqual([])
    expect(serving.verdicts).toEqual(stack.isOurs ? ['clean'] : [])
  })

  describe.each(['close_notify', 'fin', 'rst'] as const)('cut by %s', (how) => {
    // Node's own takes a bare FIN for an orderly end, and that for the end of every stream.
    const ofNode = how === 'rst' ? ['ECONNRESET'] : []
    const ofSession = stack.isOurs ? (how === 'close_notify' ? [] : ['ERR_TLS_TRUNCATED']) : ofNode
    const ofStream = stack.isOurs && how === 'close_notify' ? ['ECONNRESET'] : ofSession

    test.each(['stream', 'request'] as const)('an upload is aborted: a %s', async (event) => {
      const { session, socket, serving, server } = await withClient(stack)
      const sessionErrors: unknown[] = []
      const sessionClosed = new Promise<void>(
        (resolve) => void server.once('stream', (stream) => stream.session?.once('close', () => resolve())),
      )
      server.on('sessionError', (error: NodeJS.ErrnoException) => sessionErrors.push(error.code))
      const log: string[] = []
      const begun = new Promise<Duplex>((resolve) => {
        server.once(event, (body: Duplex) => {
          for (const name of ['aborted', 'end']) body.on(name, () => log.push(name))
          body.on('error', (error: NodeJS.ErrnoException) => log.push(String(error.code)))
          body.once('data', () => resolve(body))
        })
      })
      const upload = session.request({ ':path': '/unanswered', ':method': 'POST' })
      upload.on('error', () => undefined).write('half')
      const body = await begun
      const closed = new Promise((resolve) => void body.once('close', resolve))
      const wire = await serving.relay.nextWire()
      if (how === 'close_notify') socket.end()
      else wire.cut('client', { afterBytes: 0, with: how })
      await closed
      await sessionClosed
      await serving.drained()
      // To its compatibility layer every end of a stream is that of the body.
      const expected = event === 'request' && !stack.isOurs ? [] : ofStream
      expect(log).toEqual(['aborted', ...(expected.length > 0 ? expected : ['end'])])
      expect(sessionErrors).toEqual(ofSession)
    })
  })
})

describe.skipIf(lacks('curl')).each(stacks)('curl --http2, over $name', (stack) => {
  test('downloads, several over one connection', async () => {
    const { serving } = await start(stack)
    const { exitCode, output } = await curl(serving.port, ['--http2', ...path('whole'), ...path('whole')])
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: [`2 200 ${body.length} 1`, `2 200 ${body.length} 0`] })
  })

  test('uploads some MiB', async () => {
    const { serving } = await start(stack)
    const { exitCode, output } = await curl(
      serving.port,
      ['--http2', '--data-binary', '@-', ...path('count')],
      String(body),
    )
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: ['2 200 7 1'] })
  })

  test('says that a response was cut, which is a stream without its end', async () => {
    const { serving } = await start(stack)
    const { exitCode, output } = await curl(serving.port, ['--http2', ...path('cut')])
    // 56: FIN has become a RST on the way, for something of curl's was not read.
    expect([18, 56]).toContain(exitCode)
    expect(output.at(-1)).toBe('2 200 4 1')
  })
})

async function start(stack: Stack, options: StackOptions = {}) {
  const server = http2.createServer()
  let cut: () => unknown = () => undefined
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    serve(stream, String(headers[':path']), () => cut())
  })
  server.on('sessionError', () => undefined)
  const serving = await stack.serve({ ALPNProtocols: ['h2'], ...options }, (socket) => {
    cut = () => socket.destroy()
    server.emit('connection', socket)
  })
  return { server, serving }
}

async function withClient(stack: Stack, options: StackOptions = {}) {
  const { server, serving } = await start(stack, options)
  const address = { port: serving.port, host: '127.0.0.1', servername: host, ca: cert }
  const socket = tls.connect({ ...address, ALPNProtocols: ['h2'] })
  const session = http2.connect(`https://${host}`, { createConnection: () => socket })
  session.on('error', () => undefined)
  onTestFinished(() => session.destroy())
  await once(session, 'remoteSettings')
  return { server, serving, socket, session }
}

function serve(stream: ServerHttp2Stream, path: string, cut: () => unknown): void {
  switch (path) {
    case '/count': {
      let bytes = 0
      stream.on('data', (chunk: Buffer) => (bytes += chunk.length))
      stream.on('end', () => stream.destroyed || answer(stream, String(bytes)))
      return
    }
    case '/whole':
      if (stream.pushAllowed) {
        stream.pushStream({ ':path': '/pushed' }, (_error, pushed) => {
          pushed.respond()
          pushed.end('pushed')
        })
      }
      answer(stream, body)
      return
    case '/last':
      answer(stream, body)
      return
    case '/cut':
      stream.respond()
      stream.write('half', () => setImmediate(cut))
  }
}

function answer(stream: ServerHttp2Stream, content: string | Buffer): void {
  stream.respond({}, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'x-trailer': 'sent' }))
  stream.end(content)
}
