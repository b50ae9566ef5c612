// Workers that do nothing but call the addon are terminated: mostly in the middle of a call.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { closeOneInMain } from './in-main.mjs'
import { packageUrl, pair, say } from './support.mjs'

if (isMainThread) {
  const count = Number(process.argv[2])
  const codes = new Set()
  for (let i = 0; i < count; i++) {
    const worker = new Worker(new URL(import.meta.url))
    await once(worker, 'message')
    codes.add(await worker.terminate())
  }
  say({ terminated: count, codes: [...codes] })
  await closeOneInMain()
} else {
  const { closureOf } = await import(packageUrl)
  const { client, server } = await pair({ server: { allowHalfOpen: true } })
  server.resume()
  client.resume()
  const closure = closureOf(client)
  await closure.closeNotify()
  parentPort.postMessage('calling')
  for (;;) {
    if (closure.alerts.length !== 1) throw new Error('Expected one alert')
    closure.getShutdown()
    closure.sslShutdown()
  }
}
