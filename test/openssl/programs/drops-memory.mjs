// Objects that hold much native memory are dropped, one after the other, in a loop that yields to the event loop. Says by
// how much the process grew, in MB, for each kind of memory, and that what V8 was told is taken back by free() and with
// the garbage. Argument: the libssl, or nothing. Run with --expose-gc, which nothing but the last part calls.
import { readFileSync } from 'node:fs'
import { engineOfThread } from '../../../dist/lib/openssl/memory.js'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const key = readFileSync(new URL('localhost.key.pem', certificates))
const openssl = loadOpenSSL(process.argv[2] || undefined)
const clients = openssl.createContext({ side: 'client' })
const servers = openssl.createContext({ side: 'server', cert, key })
const bytes = Buffer.alloc(4e6)
const { externalMemory } = engineOfThread()

function connected() {
  const pair = { client: clients.createSsl(), server: servers.createSsl({ trace: true }) }
  let output = pair.client.pump().output
  for (let i = 0; i < 6; i++) output = (i % 2 === 0 ? pair.server : pair.client).pump(output).output
  return pair
}

const kinds = {
  input: () => clients.createSsl().receive(bytes),
  'input that pump left': () => {
    const { client } = connected()
    client.write(bytes.subarray(0, 1e5))
    client.receive(client.transmit()) // its own records: the first is an error, and the others stay
    client.pump(bytes)
  },
  output: () => {
    const { client } = connected()
    client.write(bytes)
    return client
  },
  'input in small pieces': () => {
    const ssl = clients.createSsl()
    for (let i = 0; i < 400; i++) ssl.receive(bytes.subarray(0, 10_000))
  },
}
const grown = {}
for (const [kind, make] of Object.entries(kinds)) {
  const before = process.memoryUsage.rss()
  let most = 0
  for (let i = 1; i <= 150; i++) {
    make()
    if (i % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    most = Math.max(most, process.memoryUsage.rss() - before)
  }
  grown[kind] = Math.round(most / 1e6)
}
console.log(JSON.stringify(grown))

await settle()
const before = externalMemory()
const told = {}
const objects = [clients.createSsl(), connected().client, openssl.createContext({ side: 'client' })]
told.more = externalMemory() > before
objects[0].receive(bytes)
objects[1].write(bytes)
told.queues = externalMemory() - before > 8e6
for (const object of objects) object.free()
for (const object of objects) object.free()
objects.length = 0
await settle()
told.afterFree = externalMemory() - before
for (const make of Object.values(kinds)) make()
connected().client.getSession()
told.dropped = externalMemory() - before > 8e6
await settle()
told.afterGarbage = externalMemory() - before
console.log(JSON.stringify(told))

async function settle() {
  for (let i = 0; i < 10; i++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
