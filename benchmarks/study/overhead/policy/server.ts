/** The https server of this folder, on a side. `stock` is without the package. */
import { once } from 'node:events'
import https from 'node:https'
import type { ClosurePolicy } from '../../../../lib/index.js'
import { certificate, key } from '../../../support/certificate.js'
import { listeningPort } from '../../../support/relay.js'
import { policies } from './policies.js'
import { collectReports } from './reports.js'
import { type Answers, cpuTime } from '../numbers.js'

/** Starts it; returns what a process with it answers to. */
export async function startServer(side: string): Promise<Answers> {
  const server = https.createServer({ key, cert: certificate }, (_request, response) => {
    response.end('hello\n')
  })
  const policy = policies.get(side)
  const controls = policy === undefined ? [] : [await controlServer(server, policy)]
  server.listen({ host: '127.0.0.1', port: 0, backlog: 511 })
  await once(server, 'listening')
  return { port: () => [listeningPort(server)], cpu: cpuTime, reports: collectReports(side, controls) }
}

async function controlServer(server: https.Server, policy: ClosurePolicy) {
  const { controlClosure } = await import('../../../../lib/index.js')
  return controlClosure(server, policy)
}
