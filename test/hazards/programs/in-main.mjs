// Shows that the main thread still works: one clean closing, and nothing tracked afterwards.
import { once } from 'node:events'
import { nativeUrl, packageUrl, pair, say, sleep } from './support.mjs'

export async function closeOneInMain() {
  const { closureOf } = await import(packageUrl)
  const { trackingCounts } = await import(nativeUrl)
  const { client, server, listener } = await pair()
  server.resume()
  client.resume()
  const closed = Promise.all([once(client, 'close'), once(server, 'close')])
  await closureOf(client).shutdown({ mode: 'bidirectional' })
  await closed
  listener.close()
  // What is never freed is a hang, which the test ends.
  while (trackingCounts().live > 0) await sleep(5)
  const { verdict } = await closureOf(client).report
  say({ main: verdict, live: trackingCounts().live })
}
