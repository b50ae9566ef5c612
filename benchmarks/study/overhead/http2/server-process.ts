/** The server of main.ts: its argument is the side. `stock` is without the package. */
import { once } from 'node:events'
import http2 from 'node:http2'
import type { ClosurePolicy } from '../../../../lib/index.js'
import { certificate, key } from '../../../support/certificate.js'
import { listeningPort } from '../../../support/relay.js'
import { policies } from '../policy/policies.js'
import { collectReports } from '../policy/reports.js'
import { answerParent, cpuTime } from '../numbers.js'

const [side = ''] = process.argv.slice(2)
const server = http2.createSecureServer({ key, cert: certificate })
server.on('stream', (stream) => {
  stream.respond({ ':status': 200 })
  stream.end('hello\n')
})
const policy = policies.get(side)
const controls = policy === undefined ? [] : [await controlServer(policy)]
server.listen({ host: '127.0.0.1', port: 0, backlog: 511 })
await once(server, 'listening')

async function controlServer(given: ClosurePolicy) {
  const { controlClosure } = await import('../../../../lib/index.js')
  return controlClosure(server, given)
}

answerParent({ port: () => [listeningPort(server)], cpu: cpuTime, reports: collectReports(side, controls) })
