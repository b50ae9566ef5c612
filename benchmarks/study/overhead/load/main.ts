/** Whether loading the module costs connections: a server process that has only imported it, beside one that has not. */
import { compareServers } from '../server-pairs.js'

const description = {
  name: 'load',
  question: 'Connections per second of a TLS server: with close-notify imported, relative to without it',
  unit: 'connections per sample',
  size: 1000,
}

export const load = compareServers(description, {
  server: new URL('./server-process.js', import.meta.url),
  client: new URL('./client-process.js', import.meta.url),
  changed: 'with',
  plain: 'without',
  work: 'connection',
  target: '>= 0.99, reached by the upper end of the interval',
})
