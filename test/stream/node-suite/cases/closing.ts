// Ends, half-open connections, destroy, and what they leave.
import { inspect } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeCase } from '../case.js'
import { next, thrownBy, type Watched, watch } from '../watch.js'

export const closingCases: readonly NodeCase[] = [
  {
    test: 'test-tls-close-notify',
    asks: "a close_notify without FIN is the peer's 'end'",
    run: async (ends) => {
      const { client, server } = await ends.pair({ allowHalfOpen: true }, { allowHalfOpen: true })
      const seen = watch(server)
      const ended = next(server, 'end')
      await new Promise((resolve) => void setImmediate(resolve))
      await ends.clientCloseNotify(client)
      await ended
      return { ended: seen.ended, error: seen.error, isWritable: server.writable }
    },
    facts: { ended: true, error: undefined, isWritable: true },
  },
  {
    test: 'test-tls-connect-allow-half-open-option',
    asks: "allowHalfOpen: writing goes on after 'end'",
    run: async (ends) => {
      const { port, heard } = await ends.serveHeard((end) => {
        end.once('data', () => void end.end('Hello'))
      })
      const client = ends.connect({ port, allowHalfOpen: true }, () => void client.write('Hello'))
      const seen = watch(client)
      await next(client, 'end')
      await new Promise((resolve) => void setImmediate(resolve))
      const isWritable = client.writable
      client.end('Bye')
      await seen.closed
      const { text } = await heard
      const byDefault = ends.connect({ port }).allowHalfOpen
      return { said: seen.text, isWritable, heard: text, byDefault }
    },
    facts: { said: 'Hello', isWritable: true, heard: 'HelloBye', byDefault: false },
  },
  {
    test: 'test-tls-socket-close',
    asks: 'destroy() of the transport beneath a server closes both ends of TLS',
    run: async (ends) => {
      let far: Watched | undefined
      let closeBeneath: () => void = () => undefined
      const tlsServer = ends.createServer((end) => {
        far = watch(end)
        end.on('data', () => void end.write('.'))
      })
      const port = await ends.servePlain((socket) => {
        tlsServer.emit('connection', socket)
        closeBeneath = () => socket.destroy()
      })
      const client = ends.connect({ port })
      const near = watch(client)
      client.write('.')
      await next(client, 'data')
      closeBeneath()
      await Promise.all([near.closed, far?.closed])
      return { client: near.error, clientEnded: near.ended, server: far?.error, serverEnded: far?.ended }
    },
    facts: { client: undefined, clientEnded: true, server: undefined, serverEnded: false },
    differs: {
      client: { client: 'ERR_TLS_TRUNCATED', clientEnded: false },
      because: 'the transport went without a close_notify: what its peer has is cut',
    },
  },
  {
    test: 'test-tls-client-abort',
    asks: 'destroy() in the tick of connect() closes, and nothing was secured',
    sides: 'client',
    run: async (ends) => {
      const { port } = await ends.serve()
      let secured = false
      const client = ends.connect({ port }, () => (secured = true))
      const seen = watch(client)
      client.destroy()
      await seen.closed
      return { secured, error: seen.error }
    },
    facts: { secured: false, error: undefined },
  },
  {
    test: 'test-tls-client-abort2',
    asks: 'a port where nobody listens is an error, in whose listener the client can be destroyed',
    sides: 'client',
    run: async (ends) => {
      const { server, port } = await ends.serve()
      await new Promise((resolve) => void server.close(resolve))
      const client = ends.connect({ port, host: '127.0.0.1' })
      const seen = watch(client)
      client.on('error', () => client.destroy())
      await seen.closed
      return { error: seen.error, hadError: seen.hadError }
    },
    facts: { error: 'ECONNREFUSED', hadError: true },
  },
  {
    test: 'test-tls-connect-abort-controller',
    asks: 'an AbortSignal ends connect() with an AbortError: before it, in its tick, and a turn later',
    sides: 'client',
    run: async (ends) => {
      const { port } = await ends.serve()
      const abortedBy = async (when: (abort: () => void) => void) => {
        const controller = new AbortController()
        when(() => {
          controller.abort()
        })
        const client = ends.connect({ port, signal: controller.signal })
        const { closed } = watch(client)
        const error = next(client, 'error')
        await closed
        return error
      }
      const before = await abortedBy((abort) => {
        abort()
      })
      const inTick = await abortedBy((abort) => {
        process.nextTick(abort)
      })
      const later = await abortedBy((abort) => void setImmediate(abort))
      return { names: [before, inTick, later].map((error) => (error instanceof Error ? error.name : 'none')) }
    },
    facts: { names: ['AbortError', 'AbortError', 'AbortError'] },
  },
  {
    test: 'test-tls-request-timeout',
    asks: "setTimeout() tells of silence by 'timeout', and end() goes on from there",
    run: async (ends) => {
      const { client, server } = await ends.pair()
      const seen = watch(client)
      const timeout = next(server, 'timeout')
      const isItself = server.setTimeout(20) === server
      await timeout
      const isAlive = !server.destroyed
      server.end()
      await seen.closed
      return { isItself, isAlive, ended: seen.ended, error: seen.error }
    },
    facts: { isItself: true, isAlive: true, ended: true, error: undefined },
  },
  {
    test: 'test-tls-timeout-server-2',
    asks: 'the listener given to setTimeout() can destroy',
    run: async (ends) => {
      const { client, server } = await ends.pair()
      const [near, far] = [watch(client), watch(server)]
      server.setTimeout(20, () => server.destroy())
      await Promise.all([near.closed, far.closed])
      return { server: far.error, client: near.error, clientEnded: near.ended }
    },
    facts: { server: undefined, client: undefined, clientEnded: true },
    differs: {
      client: { client: 'ERR_TLS_TRUNCATED', clientEnded: false },
      because: 'destroy() sends no close_notify: its peer was cut off',
    },
  },
  {
    test: 'test-tls-connect-timeout-option',
    asks: "the option timeout is that of setTimeout(): 'timeout' comes, and closes nothing",
    sides: 'client',
    run: async (ends) => {
      const port = await ends.servePlain(() => undefined)
      const client = ends.connect({ port, timeout: 20 })
      await next(client, 'timeout')
      return { isAlive: !client.destroyed }
    },
    facts: { isAlive: true },
  },
  {
    test: 'test-tls-retain-handle-no-abort',
    asks: 'util.inspect() of a stream that is over does no harm',
    sides: 'client',
    run: async (ends) => {
      const { port } = await ends.serve((end) => void end.resume())
      const client = ends.connect({ port }, () => void client.end('hello world'))
      const { closed } = watch(client)
      await closed
      return { isText: inspect(client).length > 0 }
    },
    facts: { isText: true },
  },
  {
    test: 'test-tls-tlswrap-segfault',
    asks: 'what a stream tells of itself can be asked in every turn until after its end',
    sides: 'client',
    run: async (ends) => {
      const { port } = await ends.serve((end) => void end.end('hello'))
      const client = ends.connect({ port })
      const { closed } = watch(client)
      const thrown = new Set<string | undefined>()
      const ask = () => {
        thrown.add(thrownBy(() => [client.getProtocol(), client.authorized, client.bytesRead, client.writableLength]))
      }
      client.on('secureConnect', ask).on('end', ask).on('close', ask)
      await closed
      for (let turn = 0; turn < 3; turn++) {
        await new Promise((resolve) => void setImmediate(resolve))
        ask()
      }
      return { thrown: [...thrown] }
    },
    facts: { thrown: [undefined] },
  },
  {
    test: 'test-tls-tlswrap-segfault-2',
    asks: "listeners for 'keylog' and 'session' that come after 'close' do no harm",
    sides: 'client',
    run: async (ends) => {
      const { server, port } = await ends.serve()
      await new Promise((resolve) => void server.close(resolve))
      const client = ends.connect({ port, host: '127.0.0.1' })
      const seen = watch(client)
      await seen.closed
      let calls = 0
      client.on('keylog', () => calls++).on('session', () => calls++)
      await new Promise((resolve) => void setImmediate(resolve))
      return { error: seen.error, calls }
    },
    facts: { error: 'ECONNREFUSED', calls: 0 },
  },
  {
    test: 'test-tls-getprotocol',
    asks: 'getProtocol() tells the version when secure, and nothing after the end',
    sides: 'client',
    run: async (ends) => {
      const { client } = await ends.pair()
      const { closed } = watch(client)
      const isIt = client.getProtocol() === ends.version
      client.end()
      await closed
      const after = client.getProtocol()
      return { isIt, after: after === ends.version ? 'the same' : after }
    },
    facts: { isIt: true, after: null },
    differs: {
      client: { after: 'the same' },
      because: 'the version is in the report, too, and does not go with the SSL',
    },
  },
  {
    test: 'test-tls-connect-memleak',
    asks: 'the listener given to connect() is let go of once it was called',
    sides: 'client',
    run: async (ends) => {
      const { port } = await ends.serve()
      const listener = () => undefined
      const client = ends.connect({ port }, listener)
      await next(client, 'secureConnect')
      return { isKept: client.listeners('secureConnect').includes(listener) }
    },
    facts: { isKept: false },
  },
  {
    test: 'test-tls-transport-destroy-after-own-gc',
    asks: 'a stream that nobody holds any more is collected before its transport without harm',
    sides: 'client',
    run: async (ends) => {
      const port = await ends.servePlain(() => undefined)
      const transport = ends.connectPlain(port)
      const seen = watch(ends.connectUnkept({ socket: transport }))
      await sleep(1)
      globalThis.gc?.()
      transport.destroy()
      await seen.closed
      globalThis.gc?.()
      return { hasGc: globalThis.gc !== undefined, error: seen.error }
    },
    facts: { hasGc: true, error: undefined },
    differs: {
      client: { error: 'ECONNRESET' },
      because: 'a handshake that does not come about is an error, whoever has destroyed the transport',
    },
  },
]
