// Many http2 sessions, which both sides close with shutdown() and session.close() or destroy() at random moments.
import { once } from 'node:events'
import http2 from 'node:http2'
import tls from 'node:tls'
import { cert, immediate, key, packageUrl, say } from './support.mjs'

const { closureOf } = await import(packageUrl)
const [sessions, sizes, seed] = [
  Number(process.argv[2]),
  process.argv[3].split(',').map(Number),
  Number(process.argv[4]),
]
let state = seed
const random = (below) => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
  return (state >>> 8) % below
}
const modes = ['unidirectional', 'bidirectional', 'quiet']
const bodies = new Map(sizes.map((size) => [size, Buffer.alloc(size, 'a')]))
const counts = { sessions: 0, missingAlerts: 0, flushTimeouts: 0, incomplete: 0, verdicts: {} }

const server = http2.createSecureServer({ key, cert })
server.on('sessionError', () => {})
server.on('secureConnection', (socket) => closureOf(socket))
server.on('session', (session) => session.on('error', () => {}))
server.on('stream', (stream, headers) => {
  stream.on('error', () => {})
  stream.respond()
  stream.end(bodies.get(Number(headers.size)))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const serverSockets = []
server.on('secureConnection', (socket) => serverSockets.push(socket))

for (let i = 0; i < sessions; i++) {
  await one(i)
  counts.sessions++
}
server.close()
say(counts)

async function one(index) {
  const options = {
    port: server.address().port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: cert,
    ALPNProtocols: ['h2'],
  }
  const socket = tls.connect(options)
  const clientClosure = closureOf(socket)
  const session = http2.connect('https://localhost', { createConnection: () => socket })
  session.on('error', () => {})
  await once(session, 'connect')
  while (serverSockets.length <= index) await immediate()
  const serverClosure = closureOf(serverSockets[index])

  const requests = Array.from({ length: 1 + random(4) }, () => request(session, sizes[random(sizes.length)]))
  // A session that is closed in the very turn of its requests refuses them, with or without us.
  for (let turns = 1 + random(12); turns > 0; turns--) await immediate()
  const closer = random(2) === 0 ? clientClosure : serverClosure
  const mode = modes[random(modes.length)]
  const shutdown = closer.shutdown({ mode, flushTimeout: 2000, waitTimeout: 600_000 })
  const graceful = random(4) > 0
  if (graceful) session.close()
  const done = await Promise.all(requests)
  // Responses are whole where nobody was abrupt.
  if (graceful && closer === clientClosure && done.some((complete) => !complete)) counts.incomplete++
  if (!graceful) session.destroy()
  const report = await shutdown
  session.destroy()
  serverSockets[index].destroy()
  const [atClient, atServer] = await Promise.all([clientClosure.report, serverClosure.report])
  const [ours, theirs] = closer === clientClosure ? [atClient, atServer] : [atServer, atClient]
  // Nobody is slow here: what cannot be flushed any more must not be waited for.
  if (report.endedBy === 'flush-timeout') counts.flushTimeouts++
  counts.verdicts[report.verdict] = (counts.verdicts[report.verdict] ?? 0) + 1
  // A peer that read on until the end must have seen the alert that was reported as sent.
  if (ours.sent.kind === 'close_notify' && theirs.tcp.kind === 'fin' && theirs.received.kind === 'nothing')
    counts.missingAlerts++
}

function request(session, size) {
  return new Promise((resolve) => {
    const stream = session.request({ ':path': '/', size: String(size) })
    let length = 0
    stream.on('error', () => {})
    stream.on('data', (data) => {
      length += data.length
    })
    stream.on('close', () => resolve(length === size))
  })
}
