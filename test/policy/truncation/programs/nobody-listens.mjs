// Cuts connections on which nobody listens for 'error', one way after the other, and prints what was uncaught:
// { way, version, uncaught: [code, …], ended: whether somebody was told that this was all }.
// Arguments, as JSON: policy, whether there is one.
import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { controlClosure } from '../../../../dist/lib/index.js'
import { cert, key, say, sleep } from './support.mjs'

const { policy } = JSON.parse(process.argv[2])
let uncaught = []
process.on('uncaughtException', (error) => uncaught.push(error.code ?? error.message))
let ended = false

function control(target) {
  if (policy) controlClosure(target, { onTruncation: 'error' })
  return target
}

const head = (...fields) => ['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n')
// Apart from the data: an RST that comes with them is an end like any other to Node. And unread data of the peer's, such as
// http2's acknowledgements, would make RST of a FIN.
async function drop({ tls, tcp }, how) {
  await sleep(20)
  // A process that got no time meanwhile has not read yet.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  if (how === 'fin') tls.destroy()
  else tcp.resetAndDestroy()
}

// A server that answers with these bytes and ends TCP without an alert.
async function cutting(version, payload, how, ALPNProtocols) {
  const secureContext = tls.createSecureContext({ key, cert, minVersion: version, maxVersion: version })
  // Nagle's algorithm would hold the data back behind session tickets, and an RST would take them away.
  const server = net.createServer({ noDelay: true }, (tcp) => {
    const socket = new tls.TLSSocket(tcp, { isServer: true, secureContext, ALPNProtocols })
    tcp.on('error', () => {})
    socket.on('error', () => {})
    const answer = () => socket.write(payload, () => drop({ tls: socket, tcp }, how))
    // all of the request, which http2 sends in parts
    socket.once('data', () => setTimeout(answer, 10))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

const to = (server) => ({ host: '127.0.0.1', port: server.address().port, rejectUnauthorized: false })

function getting(framing, read) {
  return async (version, how) => {
    const server = await cutting(version, `${head(framing)}alpha`, how)
    const agent = control(new https.Agent())
    https.get({ ...to(server), agent }, (response) => {
      response.on('end', () => (ended = true))
      if (read) response.resume()
    })
    return () => agent.destroy()
  }
}

// An http2 response with a part of its body: SETTINGS, their acknowledgement, HEADERS with :status 200, DATA.
const http2Response = Buffer.from(
  ['000000040000000000', '000000040100000000', '000001010400000001', '88', '000005000000000001', '616c706861'].join(''),
  'hex',
)

function uploading(start, request) {
  return async (version, how) => {
    const server = control(start({ key, cert, minVersion: version, maxVersion: version }))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const tcp = net.connect(to(server))
    const ALPNProtocols = request === http2Request ? ['h2'] : undefined
    const socket = tls.connect({ socket: tcp, rejectUnauthorized: false, ALPNProtocols })
    tcp.on('error', () => {})
    socket.on('error', () => {})
    socket.on('data', () => {})
    await once(socket, 'secureConnect')
    socket.write(request, () => drop({ tls: socket, tcp }, how))
    return () => server.close()
  }
}

const httpRequest = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nalpha'
const http2Request = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from('000000040000000000', 'hex'),
  // HEADERS: :method POST, :scheme https, :path /, :authority x; DATA
  Buffer.from('000006010400000001' + '838784010178' + '000005000000000001', 'hex'),
  Buffer.from('alpha'),
])

const ways = {
  'https.get, read': getting('Connection: close', true),
  'https.get, never read': getting('Connection: close', false),
  'https.get with a Content-Length, read': getting('Content-Length: 99', true),
  'https.get with a Content-Length, never read': getting('Content-Length: 99', false),
  'https.get, idle in the pool': async (version, how) => {
    const server = await cutting(version, `${head('Content-Length: 5')}alpha`, how)
    const agent = control(new https.Agent({ keepAlive: true }))
    https.get({ ...to(server), agent }, (response) => response.resume())
    return () => agent.destroy()
  },
  'a bare socket': async (version, how) => {
    const server = await cutting(version, 'alpha', how)
    const socket = control(tls.connect(to(server)))
    socket.on('end', () => (ended = true))
    socket.resume()
    socket.write('please')
    return () => socket.destroy()
  },
  'a bare socket, never read': async (version, how) => {
    const server = await cutting(version, 'alpha', how)
    const socket = control(tls.connect(to(server)))
    socket.write('please')
    return () => socket.destroy()
  },
  'an http2 client': async (version, how) => {
    const server = await cutting(version, http2Response, how, ['h2'])
    const socket = control(tls.connect({ ...to(server), ALPNProtocols: ['h2'] }))
    const session = http2.connect('https://localhost', { createConnection: () => socket })
    const stream = session.request({ ':path': '/' })
    stream.on('end', () => (ended = true))
    stream.resume()
    return () => session.destroy()
  },
  'an https server': uploading(
    (options) =>
      https.createServer(options, (request) => {
        request.on('end', () => (ended = true))
        request.resume()
      }),
    httpRequest,
  ),
  'an https server that never reads': uploading((options) => https.createServer(options, () => {}), httpRequest),
  'an http2 server': uploading(
    (options) =>
      http2.createSecureServer(options).on('stream', (stream) => {
        stream.on('end', () => (ended = true))
        stream.resume()
      }),
    http2Request,
  ),
  "http2's compatibility API": uploading(
    (options) =>
      http2.createSecureServer(options, (request) => {
        request.on('end', () => (ended = true))
        request.resume()
      }),
    http2Request,
  ),
}

for (const [way, cut] of Object.entries(ways)) {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    for (const how of ['fin', 'rst']) {
      uncaught = []
      ended = false
      const leave = await cut(version, how)
      await sleep(100)
      leave()
      await sleep(5)
      say({ way, version, how, uncaught, ended })
    }
  }
}
process.exit(0)
