// A program that starts others: workers, children of fork(), of spawn() and of a cluster, each of which is app.mjs.
import { fork, spawn } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { print } from './kit.mjs'

const [how] = process.argv.slice(2)
switch (how) {
  case 'worker':
    await once(new Worker(new URL('app.mjs', import.meta.url)), 'exit')
    break
  case 'worker of a text':
    await once(new Worker("import('./app.mjs')", { eval: true }), 'exit')
    break
  case 'worker with another policy': {
    const env = { ...process.env, CLOSE_NOTIFY_POLICY: '{"mode":"quiet"}' }
    await once(new Worker(new URL('app.mjs', import.meta.url), { env }), 'exit')
    break
  }
  case 'worker with a wrong policy': {
    const env = { ...process.env, CLOSE_NOTIFY_POLICY: '{"mode":"silent"}' }
    const worker = new Worker(new URL('app.mjs', import.meta.url), { env })
    const [error] = await once(worker, 'error')
    print({ code: error.code, message: error.message })
    break
  }
  case 'fork':
    await once(fork(new URL('app.mjs', import.meta.url)), 'exit')
    break
  case 'cluster':
    cluster.setupPrimary({ exec: fileURLToPath(new URL('in-cluster.mjs', import.meta.url)), args: [] })
    await once(cluster.fork(), 'exit')
    break
  case 'spawn':
    await once(spawn(process.execPath, ['app.mjs'], { stdio: 'inherit' }), 'exit')
    break
}
