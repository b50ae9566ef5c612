/**
 * The side that closes, where that is a server. Arguments: kind, situation, protocol, address. It listens once for each way of
 * its kind, in the order of `waysOf`.
 *
 * `claim RUN` answers with what the report of that run's connection claims, when it is over: verdict, sent, undelivered
 * bytes, each `-` where it has none. `modules` answers with whether the addon of the package is loaded.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import tls from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { certificate, key } from '../../support/certificate.js'
import { serveParent } from '../../support/child-side.js'
import { listeningPort } from '../../support/relay.js'
import { addonIsLoaded } from './addon.js'
import { closersOf } from './closers.js'
import { runOf } from './connection.js'
import { isHttps, kinds, oneOf, protocols, settings, situations, type Way } from './situations.js'
import { type Claim, type Closer, claimWords } from './way.js'

const [kindName, situationName, protocolName, host] = process.argv.slice(2)
const kind = oneOf(kinds, kindName)
const situation = oneOf(situations, situationName)
const protocol = oneOf(protocols, protocolName)
const { bytes, uploads, writesAfter, closesAfter } = settings[situation]

const answer = Buffer.alloc(bytes, '.')
const head = `HTTP/1.1 413 Content Too Large\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n`
const claims = new Map<string, Promise<Claim | undefined>>()

const ports = []
for (const [way, closer] of await closersOf(kind, situation)) ports.push(await listen(way, closer))

serveParent(ports, {
  claim: async (run = '') => claimWords(await claims.get(run)),
  modules: () => String(addonIsLoaded()),
})

async function listen(way: Way, closer: Closer): Promise<number> {
  const options = { key, cert: certificate, minVersion: protocol, maxVersion: protocol, noDelay: true } as const
  const server = isHttps(way) ? https.createServer(options, answerEarly) : tls.createServer(options)
  closer.control(server)
  server.on('secureConnection', (socket: tls.TLSSocket) => {
    socket.on('error', () => {})
    const run = runOf(socket)
    // The connection that tries to resume is not the one that is measured: its client ends it.
    const isMeasured = run !== undefined && !claims.has(run)
    if (isMeasured) claims.set(run, closer.watch(socket))
    if (isHttps(way)) return
    socket.resume()
    if (!isMeasured) return
    if (uploads) socket.once('data', () => void speak(socket, closer))
    else void speak(socket, closer)
  })
  server.on('tlsClientError', () => {})
  server.listen(0, host)
  await once(server, 'listening')
  return listeningPort(server)
}

/** Writes and closes; all in the turn of the call where the situation has no pauses. */
async function speak(socket: tls.TLSSocket, closer: Closer): Promise<void> {
  if (writesAfter > 0) await sleep(writesAfter)
  if (uploads) socket.write(head)
  socket.write(answer)
  if (closesAfter > 0) await sleep(closesAfter)
  closer.close(socket)
}

function answerEarly(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(413, { 'Content-Length': bytes, Connection: 'close' })
  response.end(answer)
}
