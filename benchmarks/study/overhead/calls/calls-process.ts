/**
 * The same calls as calls.c makes, from JavaScript: `closureOf`, on Node's own sockets and libssl; or `engine LIBSSL`,
 * through close-notify/openssl. Answers to `sample CALL` with ns per call.
 */
import { once } from 'node:events'
import { setImmediate as nextImmediate } from 'node:timers/promises'
import tls from 'node:tls'
import { type Closure, closureOf } from '../../../../lib/index.js'
import { loadOpenSSL, type Ssl } from '../../../../lib/openssl/index.js'
import { serveParent } from '../../../support/child-side.js'
import { certificate, key } from '../../../support/certificate.js'
import { connectPair, createContexts } from '../../builds/pairs.js'
import { securedPair } from '../memory-sockets.js'
import { callNames } from './names.js'
import type { CallName } from './names.js'

// As in calls.c.
const objects = 64
const repeats = 200
const passes = 20

type Timed = Readonly<Record<CallName, () => number>>

function timeCalls<T>(all: readonly T[], call: (object: T) => unknown): number {
  const began = process.hrtime.bigint()
  for (let repeat = 0; repeat < repeats; repeat += 1) for (const object of all) call(object)
  return Number(process.hrtime.bigint() - began) / repeats / objects
}

/** Reopening is not timed. */
function timeShutdown<T>(all: readonly T[], reopen: (object: T) => void, call: (object: T) => number): number {
  let took = 0
  let sent = 0
  for (let pass = 0; pass < passes; pass += 1) {
    for (const object of all) reopen(object)
    const began = process.hrtime.bigint()
    for (const object of all) sent += call(object) === 0 ? 1 : 0
    took += Number(process.hrtime.bigint() - began)
  }
  for (const object of all) reopen(object)
  if (sent !== passes * objects) throw new Error(`Expected ${passes * objects} alerts, ${sent} were written`)
  return took / passes / objects
}

async function ofClosures(): Promise<Timed> {
  const serverContext = tls.createSecureContext({ key, cert: certificate })
  const clientContext = tls.createSecureContext({ ca: certificate })
  const all: Closure[] = []
  for (let i = 0; i < objects; i += 1) {
    const { server, client } = securedPair(serverContext, clientContext)
    await once(server, 'secure')
    client.on('error', () => undefined)
    await nextImmediate()
    all.push(closureOf(server))
  }
  await nextImmediate()
  return {
    getShutdown: () => timeCalls(all, (closure) => closure.getShutdown()),
    setShutdown: () => timeCalls(all, (closure) => closure.setShutdown(0)),
    getQuietShutdown: () => timeCalls(all, (closure) => closure.getQuietShutdown()),
    setQuietShutdown: () => timeCalls(all, (closure) => closure.setQuietShutdown(false)),
    sslShutdown: () =>
      timeShutdown(
        all,
        (closure) => closure.setShutdown(0),
        (closure) => closure.sslShutdown().value,
      ),
  }
}

function ofEngine(libssl: string): Timed {
  const contexts = createContexts(loadOpenSSL(libssl), 'TLSv1.3')
  const all: Ssl[] = Array.from({ length: objects }, () => connectPair(contexts).near)
  const reopen = (ssl: Ssl): void => {
    ssl.setShutdown(0)
    ssl.transmit()
    ssl.takeEvents()
  }
  return {
    getShutdown: () => timeCalls(all, (ssl) => ssl.getShutdown()),
    setShutdown: () => timeCalls(all, (ssl) => ssl.setShutdown(0)),
    getQuietShutdown: () => timeCalls(all, (ssl) => ssl.getQuietShutdown()),
    setQuietShutdown: () => timeCalls(all, (ssl) => ssl.setQuietShutdown(false)),
    sslShutdown: () => timeShutdown(all, reopen, (ssl) => ssl.shutdown().value),
  }
}

const [kind, libssl = ''] = process.argv.slice(2)
const timed = kind === 'closureOf' ? await ofClosures() : ofEngine(libssl)

serveParent([], {
  sample(text) {
    const name = callNames.find((known) => known === text)
    if (name === undefined) throw new Error(`Unknown call ${text}`)
    globalThis.gc?.()
    return timed[name]()
  },
})
