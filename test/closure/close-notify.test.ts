// closeNotify() on Node's own sockets, and who may not call it.
import { Agent, createServer as createHttpsServer, request } from 'node:https'
import { connect as connectHttp2, createSecureServer } from 'node:http2'
import { connect, TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { once } from '../support/streams.js'
import { closeNotifyCases } from './shared/close-notify.js'
import { nodeWays } from './shared/ways.js'
import { connectSides, sides, turns, withCode } from './sides.js'
import { listen } from './servers.js'

closeNotifyCases(nodeWays)

test.each(sides)('OpenSSL holds the flags of it, and the alert, $version, our side is the $near', async (options) => {
  const { local, peer, closure } = await connectSides(options, { localHalfOpen: true, peerHalfOpen: true })
  local.resume()
  peer.resume()
  await closure.closeNotify()
  expect([closure.state, closure.getShutdown(), closure.alerts.length]).toEqual(['open', 1, 1])
  peer.end()
  await once(local, 'end')
  expect([closure.getShutdown(), closure.alerts.length]).toEqual([3, 2])
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'closeNotify() on a socket that a module of Node owns, %s',
  (version) => {
    const { key, cert, host: servername } = certificate
    const versions = { minVersion: version, maxVersion: version } as const
    const refused = withCode('ERR_CLOSURE_OWNED')

    test('is refused on the socket of an https request, at the server and at the client, and later in the pool', async () => {
      const asked: unknown[] = []
      const refusalOf = (socket: unknown) => {
        if (!(socket instanceof TLSSocket)) throw new TypeError('Expected a TLSSocket')
        return closureOf(socket)
          .closeNotify()
          .catch((error: unknown) => error)
      }
      const server = createHttpsServer({ key, cert, ...versions }, (req, res) => {
        void refusalOf(req.socket).then((answer) => {
          asked.push(answer)
          res.end('whole')
        })
      })
      const port = await listen(server)
      const agent = new Agent({ keepAlive: true, ca: cert, servername, ...versions })
      onTestFinished(() => agent.destroy())
      const exchange = () =>
        new Promise<{ body: string; socket: unknown }>((resolve, reject) => {
          const req = request({ host: '127.0.0.1', port, agent }, (res) => {
            const { socket } = res
            void (async () => {
              asked.push(await refusalOf(socket))
              let body = ''
              for await (const chunk of res) body += String(chunk)
              resolve({ body, socket })
            })()
          })
          req.on('error', reject).end()
        })
      const { body, socket } = await exchange()
      await turns(5)
      expect(Object.values(agent.freeSockets).flat()).toHaveLength(1)
      asked.push(await refusalOf(socket))
      expect(asked).toMatchObject([refused, refused, refused])
      expect(body).toBe('whole')
      // Nothing of it was done: the pooled connection carries the next exchange.
      expect(await exchange()).toMatchObject({ body: 'whole', socket })
    })

    test('is refused on the sockets of http2 sessions', async () => {
      const server = createSecureServer({ key, cert, ...versions })
      server.on('stream', (stream) => stream.respond({ ':status': 200 }, { endStream: true }))
      const accepted = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
      const port = await listen(server)
      const socket = connect({ host: '127.0.0.1', port, ca: cert, servername, ALPNProtocols: ['h2'], ...versions })
      const session = connectHttp2('https://localhost', { createConnection: () => socket })
      onTestFinished(() => session.destroy())
      const stream = session.request()
      await once(stream, 'response')
      for (const owned of [await accepted, socket]) {
        await expect(closureOf(owned).closeNotify()).rejects.toMatchObject(refused)
        await expect(closureOf(owned).shutdown({ afterwards: 'keep-open' })).rejects.toMatchObject(refused)
        await expect(closureOf(owned).shutdown({ onData: 'deliver' })).rejects.toMatchObject(refused)
      }
      const again = session.request()
      await once(again, 'response')
    })
  },
)
