// Sockets that connect, are given, or are no TCP; TLS in TLS; proxies.
import { randomBytes } from 'node:crypto'
import http from 'node:http'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import type { NodeCase } from '../case.js'
import { join } from '../transports.js'
import { next, type Watched, watch } from '../watch.js'

const socketPath = () => path.join(tmpdir(), `close-notify-${randomBytes(6).toString('hex')}.sock`)

export const socketCases: readonly NodeCase[] = [
  {
    test: 'test-tls-connect-given-socket',
    asks: 'a socket that was given: connecting, connected, and destroyed before either',
    run: async (ends) => {
      const { port } = await ends.serve((end) => void end.on('error', () => undefined).end('Hello'))
      const died = watch(ends.connect({ socket: ends.connectPlain(port) }).destroy())
      await died.closed
      const outliving = ends.connectPlain(port)
      const above = ends.connect({ socket: outliving })
      const destroyed = watch(above)
      outliving.once('connect', () => above.destroy())
      await destroyed.closed
      const connected = ends.connectPlain(port)
      await next(connected, 'connect')
      const texts: string[] = []
      for (const socket of [connected, ends.connectPlain(port)]) {
        const client = ends.connect({ socket })
        const seen = watch(client)
        await seen.closed
        texts.push(seen.text)
      }
      return { errors: [died.error, destroyed.error], texts }
    },
    facts: { errors: [undefined, undefined], texts: ['Hello', 'Hello'] },
  },
  {
    test: 'test-tls-on-empty-socket',
    asks: 'TLS on a net.Socket that is told to connect afterwards',
    run: async (ends) => {
      const { port } = await ends.serve((end) => void end.end('hello'))
      const socket = ends.keep(new Socket())
      const seen = watch(ends.connect({ socket }))
      socket.connect(port, '127.0.0.1')
      await seen.closed
      return { text: seen.text, error: seen.error }
    },
    facts: { text: 'hello', error: undefined },
  },
  {
    test: 'test-tls-net-socket-keepalive',
    asks: 'both sides write and end over a socket with allowHalfOpen, and nothing hangs',
    run: async (ends) => {
      const { port, heard } = await ends.serveHeard((end) => void end.end('hello'))
      const socket = ends.keep(new Socket({ allowHalfOpen: true }))
      const client = ends.connect({ socket })
      const seen = watch(client)
      socket.connect(port, '127.0.0.1')
      client.end('hello')
      await seen.closed
      const { text, ended } = await heard
      return { client: seen.text, clientEnded: seen.ended, server: text, serverEnded: ended }
    },
    facts: { client: 'hello', clientEnded: true, server: 'hello', serverEnded: true },
  },
  {
    test: 'test-tls-reuse-host-from-socket',
    asks: 'a connected socket and rejectUnauthorized: false need no host',
    run: async (ends) => {
      const { port } = await ends.serve()
      const socket = ends.connectPlain(port)
      await next(socket, 'connect')
      const client = ends.connect({ socket, rejectUnauthorized: false, isNamed: false })
      await next(client, 'secureConnect')
      const isEncrypted: unknown = Reflect.get(client, 'encrypted')
      return { isEncrypted }
    },
    facts: { isEncrypted: true },
  },
  {
    test: 'test-tls-connect-pipe',
    asks: 'the option path connects to a socket of Unix',
    run: async (ends) => {
      const server = ends.createServer((end) => void end.end('by path'))
      const where = socketPath()
      await ends.listen(server, where)
      const seen = watch(ends.connect({ path: where }))
      await seen.closed
      return { text: seen.text, error: seen.error }
    },
    facts: { text: 'by path', error: undefined },
  },
  {
    test: 'test-tls-net-connect-prefer-path',
    asks: 'path goes before host and port',
    run: async (ends) => {
      const { port } = await ends.serve((end) => void end.end('by port'))
      const server = ends.createServer((end) => void end.end('by path'))
      const where = socketPath()
      await ends.listen(server, where)
      const seen = watch(ends.connect({ path: where, port, host: 'localhost' }))
      await seen.closed
      return { text: seen.text }
    },
    facts: { text: 'by path' },
  },
  {
    test: 'test-tls-inception',
    asks: 'TLS in TLS through a proxy: 40,000 bytes arrive',
    run: async (ends) => {
      const body = 'A'.repeat(40_000)
      const { port: target } = await ends.serve((end) => void end.end(body))
      const { port } = await ends.serve((end) => {
        end.on('error', () => undefined)
        const onwards = ends.connectPlain(target)
        onwards
          .on('error', () => undefined)
          .pipe(end)
          .pipe(onwards)
        onwards.on('end', () => end.destroy())
      })
      const outer = ends.connect({ port })
      outer.on('error', () => undefined)
      const seen = watch(ends.connect({ socket: outer }))
      await seen.closed
      return { bytes: seen.bytes, ended: seen.ended, error: seen.error }
    },
    facts: { bytes: 40_000, ended: true, error: undefined },
  },
  {
    test: 'test-double-tls-client',
    asks: 'a client begins TLS in the TLS that it has spoken in before',
    run: async (ends) => {
      const inner = ends.createServer((end) => void end.end('from within'))
      const { port } = await ends.serve((end) => {
        end.once('data', () => {
          // Before there is TLS on it: behind that a stream takes nothing in the clear.
          end.write('YYYY')
          inner.emit('connection', end)
        })
      })
      const outer = ends.connect({ port }, () => void outer.write('XXXX'))
      await next(outer, 'data')
      const seen = watch(ends.connect({ socket: outer }))
      await seen.closed
      return { text: seen.text, ended: seen.ended }
    },
    facts: { text: 'from within', ended: true },
  },
  {
    test: 'test-double-tls-server',
    asks: 'a server puts back what it has read of the inner ClientHello, and the inner TLS reads it',
    run: async (ends) => {
      const inner = ends.createServer((end) => void end.end('from within'))
      const { port } = await ends.serve((end) => {
        end.once('data', (hello: Buffer) => {
          end.pause()
          end.unshift(hello)
          inner.emit('connection', end)
        })
      })
      const outer = ends.connect({ port })
      await next(outer, 'secureConnect')
      const seen = watch(ends.connect({ socket: outer }))
      await seen.closed
      return { text: seen.text, ended: seen.ended }
    },
    facts: { text: 'from within', ended: true },
  },
  {
    test: 'test-tls-over-http-tunnel',
    asks: 'TLS on the socket that CONNECT of a proxy gives',
    run: async (ends) => {
      const { port } = await ends.serve((end) => {
        end.once('data', () => void end.end('hello world'))
      })
      const proxy = http.createServer().on('connect', (_request: unknown, socket: Duplex) => {
        const onwards = ends.connectPlain(port)
        socket.on('error', () => undefined)
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        join(onwards, socket)
      })
      const request = http.request({ port: await ends.listen(proxy), host: '127.0.0.1', method: 'CONNECT', path: 'x' })
      request.end()
      const socket = await new Promise<Socket>((resolve) => {
        request.once('connect', (_response, given: Socket) => {
          resolve(given)
        })
      })
      const client = ends.connect({ socket: ends.keep(socket) }, () => void client.write('GET'))
      const seen = watch(client)
      await seen.closed
      return { text: seen.text, error: seen.error }
    },
    facts: { text: 'hello world', error: undefined },
  },
  {
    test: 'test-tls-starttls-server',
    asks: "'secure' of a server's stream on a socket that a net.Server has accepted, and end() there",
    run: async (ends) => {
      let far: Watched | undefined
      const port = await ends.servePlain((socket) => {
        const end = ends.accept(socket)
        far = watch(end)
        end.once('secure', () => void end.end())
      })
      const client = ends.connect({ port }, () => void client.end())
      const seen = watch(client)
      await seen.closed
      await far?.closed
      return { client: seen.error, server: far?.error }
    },
    facts: { client: undefined, server: undefined },
  },
]
