import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, get, type RequestOptions, type Server } from 'node:https'
import { connect, TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf, type ClosureReport } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { collect, once } from '../support/streams.js'
import { deferred, hasEnded, turns } from './pairs.js'

const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const

describe.each(tlsVersions)('sockets of an https server, %s', (version) => {
  const versions = { minVersion: version, maxVersion: version } as const

  test('no request that comes while FIN is held is run, and what comes is counted', async () => {
    const requests: string[] = []
    const closing = deferred<ClosureReport>()
    const server = await serve((request, response) => {
      requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
      closing.resolve(closureOf(tlsSocketOf(request)).shutdown({ mode: 'bidirectional', ...muchTime }))
      response.end('ok')
    })
    const client = await clientOf(server)
    const received = collect(client)
    client.write('GET /first HTTP/1.1\r\nHost: x\r\n\r\n')
    await hasEnded(client)
    const late = 'POST /transfer HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi'
    client.write(late)
    await turns(20)
    client.end()
    expect(await closing.promise).toMatchObject({ verdict: 'clean', discardedBytes: late.length })
    expect(requests).toEqual(['GET /first'])
    expect((await received).bytes.toString()).toContain('ok')
  })

  test('an upload that is answered early is read by ourselves, though http stopped the handle', async () => {
    const upload = 3_000_000
    const closing = deferred<ClosureReport>()
    const server = await serve((request, response) => {
      // Nobody reads the body: http has stopped reading by the time of the answer.
      setTimeout(() => {
        const options = { mode: 'bidirectional', maxDiscardBytes: upload * 2, ...muchTime } as const
        closing.resolve(closureOf(tlsSocketOf(request)).shutdown(options))
        response.writeHead(413, { connection: 'close' })
        response.end('no')
      }, 50)
    })
    const client = await clientOf(server)
    const received = collect(client)
    client.write(`POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: ${upload}\r\n\r\n`)
    client.end(Buffer.alloc(upload))
    const report = await closing.promise
    expect(report).toMatchObject({ verdict: 'clean', endedBy: 'done' })
    expect(report.discardedBytes).toBeGreaterThan(upload / 2)
    expect((await received).bytes.toString()).toContain('413')
  })

  test('an upload beyond the discard limit ends the wait', async () => {
    const closing = deferred<ClosureReport>()
    const server = await serve((request, response) => {
      const options = { mode: 'bidirectional', maxDiscardBytes: 100_000, ...muchTime } as const
      closing.resolve(closureOf(tlsSocketOf(request)).shutdown(options))
      response.end('no')
    })
    const client = await clientOf(server)
    client.resume()
    client.on('error', () => undefined)
    client.write(`POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n`)
    client.write(Buffer.alloc(8_000_000))
    expect(await closing.promise).toMatchObject({ verdict: 'flooded', endedBy: 'discard-limit' })
  })

  test('a whole response survives its client being shut down afterwards, and closeNotify() is refused', async () => {
    const server = await serve((_request, response) => void response.end(Buffer.alloc(100_000)))
    const options: RequestOptions = { ...addressOf(server), ...versions, agent: false }
    const body = await new Promise<number>((resolve, reject) => {
      const request = get(options, (response) => {
        let length = 0
        const closure = closureOf(tlsSocketOf(response))
        const refused = closure.closeNotify().catch((error: unknown) => error)
        response.on('data', (data: Buffer) => (length += data.length))
        response.on('end', () => {
          void refused.then((error) => {
            expect(error).toMatchObject({ code: 'ERR_CLOSURE_OWNED' })
            resolve(length)
          }, reject)
        })
      })
      request.on('error', reject)
    })
    expect(body).toBe(100_000)
  })

  async function serve(onRequest: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
    const server = createServer({ key: certificate.key, cert: certificate.cert, ...versions })
    server.on('request', onRequest)
    server.on('secureConnection', (socket) => socket.on('error', () => undefined))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    return server
  }

  async function clientOf(server: Server): Promise<TLSSocket> {
    const options = { ...addressOf(server), ...versions, allowHalfOpen: true }
    const socket = connect(options)
    onTestFinished(() => void socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }
})

function addressOf(server: Server) {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return { port: address.port, host: '127.0.0.1', servername: certificate.host, ca: certificate.cert }
}

function tlsSocketOf(message: IncomingMessage): TLSSocket {
  if (!(message.socket instanceof TLSSocket)) throw new Error('Expected a TLSSocket')
  return message.socket
}
