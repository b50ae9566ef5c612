// A worker that makes one connection, closes it, posts the verdict and ends.
import { parentPort } from 'node:worker_threads'
import { closureFor, pair } from './support.mjs'

const { client, server, listener } = await pair()
server.resume()
client.resume()
const closure = await closureFor(client)
const { verdict } = await closure.shutdown({ mode: 'bidirectional' })
listener.close()
parentPort.postMessage(verdict)
