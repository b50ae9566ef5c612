// Both sides of a connection start TLS and take it off again, several times, in the main thread or in a worker. The process
// has to end by itself: nothing may be left that keeps it alive.
import { createHook } from 'node:async_hooks'
import { once } from 'node:events'
import net from 'node:net'
import { isMainThread, Worker } from 'node:worker_threads'
import { cert, immediate, key, packageUrl, say, sleep } from '../../hazards/programs/support.mjs'

if (process.argv[2] === 'worker' && isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { argv: ['in it'] })
  const [code] = await once(worker, 'exit')
  say({ workerCode: code })
} else {
  const { closureOf, startTls } = await import(packageUrl)
  const timers = new Set()
  const init = (id, type) => void (type === 'Timeout' && timers.add(id))
  createHook({ init, destroy: (id) => void timers.delete(id) }).enable()
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = net.connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true })
  const [accepted] = await once(server, 'connection')
  server.close()
  const verdicts = []
  for (const version of ['TLSv1.2', 'TLSv1.3', 'TLSv1.2', 'TLSv1.3']) {
    const versions = { minVersion: version, maxVersion: version }
    const sides = [
      startTls(client, { ca: cert, servername: 'localhost', ...versions }),
      startTls(accepted, { isServer: true, key, cert, ...versions }),
    ]
    await Promise.all(sides.map(({ socket }) => once(socket.resume(), 'secureConnect')))
    const patient = { flushTimeout: 600_000, waitTimeout: 600_000, onTimeout: 'reject' }
    await Promise.all(sides.map(({ unwrap }) => unwrap(version === 'TLSv1.3' ? patient : {})))
    for (const { socket } of sides) verdicts.push((await closureOf(socket).report).verdict)
  }
  client.write('clear')
  const [data] = await once(accepted, 'data')
  await sleep(100)
  await immediate()
  const counts = [client, accepted].map((tcp) =>
    ['readable', 'error', 'close'].map((event) => tcp.listenerCount(event)),
  )
  say({ verdicts: [...new Set(verdicts)], data: String(data), counts, timers: timers.size })
  accepted.resume()
  client.resume().end()
  accepted.end()
}
