// Workers load a library each, talk over it, and end: by themselves, by process.exit, by terminate(), with objects
// alive. Arguments: the libssl, or nothing for the process's own, and how many workers of each kind.
import { readFileSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)

if (isMainThread) await main(process.argv[2] || undefined, Number(process.argv[3]))
else work(workerData)

async function main(libssl, count) {
  const ends = []
  for (let i = 0; i < count; i++) {
    for (const end of ['by itself', 'exit', 'terminate', 'freed']) ends.push(await run({ libssl, end }))
  }
  const together = ['by itself', 'exit', 'terminate', 'freed'].map((end) => run({ libssl, end }))
  ends.push(...(await Promise.all(together)))
  // The main thread comes last: the library has been loaded by workers that are gone.
  console.log(JSON.stringify({ ends, here: talk(loadOpenSSL(libssl)).said }))
}

function run(data) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: data })
    let said
    worker.on('message', (message) => {
      said = message
      if (data.end === 'terminate') void worker.terminate()
    })
    worker.on('error', reject)
    worker.on('exit', () => resolve(said))
  })
}

function work({ libssl, end }) {
  const pairs = Array.from({ length: 5 }, () => talk(loadOpenSSL(libssl)))
  globalThis.kept = pairs
  if (end === 'freed') {
    for (const { client, server } of pairs) {
      client.free()
      server.free()
    }
  }
  parentPort.postMessage(pairs[4].said)
  if (end === 'exit') setImmediate(() => process.exit(0))
  if (end === 'terminate') setInterval(() => pairs[0].client.outputPending(), 1)
}

function talk(openssl) {
  const cert = readFileSync(new URL('localhost.cert.pem', certificates))
  const key = readFileSync(new URL('localhost.key.pem', certificates))
  const server = openssl.createContext({ side: 'server', cert, key }).createSsl()
  const client = openssl.createContext({ side: 'client' }).createSsl({ trace: true })
  let output = client.pump().output
  for (let i = 0; i < 6; i++) output = (i % 2 === 0 ? server : client).pump(output).output
  client.write(Buffer.from(openssl.kind))
  const said = String(server.pump(client.shutdownAndTransmit().output).plaintext)
  return { client, server, said }
}
