// Shows that the main thread still works: one clean closing, and nothing tracked afterwards.
import { once } from 'node:events'
import { loadClosureOf, nativeUrl, pair, say, sleep } from './support.mjs'

export async function closeOneInMain() {
  const { trackingCounts } = await import(nativeUrl)
  const main = await closeOne()
  // An object that is never freed shows as a hang, which the test ends.
  while (trackingCounts().live > 0) await sleep(5)
  say({ main, live: trackingCounts().live })
}

/** Makes a connection, closes it and gives the verdict. */
export async function closeOne() {
  const closureOf = await loadClosureOf()
  const { client, server, listener } = await pair()
  server.resume()
  client.resume()
  const closed = Promise.all([once(client, 'close'), once(server, 'close')])
  await closureOf(client).shutdown({ mode: 'bidirectional' })
  await closed
  listener.close()
  const { verdict } = await closureOf(client).report
  return verdict
}
