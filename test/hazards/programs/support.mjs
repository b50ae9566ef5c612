// Shared by the programs of this folder. They run in processes of their own, on the compiled package.
import { once } from 'node:events'
import { readFileSync, writeSync } from 'node:fs'
import tls from 'node:tls'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)
export const key = readFileSync(new URL('localhost.key.pem', certificates))
export const cert = readFileSync(new URL('localhost.cert.pem', certificates))

/** The compiled package, and its inner module of the addon. */
export const packageUrl = new URL('../../../dist/lib/index.js', import.meta.url).href
export const nativeUrl = new URL('../../../dist/lib/native/addon.js', import.meta.url).href

export const streamUrl = new URL('../../../dist/lib/stream/index.js', import.meta.url).href

/** Whether the connections of this program are TLS streams; otherwise they are Node's own sockets. Workers inherit it. */
export const ofStreams = process.env.CLOSE_NOTIFY_TEST_STREAMS === '1'

/** Prints a fact; at once, so that it is out whatever happens next. */
export function say(fact) {
  writeSync(1, `${JSON.stringify(fact)}\n`)
}

export const immediate = () => new Promise((resolve) => setImmediate(resolve))
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export async function listen(options = {}, onSocket = () => {}) {
  const { createServer } = ofStreams ? await import(streamUrl) : tls
  const server = createServer({ key, cert, ...options }, (socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 })
  await once(server, 'listening')
  return server
}

export function clientOptions(server, options = {}) {
  const { port } = server.address()
  return { port, host: '127.0.0.1', servername: 'localhost', ca: cert, ...options }
}

export async function connect(options) {
  return ofStreams ? (await import(streamUrl)).connect(options) : tls.connect(options)
}

/** Loads what gives the closing of a socket: `closureOf()`, which has to be there before the socket, or the stream itself. */
export async function loadClosureOf() {
  return ofStreams ? (stream) => stream : (await import(packageUrl)).closureOf
}

/** A client and the server's socket of one connection, both out of OpenSSL's callbacks. */
export async function pair({ version, client = {}, server = {} } = {}) {
  const versions = version === undefined ? {} : { minVersion: version, maxVersion: version }
  let accept
  const accepted = new Promise((resolve) => (accept = resolve))
  const listener = await listen({ ...versions, ...server }, accept)
  const socket = await connect(clientOptions(listener, { ...versions, ...client }))
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  const peer = await accepted
  await immediate()
  return { client: socket, server: peer, listener }
}
