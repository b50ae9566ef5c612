// Bodies that end with a bare FIN, as clients of every kind take them: whole, or the code of their error.
import http2 from 'node:http2'
import https, { get as namedGet } from 'node:https'
import tls from 'node:tls'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import * as undici from 'undici'
import { ca, keys, listen, print } from './kit.mjs'

// When the client, in this very process, has read what there is.
async function later() {
  for (let i = 0; i < 30; i++) await turn()
}

const server = tls.createServer({ ...keys, ALPNProtocols: ['http/1.1'] }, (socket) => {
  socket.on('error', () => undefined)
  socket.once('data', (request) => {
    const length = String(request).includes('GET /idle') ? 'content-length: 9\r\n' : ''
    socket.write(`HTTP/1.1 200 OK\r\n${length}\r\nhalf a bo`)
    void later().then(() => socket.destroy())
  })
})
const port = await listen(server)
const url = `https://localhost:${port}`

let http2Socket
const http2Server = http2.createSecureServer(keys, (_request, response) => {
  response.write('half a bo', () => void later().then(() => http2Socket.destroy()))
})
http2Server.on('secureConnection', (socket) => (http2Socket = socket))
const http2Port = await listen(http2Server)

function byHttps(get) {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, ca }, (response) => resolve(text(response))).on('error', reject)
  })
}

async function byHttp2() {
  const session = http2.connect(`https://localhost:${http2Port}`, { ca })
  session.on('error', () => undefined)
  return text(session.request({ ':path': '/' }))
}

const ways = {
  https: () => byHttps(https.get),
  'https, imported by its name': () => byHttps(namedGet),
  fetch: async () => (await fetch(url)).text(),
  'undici.fetch': async () => (await undici.fetch(url, { dispatcher: new undici.Agent({ connect: { ca } }) })).text(),
  'undici.request': async () =>
    (await undici.request(url, { dispatcher: new undici.Agent({ connect: { ca } }) })).body.text(),
  http2: byHttp2,
  tls: () => {
    const socket = tls.connect({ port, host: 'localhost', ca })
    socket.write('GET / HTTP/1.1\r\n\r\n')
    return text(socket)
  },
  // Whole, and the connection is cut later.
  'fetch, idle': async () => {
    const body = await (await fetch(`${url}/idle`)).text()
    await new Promise((resolve) => setTimeout(resolve, 100))
    return body
  },
}

for (const [way, go] of Object.entries(ways)) {
  const got = await go().catch((error) => error.cause?.code ?? error.code)
  print({ way, got: got.replace(/^HTTP.*\r\n\r\n/s, '') })
}
process.exit(0)
