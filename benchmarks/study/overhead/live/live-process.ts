/**
 * A process that holds SSLs, `SECURED UNFINISHED` of them: of Node's sockets whose handshake is done, and of such whose
 * handshake never comes to its end.
 *
 * `prepare` makes them, and answers with how many the addon has met. `first` answers with the us of the first
 * closureOf() of the process, which meets every SSL that there is; `sample COUNT` with those of one fresh, secured socket
 * after the other, each of which is closed.
 */
import { once } from 'node:events'
import { setImmediate as nextImmediate } from 'node:timers/promises'
import tls from 'node:tls'
import { closureOf } from '../../../../lib/index.js'
import { trackingCounts } from '../../../../lib/native/addon.js'
import { serveParent } from '../../../support/child-side.js'
import { certificate, key } from '../../../support/certificate.js'
import { securedPair, type SocketPair, unfinishedSocket } from '../memory-sockets.js'

const [secured = 0, unfinished = 0] = process.argv.slice(2).map(Number)
const serverContext = tls.createSecureContext({ key, cert: certificate })
const clientContext = tls.createSecureContext({ ca: certificate })
const kept: tls.TLSSocket[] = []

/** Handshakes that run at the same time. */
const atOnce = 50

async function prepare(): Promise<number> {
  // Each connection is two SSLs, both here.
  while (kept.length < secured) {
    const count = Math.min(atOnce, Math.ceil((secured - kept.length) / 2))
    const pairs = await Promise.all(Array.from({ length: count }, connect))
    for (const { server, client } of pairs) kept.push(server, client)
  }
  for (let made = 0; made < unfinished; made += 1) {
    kept.push(unfinishedSocket(serverContext))
    if (made % atOnce === 0) await nextImmediate()
  }
  return trackingCounts().live
}

async function connect(): Promise<SocketPair> {
  const pair = securedPair(serverContext, clientContext)
  await Promise.all([once(pair.client, 'secureConnect'), once(pair.server, 'secure')])
  return pair
}

async function time(): Promise<number> {
  const { server, client } = await connect()
  await nextImmediate()
  const began = process.hrtime.bigint()
  const closure = closureOf(client)
  const us = Number(process.hrtime.bigint() - began) / 1000
  if (closure.state !== 'open') throw new Error(`Expected an open connection, it is ${closure.state}`)
  client.destroy()
  server.destroy()
  return us
}

async function sample(count = ''): Promise<string> {
  const times: number[] = []
  for (let i = 0; i < Number(count); i += 1) times.push(await time())
  return times.join(' ')
}

serveParent([], { prepare, first: time, sample })
