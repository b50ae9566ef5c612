// Makes objects and drops them, without free(): what the process holds at the end says whether they went.
// Arguments: the libssl, or nothing for the process's own. Run with --expose-gc.
import { readFileSync } from 'node:fs'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const key = readFileSync(new URL('localhost.key.pem', certificates))
const openssl = loadOpenSSL(process.argv[2] || undefined)

const registry = new FinalizationRegistry((name) => collected.set(name, (collected.get(name) ?? 0) + 1))
const collected = new Map()

function round() {
  for (let i = 0; i < 50; i++) {
    const context = openssl.createContext({ side: 'server', cert, key })
    const server = context.createSsl()
    const client = openssl.createContext({ side: 'client' }).createSsl({ trace: true })
    let output = client.pump().output
    for (let n = 0; n < 6; n++) output = (n % 2 === 0 ? server : client).pump(output).output
    client.write(Buffer.alloc(20_000))
    registry.register(context, 'context')
    registry.register(server, 'ssl')
    registry.register(client.getSession(), 'session')
  }
}

async function settle() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const sizes = []
for (let i = 0; i < 10; i++) {
  round()
  await settle()
  sizes.push(process.memoryUsage.rss())
}
console.log(JSON.stringify({ collected: Object.fromEntries(collected), sizes }))
