/**
 * The peer, where that is a server: a plain Node program, which reads to the end. Arguments: protocol, address.
 *
 * `read RUN` answers, when that run's connection is over, with the bytes that the application has read and how the
 * reading failed.
 */
import { once } from 'node:events'
import tls from 'node:tls'
import { certificate, key } from '../../support/certificate.js'
import { serveParent } from '../../support/child-side.js'
import { listeningPort } from '../../support/relay.js'
import { closed, Reading, runOf } from './connection.js'
import { oneOf, protocols } from './situations.js'

const [protocolName, host] = process.argv.slice(2)
const protocol = oneOf(protocols, protocolName)
const readings = new Map<string, { readonly socket: tls.TLSSocket; readonly reading: Reading }>()

const server = tls.createServer({ key, cert: certificate, minVersion: protocol, maxVersion: protocol, noDelay: true })
server.on('secureConnection', (socket) => {
  const reading = new Reading(socket)
  socket.on('data', (data: Buffer) => reading.add(data))
  const run = runOf(socket)
  // The connection that tries to resume is not the one that is measured.
  if (run !== undefined && !readings.has(run)) readings.set(run, { socket, reading })
})
server.on('tlsClientError', () => {})
server.listen(0, host)
await once(server, 'listening')

serveParent([listeningPort(server)], {
  async read(run = '') {
    const found = readings.get(run)
    if (found === undefined) return [0, 'no-handshake'].join(' ')
    await closed(found.socket)
    return [found.reading.bytes, found.reading.failure].join(' ')
  },
})
