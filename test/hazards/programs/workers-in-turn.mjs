// Many workers in turn load the package, close a connection and end; then the main thread does.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { closeOneInMain } from './in-main.mjs'
import { say } from './support.mjs'

const count = Number(process.argv[2])
const verdicts = new Set()
for (let i = 0; i < count; i += 2) {
  await Promise.all(
    [0, 1].map(async () => {
      const worker = new Worker(new URL('closes-once.mjs', import.meta.url))
      worker.on('message', (verdict) => verdicts.add(verdict))
      await once(worker, 'exit')
    }),
  )
}
say({ workers: count, verdicts: [...verdicts] })
await closeOneInMain()
