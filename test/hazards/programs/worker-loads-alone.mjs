// Only a worker loads the package; when it is gone, the main thread makes and closes TLS sockets.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { packageUrl, pair, say } from './support.mjs'

const worker = new Worker(`import(${JSON.stringify(packageUrl)})`, { eval: true })
await once(worker, 'exit')
const mapped = process.platform === 'linux' ? readFileSync('/proc/self/maps', 'utf8').includes('close_notify') : true
say({ step: 'worker ended', mapped })

const first = await pair()
first.server.resume()
first.client.resume().end()
await once(first.client, 'close')
first.listener.close()
say({ step: 'connection made and closed' })

const { closureOf } = await import(packageUrl)
const { client, server, listener } = await pair()
server.resume()
client.resume()
const { verdict } = await closureOf(client).shutdown({ mode: 'bidirectional' })
listener.close()
say({ step: 'loaded in the main thread', verdict })
