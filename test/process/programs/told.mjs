// One connection, whose client is of the kind that the argument names; the server of a `refused` one is under a policy too.
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { closureOf, controlClosure, learnedWaiting, startTls } from 'close-notify'
import * as stream from 'close-notify/stream'
import { ca, close, keys, listen } from './kit.mjs'

const kind = process.argv[2]
const accepted = []
// A half-open server that is not ended does not answer.
const server = tls.createServer({ ...keys, allowHalfOpen: kind === 'closureOf, skipped' }, (socket) => {
  socket.on('error', () => undefined).resume()
  accepted.push(socket)
})
const port = await listen(server)
const to = { port, host: 'localhost', servername: 'localhost', ca }

if (kind.startsWith('closureOf')) {
  const client = tls.connect(to)
  await once(client, 'secureConnect')
  const waitTimeout = { closureOf: 3000, 'closureOf, learned': learnedWaiting(), 'closureOf, skipped': silent() }[kind]
  await closureOf(client.resume()).shutdown({ mode: 'bidirectional', waitTimeout })
  await closureOf(client).report
} else if (kind === 'TlsStream') {
  const client = stream.connect(to)
  await once(client, 'secureConnect')
  client.resume().end('bye')
  await client.report
} else if (kind === 'TlsStream, unwrap') {
  const tcp = net.connect(port, 'localhost')
  await once(tcp, 'connect')
  const client = stream.connect({ socket: tcp, servername: 'localhost', ca })
  await once(client, 'secureConnect')
  const back = await client.resume().unwrap()
  back.destroy()
} else if (kind === 'startTls') {
  const tcp = net.connect(port, 'localhost')
  await once(tcp, 'connect')
  const { socket, unwrap } = startTls(tcp, { servername: 'localhost', ca })
  await once(socket, 'secureConnect')
  const back = await unwrap()
  await once(socket.resume(), 'close')
  back.destroy()
} else if (kind === 'refused') {
  controlClosure(server)
  const client = net.connect(port, 'localhost')
  client.write('this is no TLS')
  await once(server, 'tlsClientError')
  // Node 26.0 leaves it open.
  client.destroy()
}
for (const socket of accepted) socket.destroySoon()
await close(server)

/** A memory whose one peer does not answer. */
function silent() {
  const times = { answers: 0, waits: 8, share: 0, mean: 0, deviation: 0, slowest: 0 }
  const silence = { rounds: 8, unanswered: 8, doubt: 0, isSilent: true, retryIn: 60_000, retryInterval: 60_000 }
  const state = { version: 1, peers: [{ key: 'silent', ...times, ...silence }] }
  return learnedWaiting({ state }).forPeer('silent')
}
