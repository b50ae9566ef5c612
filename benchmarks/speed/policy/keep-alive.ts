/**
 * The cost of a policy while it has nothing to do: requests on connections that stay open, of an https server under a
 * unidirectional policy and of one of stock Node, in a process without the package.
 */
import { reportsOfAll } from './reports.js'
import { compareServers } from '../server-pairs.js'

const description = {
  name: 'policy-keep-alive',
  question: 'Requests per second on open connections of an https server: under a policy, relative to stock Node',
  unit: 'requests per sample',
  size: 50_000,
}

export const policyKeepAlive = compareServers(description, {
  server: new URL('./server-process.js', import.meta.url),
  client: new URL('./client-process.js', import.meta.url),
  clientArgs: ['keep-alive'],
  changed: 'policy',
  plain: 'stock',
  work: 'requests',
  target: '>= 0.99',
  check: reportsOfAll,
})
