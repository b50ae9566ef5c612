// A stream writes on after shutdown() of its session's socket has been called; http2 ends the socket after it.
import { once } from 'node:events'
import http2 from 'node:http2'
import { cert, key, packageUrl, say, sleep } from './support.mjs'

const { closureOf } = await import(packageUrl)
const server = http2.createSecureServer({ key, cert })
let socket
let streamError = null
let shutdown
let refused
server.on('secureConnection', (accepted) => {
  socket = accepted
})
server.on('stream', async (stream) => {
  stream.on('error', (error) => {
    streamError = error.code
  })
  const closure = closureOf(socket)
  stream.respond()
  stream.write('first ')
  await sleep(20)
  refused = await closure.closeNotify().catch((error) => error.code)
  shutdown = closure.shutdown({ mode: 'bidirectional', flushTimeout: 60_000, waitTimeout: 60_000 })
  stream.session.close()
  await sleep(20)
  stream.end('second')
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const session = http2.connect(`https://localhost:${server.address().port}`, {
  ca: cert,
  lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
})
const request = session.request({ ':path': '/' })
let body = ''
for await (const chunk of request) body += chunk
const { verdict } = await shutdown
say({ body, streamError, verdict, refused })
session.close()
server.close()
