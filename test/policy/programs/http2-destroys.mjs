// Destroys http2 sessions whose both ends are under a policy, at many moments. That the process lives is the result.
import { once } from 'node:events'
import { readFileSync, writeSync } from 'node:fs'
import http2 from 'node:http2'
import tls from 'node:tls'
import { controlClosure } from '../../../dist/lib/index.js'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const key = readFileSync(new URL('localhost.key.pem', certificates))
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const [, , version, mode, rounds] = process.argv
const versions = { minVersion: version, maxVersion: version }
const policy = { mode, onDestroy: 'close_notify', onTruncation: 'error', flushTimeout: 500, waitTimeout: 500 }
const ignore = () => {}

// Each is told when its moment has come, and destroys one end.
const moments = [
  'server session',
  'server stream',
  'server response',
  'client connect',
  'client response',
  'client end',
]
const destroys = {
  server: ({ server }) => server.destroy(),
  client: ({ client }) => client.destroy(),
  'server with an error code': ({ server }) => server.destroy(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM),
  both: ({ server, client }) => {
    client.destroy()
    server.destroy()
  },
  'after close()': ({ server }) => {
    server.close()
    setImmediate(() => server.destroy())
  },
}

async function round(moment, destroy) {
  const sessions = {}
  const reached = (now) => {
    if (now === moment && sessions.server !== undefined && sessions.client !== undefined) destroys[destroy](sessions)
  }
  const server = http2.createSecureServer({ key, cert, ...versions })
  const control = controlClosure(server, policy)
  const closures = [new Promise((resolve) => server.on('secureConnection', (own) => own.once('close', resolve)))]
  server.on('session', (session) => {
    sessions.server = session.on('error', ignore)
    reached('server session')
  })
  server.on('stream', (stream) => {
    stream.on('error', ignore)
    reached('server stream')
    if (stream.destroyed) return
    stream.respond({ ':status': 200 })
    stream.write(Buffer.alloc(100_000), ignore)
    reached('server response')
    stream.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = tls.connect({
    port: server.address().port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: cert,
    ALPNProtocols: ['h2'],
    ...versions,
  })
  const near = controlClosure(socket, policy)
  closures.push(new Promise((resolve) => socket.once('close', resolve)))
  sessions.client = http2.connect('https://localhost', { createConnection: () => socket }).on('error', ignore)
  sessions.client.once('connect', () => reached('client connect'))
  for (let i = 0; i < 2; i++) {
    const stream = sessions.client.request().on('error', ignore)
    stream.on('response', () => reached('client response')).on('end', () => reached('client end'))
    stream.resume()
  }
  // Moments that never come, such as one before the other end is known.
  const late = setTimeout(() => sessions.client.destroy(), 300)
  await Promise.all(closures)
  clearTimeout(late)
  const open = [control.connections, near.connections]
  server.close()
  return open.every((count) => count === 0)
}

let closed = 0
for (let i = 0; i < Number(rounds); i++) {
  for (const moment of moments) {
    for (const destroy of Object.keys(destroys)) if (await round(moment, destroy)) closed++
  }
}
writeSync(1, `${JSON.stringify({ rounds: Number(rounds) * moments.length * Object.keys(destroys).length, closed })}\n`)
