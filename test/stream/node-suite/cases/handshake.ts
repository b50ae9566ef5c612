// Handshakes that do not come about, and what each side hears of it.
import events from 'node:events'
import type { NodeCase } from '../case.js'
import { codeOf, next, thrownBy, type Watched, watch } from '../watch.js'
import type { Ends } from '../ends.js'

const junk = Buffer.alloc(1024, 42)
// OpenSSL 3.2 has another word for it.
const noRecord = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']

/** The code of an error, or what several codes have in common. */
function kindOf(error: unknown): string {
  const code = codeOf(error)
  return noRecord.includes(code) ? 'no record of TLS' : code
}

/** What the server tells of a client whose handshake fails. */
async function clientErrorOf(ends: Ends, connect: (port: number) => void): Promise<unknown> {
  const { server, port } = await ends.serve(() => {
    throw new Error('Expected no secure connection')
  })
  const error = next(server, 'tlsClientError')
  connect(port)
  return error
}

export const handshakeCases: readonly NodeCase[] = [
  {
    test: 'test-tls-close-error',
    asks: "a certificate that is not trusted is an error, 'close' says so, and nothing was secured",
    sides: 'client',
    run: async (ends) => {
      const { port } = await ends.serve()
      let secured = false
      const seen = watch(ends.connect({ port, isTrusting: false }, () => (secured = true)))
      await seen.closed
      return { secured, error: seen.error, hadError: seen.hadError }
    },
    facts: { secured: false, error: 'DEPTH_ZERO_SELF_SIGNED_CERT', hadError: true },
  },
  {
    test: 'test-tls-econnreset',
    asks: "a client that goes before the handshake is a 'tlsClientError' with ECONNRESET",
    sides: 'server',
    run: async (ends) => {
      const error = await clientErrorOf(ends, (port) => {
        const socket = ends.connectPlain(port)
        socket.on('connect', () => socket.destroy())
      })
      return { code: codeOf(error) }
    },
    facts: { code: 'ECONNRESET' },
  },
  {
    test: 'test-tls-server-failed-handshake-emits-clienterror',
    asks: "bytes that are no TLS are a 'tlsClientError' with OpenSSL's error",
    sides: 'server',
    run: async (ends) => {
      const error = await clientErrorOf(ends, (port) => void ends.connectPlain(port).write(junk))
      return { isError: error instanceof Error, kind: kindOf(error) }
    },
    facts: { isError: true, kind: 'no record of TLS' },
  },
  {
    test: 'test-tls-socket-failed-handshake-emits-error',
    asks: "the same is an 'error' of a stream on an accepted socket, and its 'close'",
    sides: 'server',
    run: async (ends) => {
      let error: unknown
      await new Promise<void>((resolve) => {
        void ends
          .servePlain((socket) => {
            const end = ends.accept(socket)
            end.on('error', (reason) => (error = reason))
            end.on('close', resolve)
          })
          .then((port) => void ends.connectPlain(port).write(junk))
      })
      return { kind: kindOf(error) }
    },
    facts: { kind: 'no record of TLS' },
  },
  {
    test: 'test-tls-delayed-attach',
    asks: 'TLS that begins on an accepted socket only after the ClientHello has come reads it',
    run: async (ends) => {
      const port = await ends.servePlain((socket) => {
        socket.once('readable', () => {
          setImmediate(() => {
            const end = ends.accept(socket)
            resolveSeen(watch(end))
          })
        })
      })
      let resolveSeen: (seen: Watched) => void = () => undefined
      const attached = new Promise<Watched>((resolve) => (resolveSeen = resolve))
      const client = ends.connect({ port }, () => void client.end('hello world'))
      const seen = await attached
      await seen.closed
      return { text: seen.text, ended: seen.ended, error: seen.error }
    },
    facts: { text: 'hello world', ended: true, error: undefined },
  },
  {
    test: 'test-tls-delayed-attach-error',
    asks: 'the same with bytes that are no TLS is an error and a close',
    sides: 'server',
    run: async (ends) => {
      let resolveError: (error: unknown) => void = () => undefined
      const failed = new Promise<unknown>((resolve) => (resolveError = resolve))
      const port = await ends.servePlain((socket) => {
        socket.once('readable', () => void setImmediate(() => void ends.accept(socket).on('error', resolveError)))
      })
      ends.connectPlain(port).write(junk)
      return { kind: kindOf(await failed) }
    },
    facts: { kind: 'no record of TLS' },
  },
  {
    test: 'test-tls-junk-closes-server',
    asks: 'a server ends the connection of a client that speaks no TLS',
    sides: 'server',
    run: async (ends) => {
      const { server, port } = await ends.serve()
      const error = next(server, 'tlsClientError')
      const socket = ends.connectPlain(port)
      const seen = watch(socket)
      socket.write('blah\nblah\nblah\n')
      await seen.closed
      return { isOver: seen.ended || seen.error === 'ECONNRESET', kind: kindOf(await error) }
    },
    facts: { isOver: true, kind: 'no record of TLS' },
  },
  {
    test: 'test-tls-hello-parser-failure',
    asks: 'a client that pours bytes that are no TLS is cut off with an error',
    sides: 'server',
    run: async (ends) => {
      const { port } = await ends.serve()
      const socket = ends.connectPlain(port)
      const seen = watch(socket)
      const pour = () => {
        if (!socket.destroyed) socket.write(Buffer.alloc(1024 * 1024, 42), () => void setImmediate(pour))
      }
      pour()
      await seen.closed
      return { hadError: seen.hadError }
    },
    facts: { hadError: true },
  },
  {
    test: 'test-tls-junk-server',
    asks: 'a server that speaks no TLS is an error of the client',
    sides: 'client',
    run: async (ends) => {
      const port = await ends.servePlain((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => void socket.end('I was waiting for you, hello!'))
      })
      return { kind: kindOf(await next(ends.connect({ port }), 'error')) }
    },
    facts: { kind: 'no record of TLS' },
  },
  {
    test: 'test-tls-wrap-econnreset',
    asks: 'a server that ends TCP in place of a handshake is ECONNRESET, then a close',
    sides: 'client',
    run: async (ends) => {
      const port = await ends.servePlain((socket) => void socket.end())
      const client = ends.connect({ port, host: '127.0.0.1' })
      const seen = watch(client)
      const error = await next(client, 'error')
      await seen.closed
      const { host, port: named } = typeof error === 'object' && error !== null ? { host: '', port: 0, ...error } : {}
      return { code: codeOf(error), host, isPort: named === port }
    },
    facts: { code: 'ECONNRESET', host: '127.0.0.1', isPort: true },
  },
  {
    test: 'test-tls-wrap-econnreset-socket',
    asks: 'the same over a socket that was given',
    sides: 'client',
    run: async (ends) => {
      const port = await ends.servePlain((socket) => void socket.end())
      const client = ends.connect({ socket: ends.connectPlain(port) })
      const seen = watch(client)
      await seen.closed
      return { error: seen.error, hadError: seen.hadError }
    },
    facts: { error: 'ECONNRESET', hadError: true },
  },
  {
    test: 'test-tls-writewrap-leak',
    asks: 'a write that waits for a handshake that never is has its callback called with an error',
    sides: 'client',
    run: async (ends) => {
      const port = await ends.servePlain((socket) => void socket.destroy())
      const client = ends.connect({ port })
      const seen = watch(client)
      const written = new Promise<unknown>((resolve) => void client.write('hello', resolve))
      const error = await written
      await seen.closed
      // Node 20 calls back as if it had been written.
      const isPassedOver = ends.clientKind === 'node:tls' && process.versions.node.startsWith('20.')
      return { isTold: isPassedOver || error instanceof Error, closedWith: seen.error }
    },
    facts: { isTold: true, closedWith: 'ECONNRESET' },
  },
  {
    test: 'test-tls-alert',
    asks: 'versions without one in common are an alert at the client and an error at the server',
    run: async (ends) => {
      const { server, port } = await ends.serve(undefined, { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' })
      const atServer = next(server, 'tlsClientError')
      const client = ends.connect({ port, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
      const atClient = await next(client, 'error')
      return { client: codeOf(atClient), server: codeOf(await atServer) }
    },
    facts: { client: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', server: 'ERR_SSL_UNSUPPORTED_PROTOCOL' },
  },
  {
    test: 'test-tls-timeout-server',
    asks: "handshakeTimeout: a client that says nothing is a 'tlsClientError'",
    sides: 'server',
    run: async (ends) => {
      const { server, port } = await ends.serve(undefined, { handshakeTimeout: 30 })
      const error = next(server, 'tlsClientError')
      const socket = ends.connectPlain(port)
      socket.on('error', () => undefined)
      return { code: codeOf(await error) }
    },
    facts: { code: 'ERR_TLS_HANDSHAKE_TIMEOUT' },
  },
  {
    test: 'test-tls-handshake-error',
    asks: 'ciphers that do not exist are thrown by connect()',
    sides: 'client',
    run: async (ends) => {
      const { port } = await ends.serve()
      return { thrown: thrownBy(() => ends.connect({ port, ciphers: 'no-such-cipher' })) }
    },
    facts: { thrown: 'ERR_SSL_NO_CIPHER_MATCH' },
    differs: {
      client: { thrown: 'ERR_OPENSSL_CALL_FAILED' },
      because: "calls of OpenSSL that fail have one code; the error's queue has OpenSSL's words",
    },
  },
  {
    test: 'test-tls-server-capture-rejection',
    asks: "captureRejections: what an async listener of 'secureConnection' throws destroys the stream with it",
    run: async (ends) => {
      const kaboom = new Error('kaboom')
      // It counts for what is made meanwhile.
      events.captureRejections = true
      const server = ends.createServer()
      events.captureRejections = false
      let failedWith: unknown
      const failed = new Promise<void>((resolve) => {
        // Its promise is what this is about.
        const listener: (end: NodeJS.EventEmitter) => unknown = async (end) => {
          await Promise.resolve()
          end.on('error', (error) => {
            failedWith = error
            resolve()
          })
          throw kaboom
        }
        server.on('secureConnection', listener)
      })
      watch(ends.connect({ port: await ends.listen(server) }))
      await failed
      return { isIt: failedWith === kaboom }
    },
    facts: { isIt: true },
  },
]
