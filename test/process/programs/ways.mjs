// Every way in which a program comes by a TLS connection, one after the other. Each prints what the program sees of it and,
// apart from that, the reports that there are under a policy.
import { once } from 'node:events'
import { request as requestOf } from 'node:https'
import https from 'node:https'
import http2 from 'node:http2'
import net from 'node:net'
import path from 'node:path'
import stream from 'node:stream'
import tls, { connect as namedConnect, TLSSocket } from 'node:tls'
import * as undici from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import { ca, close, eventsOf, keys, listen, listenersOf, print, socketEvents, takeReports } from './kit.mjs'

const host = 'localhost'

/** A server that says something and waits for the client's end, with what it sees. */
function tlsServer(more = {}) {
  const seen = []
  const server = tls.createServer({ ...keys, ...more }, (socket) => serve(socket, seen))
  return { server, seen }
}

function serve(socket, seen) {
  seen.push(listenersOf(socket), eventsOf(socket, socketEvents))
  socket.on('error', () => undefined)
  socket.resume()
  socket.write('hello')
}

/** A client's whole life: it hears the server, says something and ends. */
async function talk(socket) {
  const seen = eventsOf(socket, socketEvents)
  const [data] = await once(socket, 'data')
  const listeners = listenersOf(socket)
  socket.resume()
  socket.end('bye')
  await once(socket, 'close')
  return { seen, listeners, data: String(data), keys: Object.keys(socket).length, read: socket.bytesRead }
}

async function byTls(connecting, more) {
  const { server, seen } = tlsServer(more)
  const port = await listen(server)
  const client = await talk(await connecting(port))
  const listeners = listenersOf(server)
  await close(server)
  return { client, server: seen, listeners }
}

async function tcp(port) {
  const socket = net.connect(port, host)
  await once(socket, 'connect')
  return socket
}

/** A server that upgrades a TCP connection itself, as STARTTLS has it. */
async function byUpgrade(connecting, optionsOf = () => ({})) {
  const seen = []
  const secureContext = tls.createSecureContext(keys)
  const server = net.createServer((raw) => {
    raw.write('220 ready\n')
    raw.once('data', () => {
      raw.write('220 go on\n', () => {
        const socket = new TLSSocket(raw, { isServer: true, secureContext, ...optionsOf(server) })
        socket.once('secure', () => serve(socket, seen))
      })
    })
  })
  const raw = await tcp(await listen(server))
  await once(raw, 'data')
  raw.write('STARTTLS\n')
  await once(raw, 'data')
  const client = await talk(await connecting(raw))
  await close(server)
  return { client, server: seen }
}

function httpsServer(create = https.createServer) {
  const server = create(keys, (request, response) => {
    response.setHeader('x-client', request.headers['x-client'] ?? '')
    response.end('hello')
  })
  return server
}

async function byHttps(getting, server = httpsServer()) {
  const port = await listen(server)
  const seen = await getting(port)
  const listeners = listenersOf(server)
  server.closeAllConnections?.()
  await close(server)
  return { seen, listeners }
}

async function get(options, request = https.request) {
  const sent = request({ host, path: '/', ca, ...options })
  const socketSeen = []
  sent.once('socket', (socket) => {
    socket.once('secureConnect', () => socketSeen.push(listenersOf(socket)))
    socketSeen.push(eventsOf(socket, ['secureConnect', 'end', 'finish', 'error']))
  })
  const [response] = await once(sent.end(), 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, text, complete: response.complete, socketSeen }
}

async function byHttp2(connecting, create = () => http2.createSecureServer(keys)) {
  const server = create()
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 })
    stream.end('hello')
  })
  const port = await listen(server)
  const session = connecting(port)
  const seen = eventsOf(session, ['connect', 'close', 'error', 'goaway'])
  const stream = session.request({ ':path': '/' })
  let text = ''
  for await (const chunk of stream) text += chunk
  session.close()
  await once(session, 'close')
  const listeners = listenersOf(server)
  await close(server)
  return { seen, text, listeners }
}

async function failing(connecting, more = {}) {
  const server = tls.createServer({ ...keys, ...more })
  const failed = eventsOf(server, ['tlsClientError', 'secureConnection'])
  server.on('tlsClientError', (error) => failed.push(error.code))
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).resume())
  const port = await listen(server)
  const socket = connecting(port)
  const seen = eventsOf(socket, socketEvents)
  await once(socket, 'close').catch(() => once(socket, 'close'))
  await close(server)
  return { seen, failed }
}

const agent = new https.Agent({ keepAlive: true })
const kept = tls.connect
class Traced extends TLSSocket {}

