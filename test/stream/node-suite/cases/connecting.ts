// connect() and createServer() as node:tls has them.
import type { NodeCase } from '../case.js'
import { next, watch } from '../watch.js'

export const connectingCases: readonly NodeCase[] = [
  {
    test: 'test-tls-connect-simple',
    asks: "the listener and 'secureConnect' are called, and each client is a 'secureConnection'",
    run: async (ends) => {
      let accepted = 0
      const { port } = await ends.serve((end) => {
        accepted++
        end.resume()
      })
      const calls: string[] = []
      const first = ends.connect({ port }, () => {
        calls.push('listener')
        first.end()
      })
      const seenFirst = watch(first)
      await seenFirst.closed
      const second = ends.connect({ port })
      const seenSecond = watch(second)
      second.on('secureConnect', () => {
        calls.push('event')
        second.end()
      })
      await seenSecond.closed
      return { accepted, calls, errors: [seenFirst.error, seenSecond.error] }
    },
    facts: { accepted: 2, calls: ['listener', 'event'], errors: [undefined, undefined] },
  },
  {
    test: 'test-tls-connect-no-host',
    asks: 'without a host the name is localhost, and is verified',
    run: async (ends) => {
      const server = ends.createServer()
      const client = ends.connect({ port: await ends.listen(server, 'localhost'), isNamed: false })
      await next(client, 'secureConnect')
      return { authorized: client.authorized }
    },
    facts: { authorized: true },
  },
  {
    test: 'test-tls-server-connection-server',
    asks: "'connection' has the socket, whose server is this one",
    sides: 'server',
    run: async (ends) => {
      const { server, port } = await ends.serve((end) => void end.end('hello'))
      const connection = next(server, 'connection')
      const client = ends.connect({ port }, () => void client.end())
      watch(client)
      const socket = await connection
      const isIts = typeof socket === 'object' && socket !== null && 'server' in socket && socket.server === server
      return { isIts }
    },
    facts: { isIts: true },
  },
]
