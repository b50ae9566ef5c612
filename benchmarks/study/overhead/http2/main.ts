/**
 * The cost of a policy over http2: each connection is opened, carries 100 streams at once, and is closed by its client.
 * Server and client are both under a unidirectional policy, or both stock Node's, in processes without the package.
 */
import { reportsOfAll } from '../policy/reports.js'
import { compareServers } from '../server-pairs.js'

const description = {
  name: 'policy-http2',
  question: 'Connections with 100 streams each per second over http2: both ends under a policy, relative to stock Node',
  unit: 'connections per sample',
  size: 100,
}

export const policyHttp2 = compareServers(description, {
  server: new URL('./server-process.js', import.meta.url),
  client: new URL('./client-process.js', import.meta.url),
  compared: ['server', 'client'],
  changed: 'policy',
  plain: 'stock',
  work: 'connection',
  target: '>= 0.99',
  check: reportsOfAll,
})
