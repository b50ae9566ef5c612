/** The server of load.ts and keep-alive.ts: `stock|policy`. `stock` is without the package. */
import { once } from 'node:events'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { certificate, key } from '../../support/certificate.js'
import { listeningPort } from '../../support/relay.js'
import { answerParent } from '../worker.js'

const server = https.createServer({ key, cert: certificate }, (_request, response) => {
  response.end('hello\n')
})
const control = process.argv[2] === 'policy' ? await controlServer() : undefined
server.listen({ host: '127.0.0.1', port: 0, backlog: 511 })
await once(server, 'listening')

async function controlServer() {
  const { controlClosure } = await import('../../../lib/index.js')
  return controlClosure(server, { mode: 'unidirectional' })
}

/** The reports of the policy, when the last connection has closed. */
async function reports(): Promise<readonly number[]> {
  if (control === undefined) return [0]
  while (control.connections > 0) await sleep(10)
  return [Object.values(control.counters).reduce((sum, count) => sum + count, 0)]
}

answerParent({
  port: () => [listeningPort(server)],
  cpu: () => {
    const { user, system } = process.cpuUsage()
    return [user + system]
  },
  reports,
})
