/** The server of main.ts: `with` imports the module and does nothing with it. */
import { once } from 'node:events'
import tls from 'node:tls'
import { certificate, key } from '../../../support/certificate.js'
import { listeningPort } from '../../../support/relay.js'
import { answerParent, cpuTime } from '../numbers.js'

if (process.argv[2] === 'with') await import('../../../../lib/index.js')

const server = tls.createServer({ key, cert: certificate }, (socket) => {
  socket.on('error', () => undefined)
  socket.once('data', () => socket.end('.'))
})
server.listen({ host: '127.0.0.1', port: 0, backlog: 511 })
await once(server, 'listening')

answerParent({
  port: () => [listeningPort(server)],
  cpu: cpuTime,
})
