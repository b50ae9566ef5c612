/**
 * The cost of a policy while it has nothing to do: requests on connections that stay open, of an https server and of
 * one of stock Node, in a process without the package; or of a client whose agent is under a policy, and of one of
 * stock Node. Then the client's CPU time counts, and the server is stock Node's. Each under a unidirectional policy,
 * and under one that also has `onTruncation: 'error'`.
 */
import { reportsOfAll } from './reports.js'
import { compareServers } from '../server-pairs.js'
import type { Program } from '../program.js'

function keepAliveUnder(side: string, compared: 'server' | 'client', name: string, policy: string): Program {
  const where = compared === 'server' ? 'of an https server' : 'of a client with an https agent'
  const question = `Requests per second on open connections ${where}: under ${policy}, relative to stock Node`
  const client = compared === 'server' ? './client-process.js' : './agent-client-process.js'
  return compareServers(
    { name, question, unit: 'requests per sample', size: 50_000 },
    {
      server: new URL('./server-process.js', import.meta.url),
      client: new URL(client, import.meta.url),
      clientArgs: compared === 'server' ? ['keep-alive'] : [],
      compared: [compared],
      changed: side,
      plain: 'stock',
      work: 'request',
      target: '>= 0.99',
      check: reportsOfAll,
    },
  )
}

const strict = "a policy with onTruncation: 'error'"

export const policyKeepAlive = keepAliveUnder('policy', 'server', 'policy-keep-alive', 'a policy')
export const policyKeepAliveStrict = keepAliveUnder('strict', 'server', 'policy-keep-alive-strict', strict)
export const policyAgent = keepAliveUnder('policy', 'client', 'policy-agent', 'a policy')
export const policyAgentStrict = keepAliveUnder('strict', 'client', 'policy-agent-strict', strict)
