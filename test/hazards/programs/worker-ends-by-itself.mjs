// A worker's environment ends while controlled sockets are open in it.
import { once } from 'node:events'
import { Worker, isMainThread, workerData } from 'node:worker_threads'
import { closeOneInMain } from './in-main.mjs'
import { loadClosureOf, pair, say } from './support.mjs'

if (isMainThread) {
  const how = process.argv[2]
  const worker = new Worker(new URL(import.meta.url), { workerData: how })
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  worker.on('error', () => {})
  say({ how, workerCode: await ended })
  await closeOneInMain()
} else {
  const closureOf = await loadClosureOf()
  const idle = await pair({ server: { allowHalfOpen: true } })
  const waiting = await pair({ server: { allowHalfOpen: true } })
  for (const socket of [idle.client, idle.server, waiting.client]) closureOf(socket)
  waiting.client.resume()
  waiting.server.resume()
  const ended = once(waiting.server, 'end')
  closureOf(waiting.client).shutdown({ mode: 'bidirectional', waitTimeout: 600_000 })
  await ended
  if (workerData === 'exits') process.exit(7)
  if (workerData === 'throws') throw new Error('on purpose')
  for (const { client, server, listener } of [idle, waiting]) {
    listener.unref()
    for (const socket of [client, server]) socket.unref()
  }
}
