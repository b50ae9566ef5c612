// Node's own TLS, the peer of stream.mjs: `stream-peer.mjs serve|connect HOW VERSION KEY CERT [PORT]`
// A server prints its port. Both print what they have seen of their one connection, as JSON, and end.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import tls from 'node:tls'
import { closureOf, startTls } from 'close-notify'

const [side, how, version, keyFile, certFile, port] = process.argv.slice(2)
const cert = readFileSync(certFile)
const identity = side === 'serve' ? { key: readFileSync(keyFile), cert } : { ca: cert, servername: 'localhost' }
const options = { ...identity, minVersion: version, maxVersion: version }

const behaviours = { echoes, pours, ends, cuts, resets, unwraps, trusts }
const seen = await behaviours[how]()
process.stdout.write(`${JSON.stringify(seen)}\n`, () => process.exit())

// All that comes goes back. The other side closes first.
async function echoes() {
  const { socket } = await secured()
  let bytes = 0
  let isWhole = false
  socket.on('data', (chunk) => {
    bytes += chunk.length
  })
  socket.on('end', () => {
    isWhole = true
  })
  socket.pipe(socket)
  const { verdict } = await closureOf(socket).report
  return { bytes, isWhole, verdict }
}

// More than fits between two processes, with a word when none of it leaves any more.
async function pours() {
  const { socket, raw } = await asked()
  socket.end(Buffer.alloc(64 * 1024 * 1024))
  let before = -1
  const look = setInterval(() => {
    if (raw.bytesWritten === before) console.log('stalled')
    if (raw.bytesWritten === before) clearInterval(look)
    before = raw.bytesWritten
  }, 50)
  await once(socket, 'close')
  return {}
}

async function ends() {
  const { socket } = await asked()
  socket.end('the last words')
  const { verdict } = await closureOf(socket).report
  return { verdict }
}

// FIN without close_notify, as Node's destroy() sends it.
async function cuts() {
  const { socket } = await asked()
  socket.write('half an answer', () => socket.destroy())
  await once(socket, 'close')
  return {}
}

async function resets() {
  const { raw } = await asked()
  raw.resetAndDestroy()
  await once(raw, 'close')
  return {}
}

async function unwraps() {
  const raw = await connection()
  const { socket, unwrap } = startTls(raw, { ...options, isServer: side === 'serve' })
  const [asked] = await once(socket, 'data')
  socket.resume()
  const inTheClear = await unwrap()
  inTheClear.write('220 in the clear')
  return { asked: String(asked), inTheClear: await text(inTheClear) }
}

// The handshake alone: whether the other side takes it.
async function trusts() {
  try {
    await secured()
    return { isTrusted: true }
  } catch ({ code }) {
    return { isTrusted: false, code }
  }
}

async function asked() {
  const sides = await secured()
  await once(sides.socket, 'data')
  sides.socket.resume()
  return sides
}

/** Node's TLS on a connection of its own; what is beneath it is at hand. */
async function secured() {
  const raw = await connection()
  if (side === 'connect') {
    const socket = tls.connect({ ...options, socket: raw })
    await once(socket, 'secureConnect')
    return { socket: quiet(socket), raw }
  }
  const server = tls.createServer(options)
  const [socket] = await new Promise((resolve, reject) => {
    server.on('secureConnection', (...args) => resolve(args))
    server.on('tlsClientError', reject)
    server.emit('connection', raw)
  })
  return { socket: quiet(socket), raw }
}

// What its end was like is in the report.
function quiet(socket) {
  return socket.on('error', () => undefined)
}

async function connection() {
  if (side === 'connect') {
    const socket = net.connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  console.log(server.address().port)
  const [socket] = await once(server, 'connection')
  server.close()
  return socket
}
