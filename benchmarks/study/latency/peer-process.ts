/**
 * The peers, in a process of their own. The first argument is the address to listen on, the second the protocol; ports
 * are told in the order of `peers` in sides.ts, then the one of the echo. Each peer sends a byte when the handshake is
 * done: who has read it has read the session tickets too, so that nothing is on its way when a closing begins.
 *
 * `take` drops what silent peers keep open and answers with what was seen of each connection since the last time, as JSON:
 * by name, when all of its bytes had come, when its stream ended, both in ns of the monotonic clock as texts, and by what.
 */
import { once } from 'node:events'
import type net from 'node:net'
import process from 'node:process'
import tls from 'node:tls'
import { closureOf } from '../../../lib/index.js'
import { certificate, key } from '../../support/certificate.js'
import { serveParent } from '../../support/child-side.js'
import { createEchoServer } from '../../support/echo.js'
import { listeningPort } from '../../support/relay.js'
import { payloadBytes, peers } from './sides.js'
import type { Peer } from './sides.js'

/** What became of one connection on the peer's side. */
export interface Seen {
  /** All bytes had come; absent where fewer came. */
  readonly delivered?: string
  readonly ended?: string
  readonly by: 'close_notify' | 'fin' | 'reset'
}

const [host = '127.0.0.1', protocol = 'TLSv1.3'] = process.argv.slice(2)
const version = protocol === 'TLSv1.2' ? 'TLSv1.2' : 'TLSv1.3'
const pending: Promise<readonly [string, Seen] | undefined>[] = []
const silent = new Set<tls.TLSSocket>()
const answer = Buffer.alloc(100_000, 'y')

const ports = []
for (const server of [...peers.map(createPeer), createEchoServer()]) {
  server.listen(0, host)
  await once(server, 'listening')
  ports.push(listeningPort(server))
}

serveParent(ports, {
  async take() {
    for (const socket of silent) socket.destroy()
    const seen = await Promise.all(pending.splice(0))
    return JSON.stringify(Object.fromEntries(seen.filter((one) => one !== undefined)))
  },
})

function createPeer(peer: Peer): net.Server {
  const options = { key, cert: certificate, minVersion: version, maxVersion: version, allowHalfOpen: true } as const
  return tls
    .createServer({ ...options, noDelay: true }, (socket) => {
      pending.push(watch(socket))
      socket.on('end', () => reply(socket, peer))
      if (peer === 'silent') {
        silent.add(socket)
        socket.on('close', () => silent.delete(socket))
      }
      // A turn later: in this one, under TLS 1.3, the byte would leave before the session tickets.
      setImmediate(() => socket.write('.'))
    })
    .on('tlsClientError', () => {})
}

function reply(socket: tls.TLSSocket, peer: Peer): void {
  switch (peer) {
    case 'answers':
      socket.end()
      break
    case 'answers after 50 ms':
      setTimeout(() => socket.end(), 50)
      break
    case 'answers after 100 kB':
      socket.end(answer)
      break
    case 'silent':
  }
}

/** Resolves when the connection is gone; undefined where it never said its name. */
async function watch(socket: tls.TLSSocket): Promise<readonly [string, Seen] | undefined> {
  const { report } = closureOf(socket)
  let name: string | undefined
  let bytes = 0
  let delivered: bigint | undefined
  let ended: bigint | undefined
  socket.on('data', (data: Buffer) => {
    name ??= data.subarray(0, data.indexOf('\n')).toString()
    bytes += data.length
    if (bytes === payloadBytes) delivered = process.hrtime.bigint()
  })
  socket.on('end', () => {
    ended = process.hrtime.bigint()
  })
  socket.on('error', () => {})
  // once() would reject at an error.
  await new Promise((resolve) => socket.once('close', resolve))
  const { received, tcp } = await report
  if (name === undefined) return undefined
  const by = received.kind === 'close_notify' ? 'close_notify' : tcp.kind === 'reset' ? 'reset' : 'fin'
  return [
    name,
    {
      by,
      ...(delivered !== undefined && { delivered: String(delivered) }),
      ...(ended !== undefined && { ended: String(ended) }),
    },
  ]
}
