// AsyncLocalStorage: what user code sees in its callbacks under a policy is what it sees in stock Node.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Server as HttpsServer } from 'node:https'
import type { Server as TlsServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClosurePolicy, controlClosure } from '../../lib/index.js'
import { clientOf } from '../closure/servers.js'
import { tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { connected, get, httpsServer, modes, stock, tlsServer, until } from './harness.js'

const storage = new AsyncLocalStorage<string>()

/** The store that was seen at each callback, by its name. */
class Contexts {
  readonly stores: Record<string, string | undefined> = {}
  readonly at = (name: string) => () => {
    this.stores[name] = storage.getStore()
  }
}

type Scenario = (policy: ClosurePolicy | undefined) => Promise<Contexts['stores']>

function lay(server: TlsServer | HttpsServer, policy: ClosurePolicy | undefined): void {
  if (policy === undefined) return
  const control = controlClosure(server, policy)
  onTestFinished(() => control.stop())
}

async function sameAsStock(scenario: Scenario, policy: ClosurePolicy): Promise<void> {
  const plain = await scenario(undefined)
  const under = await scenario(policy)
  expect(Object.keys(plain).length).toBeGreaterThan(3)
  expect(under).toEqual(plain)
}

describe.each(tlsVersions)('%s', (version) => {
  const tlsScenario: Scenario = async (policy) => {
    const seen = new Contexts()
    const server = storage.run('server', () =>
      tlsServer(version, (socket) => {
        seen.at('secureConnection')()
        for (const event of ['end', 'finish', 'close', 'prefinish'] as const) socket.on(event, seen.at(event))
        storage.run('connection', () => {
          socket.on('data', () => {
            seen.at('data')()
            storage.run('message', () => {
              socket.write('bye', seen.at('write callback'))
              socket.end(seen.at('end callback'))
            })
          })
        })
      }),
    )
    lay(server, policy)
    const relay = await stock(server)
    const client = await storage.run('client', () => connected(relay.port, version))
    client.resume().write('hello')
    await once(client, 'close')
    await until(() => 'close' in seen.stores)
    return seen.stores
  }

  const httpsScenario: Scenario = async (policy) => {
    const seen = new Contexts()
    const server = httpsServer(version, (req, res) => {
      seen.at(`request ${req.url}`)()
      storage.run(`handler ${req.url}`, () => {
        req.on('end', seen.at(`req end ${req.url}`)).on('close', seen.at(`req close ${req.url}`))
        res.on('finish', seen.at(`res finish ${req.url}`)).on('close', seen.at(`res close ${req.url}`))
        req.socket.once('close', seen.at(`socket close ${req.url}`)).once('end', seen.at(`socket end ${req.url}`))
        if (req.url === '/last') res.setHeader('Connection', 'close')
        req.resume()
        res.end('ok', seen.at(`end callback ${req.url}`))
      })
    })
    lay(server, policy)
    const relay = await stock(server)
    const client = await connected(relay.port, version)
    client.write(get('/first'))
    await once(client, 'data')
    client.resume().write(get('/last'))
    await once(client, 'close')
    await until(() => 'socket close /last' in seen.stores && 'res close /last' in seen.stores)
    // Which of 'end' and destroy() comes first is up to the network.
    for (const name of Object.keys(seen.stores))
      if (name.startsWith('socket end')) Reflect.deleteProperty(seen.stores, name)
    return seen.stores
  }

  const destroyScenario: Scenario = async (policy) => {
    const seen = new Contexts()
    const server = tlsServer(version, (socket) => {
      socket.on('close', seen.at('close'))
      storage.run('connection', () => {
        socket.on('data', () => {
          seen.at('data')()
          storage.run('message', () => {
            socket.write('bye', () => {
              seen.at('write callback')()
              storage.run('destroy', () => socket.destroy())
            })
          })
        })
      })
      seen.at('secureConnection')()
    })
    lay(server, policy)
    const relay = await stock(server)
    const client = clientOf(relay.port, { minVersion: version, maxVersion: version })
    client.on('data', () => undefined).on('end', seen.at('client end'))
    client.once('secureConnect', () => client.write('hello'))
    await once(client, 'close')
    await until(() => 'close' in seen.stores)
    return seen.stores
  }

  const clientScenario: Scenario = async (policy) => {
    const seen = new Contexts()
    const relay = await stock(tlsServer(version, (socket) => socket.resume()))
    await storage.run('connecting', async () => {
      const client = clientOf(relay.port, { minVersion: version, maxVersion: version })
      if (policy !== undefined) {
        const control = controlClosure(client, policy)
        onTestFinished(() => control.stop())
      }
      for (const event of ['secureConnect', 'end', 'finish', 'close'] as const) client.on(event, seen.at(event))
      await once(client, 'secureConnect')
      client.resume()
      storage.run('ending', () => client.end('bye', seen.at('end callback')))
      await once(client, 'close')
    })
    return seen.stores
  }

  test.each(modes)('a tls server that ends, %s', async (mode) => {
    await sameAsStock(tlsScenario, { mode })
  })

  test.each(modes)('an https server, %s', async (mode) => {
    await sameAsStock(httpsScenario, { mode, onTruncation: 'error' })
  })

  test.each(['bare', 'close_notify'] as const)("a tls server that destroys, onDestroy: '%s'", async (onDestroy) => {
    await sameAsStock(destroyScenario, { onDestroy })
  })

  test.each(modes)('a client, %s', async (mode) => {
    await sameAsStock(clientScenario, { mode, onTruncation: 'error' })
  })
})
