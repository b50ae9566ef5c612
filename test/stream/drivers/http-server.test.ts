// Node's http server over streams of ours, before curl and Node's own clients.
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import tls from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificate } from '../../support/certificate.js'
import { lacks } from '../../support/peers/programs.js'
import { collect, once } from '../../support/streams.js'
import { curl, path } from './curl.js'
import { type Stack, type StackOptions, stacks } from './stacks.js'

const { cert, host } = certificate
const body = Buffer.alloc(2 * 1024 * 1024, 'a body of http ')

describe.skipIf(lacks('curl')).each(stacks)('curl, over $name', (stack) => {
  test('keeps a connection for several downloads, with a length and in chunks', async () => {
    const { port } = await start(stack)
    const { exitCode, output } = await curl(port, [...path('whole'), ...path('chunked'), ...path('whole')])
    const line = `1.1 200 ${body.length}`
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: [`${line} 1`, `${line} 0`, `${line} 0`] })
  })

  test('uploads some MiB after 100 Continue', async () => {
    const { port, web } = await start(stack)
    const asked = new Promise<IncomingMessage>((resolve) => {
      web.once('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
        resolve(request)
        response.writeContinue()
        web.emit('request', request, response)
      })
    })
    const upload = ['--header', 'Expect: 100-continue', '--data-binary', '@-', ...path('count')]
    const { exitCode, output } = await curl(port, upload, String(body))
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: ['1.1 200 7 1'] })
    expect((await asked).headers.expect).toBe('100-continue')
  })

  test.each([
    // A body of HTTP/1.0 without a length ends with its connection.
    { protocol: 'HTTP/1.0', args: ['--http1.0', ...path('chunked')], line: `1.1 200 ${body.length} 1` },
    {
      protocol: 'Connection: close',
      args: ['--header', 'Connection: close', ...path('whole')],
      line: `1.1 200 ${body.length} 1`,
    },
  ])('takes a response of $protocol that close_notify ends', async ({ args, line }) => {
    const { port, verdicts, drained, errors } = await start(stack, { closing: 'bidirectional' })
    const { exitCode, output } = await curl(port, args)
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: [line] })
    await drained()
    expect(errors).toEqual([])
    expect(verdicts).toEqual(stack.isOurs ? ['clean'] : [])
  })

  test.each([
    { name: 'half-with-length', exitCode: 18 },
    { name: 'half-in-chunks', exitCode: 18 },
    // To curl 7.88 a bare FIN is the end of such a body.
    { name: 'half-until-the-end', exitCode: 0 },
  ])('a cut response, $name, is for curl: $exitCode', async ({ name, exitCode }) => {
    const { port } = await start(stack)
    const transfer = await curl(port, ['--http1.1', ...path(name)])
    expect({ exitCode: transfer.exitCode, last: transfer.output.at(-1) }).toEqual({ exitCode, last: '1.1 200 4 1' })
  })
})

