/** The server of main.ts: stock Node, which answers an end with its own. */
import { once } from 'node:events'
import tls from 'node:tls'
import { certificate, key } from '../../../support/certificate.js'
import { listeningPort } from '../../../support/relay.js'
import { answerParent } from '../numbers.js'

const server = tls.createServer({ key, cert: certificate }, (socket) => {
  socket.on('error', () => undefined)
  socket.resume()
})
server.listen({ host: '127.0.0.1', port: 0, backlog: 511 })
await once(server, 'listening')

answerParent({ port: () => [listeningPort(server)] })
