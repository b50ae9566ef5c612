/** The server of main.ts: its argument is the side. `stock` is without the package. */
import { once } from 'node:events'
import https from 'node:https'
import type { ClosurePolicy } from '../../../../lib/index.js'
import { certificate, key } from '../../../support/certificate.js'
import { listeningPort } from '../../../support/relay.js'
import { policies } from '../policy/policies.js'
import { answerParent, memoryAtRest } from '../numbers.js'

// Nothing that is idle is closed.
const options = { key, cert: certificate, keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 }
const server = https.createServer(options, (_request, response) => {
  response.end('hello\n')
})
const policy = policies.get(process.argv[2] ?? '')
const control = policy === undefined ? undefined : await controlServer(policy)
let open = 0
server.on('secureConnection', (socket) => {
  open++
  socket.once('close', () => open--)
})
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 })
await once(server, 'listening')

async function controlServer(given: ClosurePolicy) {
  const { controlClosure } = await import('../../../../lib/index.js')
  return controlClosure(server, given)
}

/** Bytes of the heap and of the process. */
async function memory(): Promise<readonly number[]> {
  const { heapUsed, rss } = await memoryAtRest()
  return [heapUsed, rss]
}

answerParent({
  port: () => [listeningPort(server)],
  memory,
  connections: () => [open, control?.connections ?? 0],
})
