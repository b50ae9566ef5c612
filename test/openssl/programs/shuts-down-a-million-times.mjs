// Shuts engine objects down over and over and prints, at the end of each window, what the process holds. Run with
// --expose-gc. Arguments: the libssl, or nothing for the process's own; what is done; how many times; a leak to plant.
//
//   reopened    one pair closes both ways, and is reopened by SSL_set_shutdown(3)
//   made        a pair is made, talks, closes both ways and is freed
//   dropped     the same, and nobody frees it
import { readFileSync } from 'node:fs'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const [libssl, what, countText, leak] = process.argv.slice(2)
const windows = 10
const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const key = readFileSync(new URL('localhost.key.pem', certificates))
const openssl = loadOpenSSL(libssl || undefined)
const serverContext = openssl.createContext({ side: 'server', cert, key, sessionCache: 'off' })
const clientContext = openssl.createContext({ side: 'client', sessionCache: 'off' })
const leaked = []

function connect() {
  const pair = [clientContext.createSsl(), serverContext.createSsl()]
  let output = pair[0].pump().output
  for (let i = 1; i <= 6; i++) output = pair[i % 2].pump(output).output
  for (const ssl of pair) if (ssl.inInit()) throw new Error('The handshake is not done')
  return pair
}

const bytes = Buffer.from('x')

// Since OpenSSL 3.2 reading in TLS 1.3 stays at its end, whatever SSL_set_shutdown(3) says: nothing would be read of
// what is fed. There each side closes for itself.
function closeAlone(pair) {
  for (const ssl of pair) {
    if (ssl.write(bytes).value !== 1) throw new Error('Nothing was written')
    ssl.transmit()
    const { value, output } = ssl.shutdownAndTransmit()
    if (value !== 0 || output.length === 0) throw new Error('The shutdown gave no alert')
    if (leak === 'event') leaked.push(ssl.takeEvents())
    else if (ssl.takeEvents().length === 0) throw new Error('No alert was told')
  }
}

function readsAfterReopening() {
  const [client, server] = connect()
  server.pump(client.shutdownAndTransmit().output)
  for (const ssl of [client, server]) ssl.setShutdown(0)
  client.write(bytes)
  return server.pump(client.transmit()).plaintext.length === 1
}

// Two shutdowns; the first goes by two calls, the second by one. Data goes first: five alerts in a row are an attack.
function close([client, server]) {
  for (const ssl of [client, server]) if (ssl.write(bytes).value !== 1) throw new Error('Nothing was written')
  client.receive(server.transmit())
  if (client.shutdown().value !== 0) throw new Error('The first shutdown gave no 0')
  const got = server.pump(client.transmit())
  if (got.result.error !== 'SSL_ERROR_ZERO_RETURN') throw new Error(`The server read ${got.result.error}`)
  const answer = server.shutdownAndTransmit()
  if (answer.value !== 1) throw new Error('The answer gave no 1')
  const end = client.pump(answer.output)
  if (end.result.error !== 'SSL_ERROR_ZERO_RETURN') throw new Error(`The client read ${end.result.error}`)
  if (leak === 'event') leaked.push(client.takeEvents())
  else for (const ssl of [client, server]) if (ssl.takeEvents().length === 0) throw new Error('No alert was told')
}

const closesAlone = what === 'reopened' && !readsAfterReopening()
let pair = connect()
function once() {
  if (what !== 'reopened') pair = connect()
  if (closesAlone) closeAlone(pair)
  else close(pair)
  if (what === 'reopened') for (const ssl of pair) ssl.setShutdown(0)
  if (what === 'made') {
    if (leak === 'ssl') leaked.push(pair[0])
    else pair[0].free()
    pair[1].free()
  }
}

async function sample() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed, external }
}

const perWindow = Number(countText) / 2 / windows
const samples = []
for (let window = 0; window < windows; window++) {
  for (let i = 0; i < perWindow; i++) once()
  samples.push(await sample())
}
console.log(JSON.stringify({ shutdowns: 2 * perWindow * windows, samples }))
