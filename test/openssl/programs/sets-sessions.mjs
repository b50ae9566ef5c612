// setSession() at every moment of a connection, on both sides, with a session of each version: what it gives, and that
// the connection goes on. Argument: the libssl, or nothing.
import { readFileSync } from 'node:fs'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const key = readFileSync(new URL('localhost.key.pem', certificates))
const openssl = loadOpenSSL(process.argv[2] || undefined)
const versions = ['TLSv1.2', 'TLSv1.3']
const sessions = versions.map((version) => {
  const pair = makePair(version)
  shakeHands(pair)
  return pair.client.getSession()
})

/** Each leaves the pair in a moment of its own, and gives what it kept back of the server's bytes. */
const moments = {
  'a doHandshake': ({ client }) => void client.doHandshake(),
  'a read': ({ client }) => void client.read(),
  'a peek': ({ client }) => void client.peek(),
  'a write': ({ client }) => void client.write(Buffer.from('x')),
  'a pump': ({ client, server }) => void server.receive(client.pump().output),
  'a pump of bytes that are no TLS': ({ client }) => void client.pump(Buffer.from('HTTP/1.1 400 Bad Request\r\n')),
  ...Object.fromEntries(
    [5, 6, 40, 0.1, 0.25, 0.5, 0.75, 0.99, 1].map((part) => [
      `${part} of the flight`,
      (pair) => {
        const flight = serverFlight(pair)
        const length = part >= 5 ? part : Math.floor(flight.length * part)
        pair.client.receive(flight.subarray(0, length))
        pair.client.doHandshake()
        return flight.subarray(length)
      },
    ]),
  ),
  'the handshake': shakeHands,
  data: (pair) => {
    shakeHands(pair)
    pair.client.write(Buffer.from('data'))
    pair.server.pump(pair.client.transmit())
  },
  'a renegotiate': (pair) => {
    shakeHands(pair)
    pair.client.renegotiate()
  },
  'a renegotiation has begun': (pair) => {
    shakeHands(pair)
    pair.client.renegotiate()
    pair.client.doHandshake()
  },
  'a shutdown': (pair) => {
    shakeHands(pair)
    pair.server.pump(pair.client.shutdownAndTransmit().output)
  },
  'both shutdowns': (pair) => {
    shakeHands(pair)
    pair.server.pump(pair.client.shutdownAndTransmit().output)
    pair.client.pump(pair.server.shutdownAndTransmit().output)
  },
  'a fatal error': (pair) => {
    shakeHands(pair)
    for (const ssl of [pair.client, pair.server]) ssl.pump(Buffer.from('no record'))
  },
  'the end of the stream': (pair) => {
    shakeHands(pair)
    for (const ssl of [pair.client, pair.server]) {
      ssl.receiveEof()
      ssl.read()
    }
  },
}

for (const version of versions) {
  const before = sessions.map((session) => {
    const pair = makePair(version)
    const outcomes = [pair.client, pair.server].map((ssl) => outcome(() => ssl.setSession(session)))
    shakeHands(pair)
    return [...outcomes, pair.client.inInit(), pair.server.inInit()]
  })
  const after = Object.entries(moments).map(([moment, reach]) => [
    moment,
    ...sessions.map((each) => at(reach, version, each)),
  ])
  console.log(JSON.stringify({ version, before, after }))
}

/** The outcome on both sides; everything is called afterwards. */
function at(reach, version, session) {
  const pair = makePair(version)
  const rest = reach(pair) ?? Buffer.alloc(0)
  const outcomes = [pair.client, pair.server].map((ssl) => outcome(() => ssl.setSession(session)))
  pair.client.pump(rest.length > 0 ? rest : undefined)
  shakeHands(pair)
  for (const ssl of [pair.client, pair.server]) {
    ssl.write(Buffer.from('more'))
    ssl.getSession()?.toBuffer()
    ssl.shutdown()
    ssl.read()
    ssl.free()
  }
  return outcomes
}

function outcome(call) {
  try {
    return call().value
  } catch (error) {
    return error.code ?? String(error)
  }
}

function makePair(version) {
  const range = { minVersion: version, maxVersion: version }
  const client = openssl.createContext({ side: 'client', ...range, sessionCache: 'client' }).createSsl()
  const server = openssl.createContext({ side: 'server', ...range, cert, key, sessionIdContext: 'x' }).createSsl()
  return { client, server }
}

function serverFlight({ client, server }) {
  client.doHandshake()
  server.receive(client.transmit())
  server.doHandshake()
  return server.transmit()
}

function shakeHands({ client, server }) {
  let output = client.pump().output
  for (let i = 0; i < 8; i++) {
    const ssl = i % 2 === 0 ? server : client
    output = hasEnded(ssl) ? Buffer.alloc(0) : ssl.pump(output).output
  }
}

function hasEnded(ssl) {
  try {
    ssl.receive(Buffer.alloc(0))
    return false
  } catch {
    return true
  }
}
