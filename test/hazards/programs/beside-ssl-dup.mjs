// Native code of somebody else's (ssl-dup.c) copies the SSLs of Node's sockets, in this thread and in a worker.
import { once } from 'node:events'
import tls from 'node:tls'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { clientOptions, listen, nativeUrl, packageUrl, say, sleep } from './support.mjs'

const { closureOf } = await import(packageUrl)
const { trackingCounts } = await import(nativeUrl)
const library = isMainThread ? process.argv[2] : workerData
if (isMainThread) {
  try {
    process.dlopen({ exports: {} }, library)
  } catch (error) {
    if (!/self-register/.test(error.message)) throw error
  }
}
for (const version of ['TLSv1.2', 'TLSv1.3']) {
  const verdicts = {}
  const listener = await listen({ minVersion: version, maxVersion: version }, (socket) => socket.resume())
  await Promise.all(Array.from({ length: 20 }, () => closeOne(listener, verdicts)))
  listener.close()
  // An object that is never freed shows as a hang, which the test ends.
  while (trackingCounts().live > 1) await sleep(5)
  say({ thread: isMainThread ? 'main' : 'worker', version, verdicts })
}
if (isMainThread) await once(new Worker(new URL(import.meta.url), { workerData: library }), 'exit')

async function closeOne(listener, verdicts) {
  const client = tls.connect(clientOptions(listener)).resume()
  await once(client, 'secureConnect')
  const { verdict } = await closureOf(client).shutdown({ mode: 'bidirectional' })
  verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
}
