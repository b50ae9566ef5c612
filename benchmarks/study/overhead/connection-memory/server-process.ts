/** The server of main.ts: its argument is the side. `stock` is without the package. */
import { once } from 'node:events'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClosurePolicy } from '../../../../lib/index.js'
import { certificate, key } from '../../../support/certificate.js'
import { listeningPort } from '../../../support/relay.js'
import { policies } from '../policy/policies.js'
import { answerParent } from '../numbers.js'

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

/** Bytes of the heap and of the process. What waits for finalisers needs a turn between two collections. */
async function memory(): Promise<readonly number[]> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.()
    await sleep(50)
  }
  const { heapUsed, rss } = process.memoryUsage()
  return [heapUsed, rss]
}

answerParent({
  port: () => [listeningPort(server)],
  memory,
  connections: () => [open, control?.connections ?? 0],
})
