// TLS over streams that are no sockets, and what is refused beneath it.
import { EventEmitter } from 'node:events'
import { Duplex } from 'node:stream'
import type { NodeCase } from '../case.js'
import { carried, join, memoryPair } from '../transports.js'
import { codeOf, next, thrownBy, watch } from '../watch.js'

export const duplexCases: readonly NodeCase[] = [
  {
    test: 'test-tls-generic-stream',
    asks: 'TLS over a pipe in memory, both sides: what was written can be read, and its callback is called',
    run: async (ends) => {
      const [near, far] = memoryPair()
      const client = ends.connect({ socket: near })
      const server = ends.accept(far)
      await next(client, 'secureConnect')
      const read = next(server, 'data')
      await new Promise((resolve) => void client.write('foobar', resolve))
      return { read: String(await read), authorized: client.authorized }
    },
    facts: { read: 'foobar', authorized: true },
  },
  {
    test: 'test-tls-js-stream',
    asks: 'a client over a Duplex of JavaScript that tells of FIN, and has no end of its own',
    run: async (ends) => {
      const { port } = await ends.serve((end) => void end.resume().end('ohai'))
      const client = ends.connect({ socket: carried(ends.connectPlain(port), { tellsEnd: true }) }, () => {
        client.end('hello')
      })
      const seen = watch(client)
      await seen.closed
      return { text: seen.text, error: seen.error }
    },
    facts: { text: 'ohai', error: undefined },
  },
  {
    test: 'test-tls-connect-stream-writes',
    asks: '50 writes and end() over such a Duplex arrive',
    run: async (ends) => {
      const { port, heard } = await ends.serveHeard()
      const client = ends.connect({ socket: carried(ends.connectPlain(port), { tellsEnd: false }) }, () => {
        for (let i = 0; i < 50; i++) client.write('hello world')
        client.end()
      })
      watch(client)
      await next(client, 'finish')
      const { text, ended } = await heard
      return { isWhole: text === 'hello world'.repeat(50), ended }
    },
    facts: { isWhole: true, ended: true },
  },
  {
    test: 'test-tls-streamwrap-buffersize',
    asks: 'over a Duplex of JavaScript what has not left is counted byte by byte',
    run: async (ends) => {
      const { port, heard } = await ends.serveHeard()
      const [near, far] = memoryPair()
      join(far, ends.connectPlain(port))
      const client = ends.connect({ socket: near })
      const secured = next(client, 'secureConnect')
      watch(client)
      await secured
      const lengths: number[] = []
      for (let i = 0; i < 4; i++) {
        lengths.push(client.writableLength)
        client.write('a')
      }
      client.end()
      return { lengths, heard: (await heard).text }
    },
    facts: { lengths: [0, 1, 2, 3], heard: 'aaaa' },
  },
  {
    test: 'test-tls-destroy-stream',
    asks: 'a server over a pipe in memory that writes and destroys: its client closes',
    run: async (ends) => {
      const tlsServer = ends.createServer((end) => {
        end.once('data', () => {
          end.write('Hello World')
          end.destroy()
        })
      })
      const port = await ends.servePlain((socket) => {
        const [near, far] = memoryPair()
        join(near, socket)
        far.on('close', () => socket.destroy())
        tlsServer.emit('connection', far)
      })
      const client = ends.connect({ port }, () => void client.write('go'))
      const seen = watch(client)
      await seen.closed
      // Whether the write has left before is nobody's promise.
      return { isTextOrNone: ['', 'Hello World'].includes(seen.text), ended: seen.ended, error: seen.error }
    },
    facts: { isTextOrNone: true, ended: true, error: undefined },
    differs: {
      client: { ended: false, error: 'ERR_TLS_TRUNCATED' },
      because: 'destroy() sends no close_notify: its peer was cut off',
    },
  },
  {
    test: 'test-tls-destroy-whilst-write',
    asks: "destroy() while the transport's write is under way harms nothing",
    sides: 'client',
    run: async (ends) => {
      let calls = 0
      const delay = new Duplex({
        read: () => undefined,
        write: (_chunk, _encoding, done) => {
          setImmediate(() => {
            calls++
            done()
          })
        },
      })
      const client = ends.connect({ socket: delay })
      const seen = watch(client)
      setImmediate(() => client.destroy())
      await seen.closed
      await new Promise((resolve) => void setTimeout(resolve, 1))
      return { calls, error: seen.error }
    },
    facts: { calls: 1, error: undefined },
  },
  {
    test: 'test-tls-socket-allow-half-open-option',
    asks: 'allowHalfOpen over a transport that has another value',
    sides: 'client',
    run: async (ends) => {
      const port = await ends.servePlain(() => undefined)
      const [near] = memoryPair()
      near.allowHalfOpen = false
      const overDuplex = ends.connect({ socket: near, allowHalfOpen: true })
      const overSocket = ends.connect({ socket: ends.connectPlain(port), allowHalfOpen: true })
      return Promise.resolve({ overSocket: overSocket.allowHalfOpen, overDuplex: overDuplex.allowHalfOpen })
    },
    facts: { overSocket: false, overDuplex: false },
    differs: {
      client: { overSocket: true, overDuplex: true },
      because: 'the option says what it says over any transport, whose own value counts for the transport',
    },
  },
  {
    test: 'test-tls-wrap-event-emmiter',
    asks: 'a transport that is no stream is refused',
    sides: 'server',
    run: (ends) => {
      const accept = (transport: Duplex) => ends.accept(transport)
      const thrown = thrownBy(() => Reflect.apply(accept, undefined, [new EventEmitter()]))
      return Promise.resolve({ thrown })
    },
    facts: { thrown: 'TypeError' },
    differs: { server: { thrown: 'ERR_CLOSURE_INVALID_ARGUMENT' }, because: 'the code of this package' },
  },
  {
    test: 'test-stream-wrap-encoding',
    asks: 'a transport that decodes, or that gives objects, is an error',
    sides: 'client',
    run: async (ends) => {
      const errorOver = async (transport: Duplex, given: unknown): Promise<string> => {
        try {
          const client = ends.connect({ socket: transport })
          const failed = next(client, 'error')
          transport.push(given)
          return codeOf(await failed)
        } catch (error) {
          return `thrown: ${codeOf(error)}`
        }
      }
      const options = { read: () => undefined, write: () => undefined }
      const decoding = await errorOver(new Duplex(options).setEncoding('ascii'), 'ohai')
      const objects = await errorOver(new Duplex({ ...options, objectMode: true }), new Error('foo'))
      return { decoding, objects }
    },
    facts: { decoding: 'ERR_STREAM_WRAP', objects: 'ERR_STREAM_WRAP' },
    differs: {
      client: { decoding: 'thrown: ERR_CLOSURE_INVALID_ARGUMENT', objects: 'ERR_CLOSURE_INVALID_ARGUMENT' },
      because: 'an encoding is known at once, and refused at once',
    },
  },
  {
    test: 'test-stream-wrap-drain',
    asks: 'end() while the transport has not taken what was written waits for it',
    run: async (ends) => {
      const { port, heard } = await ends.serveHeard()
      const socket = ends.connectPlain(port)
      const held: (() => void)[] = []
      let isHolding = false
      const slow = new Duplex({
        read: () => undefined,
        write: (chunk: Buffer, encoding, done) => {
          const pass = () => void socket.write(chunk, encoding, done)
          if (isHolding) held.push(pass)
          else pass()
        },
        final: (done) => {
          socket.end()
          done()
        },
      })
      socket.on('data', (chunk: Buffer) => slow.push(chunk)).on('end', () => slow.push(null))
      const client = ends.connect({ socket: slow })
      const near = watch(client)
      await next(client, 'secureConnect')
      isHolding = true
      client.end(Buffer.alloc(slow.writableHighWaterMark * 4, 'x'))
      await new Promise((resolve) => void setTimeout(resolve, 5))
      const hasFinished = near.finished
      isHolding = false
      for (const pass of held.splice(0)) pass()
      await near.closed
      const { bytes, ended } = await heard
      return { hasFinished, isWhole: bytes === slow.writableHighWaterMark * 4, ended }
    },
    facts: { hasFinished: false, isWhole: true, ended: true },
  },
  {
    test: 'test-stream-wrap',
    asks: 'end() calls back with an error when destroy() comes before it has ended',
    sides: 'client',
    run: async (ends) => {
      const transport = new Duplex({ read: () => undefined, write: () => undefined })
      const client = ends.connect({ socket: transport })
      const error = await new Promise<unknown>((resolve) => {
        client.end((...reasons: readonly unknown[]) => {
          resolve(reasons[0])
        })
        client.destroy()
      })
      return { code: codeOf(error) }
    },
    facts: { code: 'ERR_STREAM_DESTROYED' },
  },
]
