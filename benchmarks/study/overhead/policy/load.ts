/**
 * The cost of a policy where it works most: each connection of an https server is opened, serves one request and is
 * closed, once by stock Node, in a process without the package, and once under a policy: unidirectionally; the same
 * with a listener on 'closure' that reads each report as a whole; bidirectionally, with peers that answer.
 */
import { reportsOfAll } from './reports.js'
import { compareServers } from '../server-pairs.js'
import type { Program } from '../program.js'

function loadUnder(side: string, name: string, policy: string, target: string): Program {
  const question = `Connections with one request each per second of an https server: under ${policy}, relative to stock Node`
  return compareServers(
    { name, question, unit: 'connections per sample', size: 2000 },
    {
      server: new URL('./server-process.js', import.meta.url),
      client: new URL('./client-process.js', import.meta.url),
      clientArgs: ['close'],
      changed: side,
      plain: 'stock',
      work: 'connection',
      target,
      check: reportsOfAll,
    },
  )
}

export const policyLoad = loadUnder('policy', 'policy-load', 'a policy', '>= 0.97')

export const policyLoadListener = loadUnder(
  'listened',
  'policy-load-listener',
  'a policy with a listener that reads each report',
  '>= 0.95',
)

export const policyLoadBidirectional = loadUnder(
  'bidirectional',
  'policy-load-bidirectional',
  'a bidirectional policy',
  '>= 0.93',
)
