// A worker that makes one connection, closes it, posts the verdict and ends.
import { parentPort } from 'node:worker_threads'
import { loadClosureOf, pair } from './support.mjs'

const closureOf = await loadClosureOf()
const { client, server, listener } = await pair()
server.resume()
client.resume()
const { verdict } = await closureOf(client).shutdown({ mode: 'bidirectional' })
listener.close()
parentPort.postMessage(verdict)