describe.each(stacks)("Node's own clients, over $name", (stack) => {
  test('an agent keeps its connection', async () => {
    const { port, relay } = await start(stack)
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    for (const name of ['whole', 'chunked', 'whole']) {
      const response = await get({ port, path: `/${name}`, agent })
      expect((await text(response)).length).toBe(body.length)
    }
    expect(relay.wires.length).toBe(1)
  })

  test('requests that come in one segment are answered in their order', async () => {
    const { port } = await start(stack)
    const client = tls.connect({ port, host: '127.0.0.1', servername: host, ca: cert })
    const said = collect(client)
    await once(client, 'secureConnect')
    const requests = ['/path/1', '/path/2', '/path/3'].map((name) => `GET ${name} HTTP/1.1\r\nHost: localhost\r\n`)
    client.write(`${requests.join('\r\n')}Connection: close\r\n\r\n`)
    const { bytes, ended } = await said
    expect(String(bytes).match(/\/path\/\d/g)).toEqual(['/path/1', '/path/2', '/path/3'])
    expect(ended).toBe(true)
  })

  test('a request knows of its socket', async () => {
    const { port, web } = await start(stack)
    const socket = new Promise<unknown>((resolve) => {
      web.once(
        'request',
        ({
          socket: { encrypted, remoteAddress, readyState },
        }: IncomingMessage & { readonly socket: Partial<tls.TLSSocket> }) => {
          resolve({ encrypted, remoteAddress, readyState })
        },
      )
    })
    await text(await get({ port, path: '/path', agent: false }))
    expect(await socket).toEqual({ encrypted: true, remoteAddress: '127.0.0.1', readyState: 'open' })
  })

  test.each(
    (['error', 'report'] as const).flatMap((onTruncation) =>
      (['close_notify', 'fin', 'rst'] as const).map((how) => ({ how, onTruncation })),
    ),
  )('an upload that $how cuts fails, with onTruncation: $onTruncation', async ({ how, onTruncation }) => {
    const { port, web, relay, drained, errors } = await start(stack, { onTruncation })
    const log: string[] = []
    web.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      log.push(`clientError ${error.code}`)
      socket.destroy()
    })
    const begun = new Promise<IncomingMessage>((resolve) => {
      web.once('request', (request: IncomingMessage) => {
        for (const event of ['aborted', 'end']) request.on(event, () => log.push(event))
        request.on('error', (error: NodeJS.ErrnoException) => log.push(String(error.code)))
        request.once('data', () => resolve(request))
      })
    })
    const client = tls.connect({ port, host: '127.0.0.1', servername: host, ca: cert })
    client
      .on('error', () => undefined)
      .write('POST /unanswered HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf')
    const request = await begun
    const closed = new Promise((resolve) => void request.once('close', resolve))
    const wire = await relay.nextWire()
    if (how === 'close_notify') client.end()
    else wire.cut('client', { afterBytes: 0, with: how })
    await closed
    await drained()
    const isError = stack.isOurs && how !== 'close_notify' && onTruncation === 'error'
    const reason = isError ? 'ERR_TLS_TRUNCATED' : 'HPE_INVALID_EOF_STATE'
    const reasons = how === 'rst' && !isError ? [reason, 'ECONNRESET'] : [reason]
    expect(reasons.map((code) => `clientError ${code}`)).toContain(log.shift())
    expect(log).toEqual(['aborted', 'ECONNRESET'])
    expect(request.complete).toBe(false)
    if (how !== 'rst') expect(errors).toEqual(isError ? [reason] : [])
  })

  test('a connection goes over to another protocol', async () => {
    const { port, web } = await start(stack)
    web.on('upgrade', (_request, socket: Duplex, head: Buffer) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      if (head.length > 0) socket.unshift(head)
      socket.pipe(socket)
    })
    const client = tls.connect({ port, host: '127.0.0.1', servername: host, ca: cert })
    const said = collect(client)
    client.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nechoed')
    expect(String((await said).bytes)).toMatch(/^HTTP\/1.1 101 [\s\S]*\r\n\r\nechoed$/)
  })
})

async function start(stack: Stack, options: StackOptions = {}) {
  const web = http.createServer((request, response) => serve(request, response))
  const serving = await stack.serve(options, (socket) => web.emit('connection', socket))
  return { web, ...serving }
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const cut = () => setImmediate(() => request.socket.destroy())
  switch (request.url ?? '') {
    case '/whole':
      response.end(body)
      return
    case '/chunked':
      response.write(body.subarray(0, 1000))
      response.end(body.subarray(1000))
      return
    case '/count': {
      let bytes = 0
      request.on('data', (chunk: Buffer) => (bytes += chunk.length))
      request.on('end', () => response.end(String(bytes)))
      return
    }
    case '/half-with-length':
      response.setHeader('Content-Length', 8)
      response.write('half', cut)
      return
    case '/half-in-chunks':
      response.write('half', cut)
      return
    case '/half-until-the-end':
      response.useChunkedEncodingByDefault = false
      response.setHeader('Connection', 'close')
      response.removeHeader('Transfer-Encoding')
      response.write('half', cut)
      return
    case '/unanswered':
      return
    default:
      response.end(request.url)
  }
}

function get(options: https.RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    https.get({ host: '127.0.0.1', servername: host, ca: cert, ...options }, resolve).once('error', reject)
  })
}
