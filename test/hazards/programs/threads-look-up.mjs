// Two threads, with sockets each, look up each other's Finished messages.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { closeOne } from './in-main.mjs'
import { nativeUrl, pair, say } from './support.mjs'

const { findByFinished, trackingCounts } = await import(nativeUrl)
const pairs = await Promise.all(Array.from({ length: 20 }, () => pair()))
const own = pairs.map(({ client }) => client.getFinished())
const found = (messages) => messages.filter((finished) => findByFinished(finished) !== -1).length
const port = isMainThread ? new Worker(new URL(import.meta.url)) : parentPort
// From now on: a message that comes together with the end is told in one stack with it.
const exited = isMainThread ? once(port, 'exit') : undefined

const theirs = once(port, 'message')
port.postMessage(own)
const others = (await theirs)[0].map((bytes) => Buffer.from(bytes))
const fact = {
  thread: isMainThread ? 'main' : 'worker',
  finds: { own: found(own), others: found(others) },
  live: trackingCounts().live,
}
const told = once(port, 'message')
if (isMainThread) {
  say(fact)
  port.postMessage('told')
  await told
} else {
  await told
  say(fact)
  port.postMessage('told')
}
for (const { client, server, listener } of pairs) {
  client.destroy()
  server.destroy()
  listener.close()
}
if (isMainThread) {
  await exited
  say({ closedInMain: await closeOne() })
} else {
  port.close()
}
