// Connections in the main thread and in two workers, each thread with a collector of its own; prints what each of them has
// counted, and their sum as prom-client makes it.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { closureOf } from 'close-notify'
import { collectClosures } from 'close-notify/metrics/prometheus'
import { AggregatorRegistry } from 'prom-client'

const keys = { key: readFileSync(process.env.KEY_FILE), cert: readFileSync(process.env.CERT_FILE) }
const { register, stop } = collectClosures()

async function closings(count) {
  const server = tls.createServer(keys, (socket) => socket.resume().end())
  await once(server.listen(0, 'localhost'), 'listening')
  for (let i = 0; i < count; i++) {
    const client = tls.connect({ port: server.address().port, host: 'localhost', ca: keys.cert })
    await closureOf(client.resume()).report
  }
  await new Promise((resolve) => server.close(resolve))
}

async function counted() {
  await new Promise(setImmediate)
  return register.getMetricsAsJSON()
}

const closed = (metrics) =>
  metrics.find(({ name }) => name === 'close_notify_closures_total').values.reduce((sum, { value }) => sum + value, 0)

if (isMainThread) {
  const workers = [new Worker(new URL(import.meta.url)), new Worker(new URL(import.meta.url))]
  const ofWorkers = Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
  await closings(3)
  const all = [await counted(), ...(await ofWorkers)]
  const sum = await AggregatorRegistry.aggregate(all).getMetricsAsJSON()
  process.stdout.write(`${JSON.stringify({ each: all.map(closed), sum: closed(sum) })}\n`)
} else {
  await closings(2)
  parentPort.postMessage(JSON.parse(JSON.stringify(await counted())))
}
// Nothing keeps a thread alive from here on.
stop()
