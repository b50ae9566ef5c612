/**
 * The cost of a policy where it works most: each connection of an https server is opened, serves one request and is
 * closed, once unidirectionally under the policy and once by stock Node, in a process without the package.
 */
import { reportsOfAll } from './reports.js'
import { compareServers } from '../server-pairs.js'

const description = {
  name: 'policy-load',
  question: 'Connections with one request each per second of an https server: under a policy, relative to stock Node',
  unit: 'connections per sample',
  size: 2000,
}

export const policyLoad = compareServers(description, {
  server: new URL('./server-process.js', import.meta.url),
  client: new URL('./client-process.js', import.meta.url),
  clientArgs: ['close'],
  changed: 'policy',
  plain: 'stock',
  work: 'connections',
  target: '>= 0.97',
  check: reportsOfAll,
})