const ways = {
  'tls.connect(port, host, options, callback)': () => byTls((port) => tls.connect(port, host, { ca }, () => undefined)),
  'tls.connect(port, options)': () => byTls((port) => tls.connect(port, { host, ca })),
  'tls.connect(options)': () => byTls((port) => tls.connect({ port, host, ca, servername: host })),
  'tls.connect(port, host), any family': () => byTls((port) => tls.connect({ port, host, ca, autoSelectFamily: true })),
  'connect, imported by its name': () => byTls((port) => namedConnect({ port, host, ca })),
  'connect, kept from before': () => byTls((port) => kept({ port, host, ca })),
  'tls.connect({ path })': async () => {
    const { server, seen } = tlsServer()
    const file = path.resolve('socket')
    await listen(server, file)
    const client = await talk(tls.connect({ path: file, ca, servername: host }))
    await close(server)
    return { client, server: seen }
  },
  'tls.connect({ socket }), connected': () => byTls(async (port) => tls.connect({ socket: await tcp(port), host, ca })),
  'tls.connect({ socket }), connecting': () =>
    byTls((port) => tls.connect({ socket: net.connect(port, host), host, ca })),
  'tls.connect({ socket }) and new TLSSocket(), STARTTLS': () =>
    byUpgrade((socket) => tls.connect({ socket, host, ca })),
  'new TLSSocket() with a tls.Server that is not its own': () => {
    const other = tls.createServer(keys)
    return byUpgrade(
      (socket) => tls.connect({ socket, host, ca }),
      () => ({ server: other }),
    )
  },
  'new TLSSocket(), a client': () =>
    byTls(async (port) => {
      const socket = new TLSSocket(await tcp(port), { ca })
      socket.write('begins the handshake')
      return socket
    }),
  'a class that extends TLSSocket': () =>
    byTls(async (port) => {
      const socket = new Traced(await tcp(port), { ca })
      socket.write('begins the handshake')
      return socket
    }),
  'a Duplex beneath, both sides': async () => {
    const [near, far] = stream.duplexPair()
    const seen = []
    const secureContext = tls.createSecureContext(keys)
    const socket = new TLSSocket(far, { isServer: true, secureContext })
    socket.once('secure', () => serve(socket, seen))
    const client = tls.connect({ socket: near, host, ca })
    const clientSeen = eventsOf(client, socketEvents)
    // Nothing else keeps the process alive.
    const alive = setInterval(() => undefined, 1000)
    const [data] = await once(client, 'data')
    client.destroy()
    socket.destroy()
    await once(client, 'close')
    clearInterval(alive)
    return { clientSeen, data: String(data), server: seen }
  },
  'a server that is given its connections': async () => {
    const { server, seen } = tlsServer()
    const front = net.createServer((raw) => server.emit('connection', raw))
    const client = await talk(tls.connect({ port: await listen(front), host, ca }))
    await close(front)
    return { client, server: seen, listeners: listenersOf(server) }
  },
  'https.request, the global agent': () => byHttps((port) => get({ port })),
  'https.request, agent: false': () => byHttps((port) => get({ port, agent: false })),
  'https.request, an Agent that keeps connections': () =>
    byHttps(async (port) => [await get({ port, agent }), await get({ port, agent }), agent.destroy()]),
  'request, imported by its name; a new https.Server': () =>
    byHttps(
      (port) => get({ port, agent: false }, requestOf),
      httpsServer((options, handler) => new https.Server(options, handler)),
    ),
  'Connection: close': () => byHttps((port) => get({ port, agent: false, headers: { connection: 'close' } })),
  'http2.connect and createSecureServer': () => byHttp2((port) => http2.connect(`https://${host}:${port}`, { ca })),
  'http2 over tls.connect, a server that takes HTTP/1.1': () =>
    byHttp2(
      (port) =>
        http2.connect(`https://${host}:${port}`, {
          createConnection: () => tls.connect({ port, host, ca, ALPNProtocols: ['h2'] }),
        }),
      () => http2.createSecureServer({ ...keys, allowHTTP1: true }),
    ),
  'the global fetch': () =>
    byHttps(async (port) => {
      const response = await fetch(`https://${host}:${port}/`, { headers: { connection: 'close' } })
      return { text: await response.text(), status: response.status }
    }),
  undici: () =>
    byHttps(async (port) => {
      const dispatcher = new undici.Agent({ connect: { ca } })
      const response = await undici.request(`https://${host}:${port}/`, { dispatcher })
      const text = await response.body.text()
      await dispatcher.close()
      return { text, status: response.statusCode }
    }),
  ws: () =>
    byHttps(async (port) => {
      const client = new WebSocket(`wss://${host}:${port}`, { ca })
      const [message] = await once(client, 'message')
      client.close()
      const [code] = await once(client, 'close')
      return { message: String(message), code }
    }, withWebSockets(httpsServer())),
  ...(typeof globalThis.WebSocket === 'function' && {
    'the global WebSocket': () =>
      byHttps(async (port) => {
        const client = new globalThis.WebSocket(`wss://${host}:${port}`)
        const message = await new Promise((resolve, reject) => {
          client.onmessage = ({ data }) => resolve(data)
          client.onerror = reject
        })
        client.close()
        const { code } = await new Promise((resolve) => (client.onclose = resolve))
        return { message, code }
      }, withWebSockets(httpsServer())),
  }),
  'a client whose connection is refused': async () => {
    const server = net.createServer()
    const port = await listen(server)
    await close(server)
    const socket = tls.connect({ port, host })
    const seen = eventsOf(socket, socketEvents)
    await once(socket, 'close').catch(() => once(socket, 'close'))
    return { seen }
  },
  'a certificate that is not trusted': () => failing((port) => tls.connect({ port, host, ca: [] })),
  'no version in common': () =>
    failing((port) => tls.connect({ port, host, ca, maxVersion: 'TLSv1.2' }), { minVersion: 'TLSv1.3' }),
  'a socket that is destroyed in the turn in which it was made': async () => {
    const { server } = tlsServer()
    const socket = tls.connect({ port: await listen(server), host, ca })
    const seen = eventsOf(socket, socketEvents)
    socket.destroy()
    await once(socket, 'close')
    await close(server)
    return { seen }
  },
}

function withWebSockets(server) {
  new WebSocketServer({ server }).on('connection', (socket) => socket.send('hello'))
  return server
}

for (const [way, go] of Object.entries(ways)) {
  const seen = await go()
  print({ way, seen, reports: takeReports() })
}
process.on('exit', (code) => print({ way: 'exit', seen: { code, left: process.getActiveResourcesInfo() } }))
