/**
 * The process of one build, perhaps under a dynamic loader of the build's own: `LIBSSL LIBCRYPTO`, both `-` for the
 * process's own. It is ready with the version that the library gives itself.
 *
 * `sample PROTOCOL COUNT` answers with: us per SSL_get_shutdown, per quiet SSL_shutdown, per SSL_shutdown and per whole
 * close; how many closes were bidirectional, and how many records they passed.
 */
import { loadOpenSSL, type OpenSSL, type Ssl } from '../../../lib/openssl/index.js'
import { serveParent } from '../../support/child-side.js'
import { closeBothWays, connectPair, createContexts, freePair, isBidirectional, protocols } from './pairs.js'
import type { Contexts, Pair } from './pairs.js'

const [libssl = '-', libcrypto = '-'] = process.argv.slice(2)
const openssl = load()
const contexts = new Map<string, Contexts>()

function load(): OpenSSL {
  if (libssl === '-') return loadOpenSSL()
  return loadOpenSSL(libssl, libcrypto === '-' ? {} : { crypto: libcrypto })
}

/** Calls that do nothing are made so often per SSL: one of them is too short for the clock. */
const idleCalls = 100

function sample(contextsOfProtocol: Contexts, count: number): readonly number[] {
  const pairs = Array.from({ length: 2 * count }, () => connectPair(contextsOfProtocol))
  const closed = pairs.slice(0, count)
  const whole = pairs.slice(count)
  // A collection takes longer than a batch: none is to fall into one.
  globalThis.gc?.()
  const get = timePerCall(whole, idleCalls, ({ near }) => near.getShutdown())
  const shutdown = timePerCall(closed, 1, ({ near }) => near.shutdown())
  let records = 0
  const close = timePerCall(whole, 1, (pair) => {
    records += closeBothWays(pair)
  })
  const bidirectional = whole.filter(isBidirectional).length
  const quiet = timeQuiet(closed.map(({ near }) => near))
  for (const pair of pairs) freePair(pair)
  return [get, quiet, shutdown, close, bidirectional, records]
}

/** SSL_shutdown that has nothing to do: the same call of the addon, without alert and record. */
function timeQuiet(ssls: readonly Ssl[]): number {
  for (const ssl of ssls) ssl.setQuietShutdown(true)
  return timePerCall(ssls, idleCalls, (ssl) => ssl.shutdown())
}

function timePerCall<T extends Ssl | Pair>(objects: readonly T[], times: number, call: (object: T) => unknown): number {
  const began = process.hrtime.bigint()
  for (const object of objects) for (let time = 0; time < times; time += 1) call(object)
  return Number(process.hrtime.bigint() - began) / 1000 / times / objects.length
}

function contextsOf(text: string): Contexts {
  const protocol = protocols.find((known) => known === text)
  if (protocol === undefined) throw new Error(`Unknown protocol ${text}`)
  const made = contexts.get(protocol) ?? createContexts(openssl, protocol)
  contexts.set(protocol, made)
  return made
}

serveParent([openssl.kind, openssl.version], {
  'warm-up'(protocol = '') {
    for (let i = 0; i < 8; i += 1) sample(contextsOf(protocol), 16)
  },
  sample: (protocol = '', count = '') => sample(contextsOf(protocol), Number(count)).join(' '),
})
