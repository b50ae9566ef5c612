// A worker is terminated when its closing has come to the given step. The peer is in the main thread, behind a relay that sees how TCP ends.
import { once } from 'node:events'
import net from 'node:net'
import { Worker } from 'node:worker_threads'
import { closeOneInMain } from './in-main.mjs'
import { listen, say } from './support.mjs'

const step = process.argv[2]
// Silent where the closing is to stop at the wait; unread where it is to stop at the drain.
const sockets = []
const listener = await listen({ allowHalfOpen: true }, (socket) => {
  if (step !== 'drain') socket.resume()
  if (step === 'after') socket.on('end', () => socket.end())
})
// The sockets beneath TLS: a half-open server keeps a handshake that FIN has cut until its own timeout.
listener.on('connection', (socket) => sockets.push(socket))
let fromWorker
let ended
const tcpEnded = new Promise((resolve) => (ended = resolve))
const relay = net.createServer({ allowHalfOpen: true }, (socket) => {
  fromWorker = socket
  const onward = net.connect({ port: listener.address().port, host: '127.0.0.1' })
  sockets.push(socket, onward)
  for (const end of [socket, onward]) end.on('error', () => {})
  for (const event of ['end', 'close']) socket.once(event, ended)
  socket.pipe(onward).pipe(socket)
})
relay.listen(0, '127.0.0.1')
await once(relay, 'listening')

const workerData = { port: relay.address().port, step }
const worker = new Worker(new URL('closing-to-step.mjs', import.meta.url), { workerData })
worker.on('error', (error) => say({ error: error.stack }))
const [reached] = await once(worker, 'message')
say({ step: reached })
say({ workerCode: await worker.terminate() })
fromWorker.unpipe()
fromWorker.resume()
await tcpEnded
say({ tcpEnded: true })
for (const socket of sockets) {
  socket.destroy()
  if (!socket.closed) await once(socket, 'close')
}
relay.close()
listener.close()
await closeOneInMain()
