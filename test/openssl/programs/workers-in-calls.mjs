// Workers that do nothing but call their engine objects, each in a loop of its own kind, are terminated in the middle of
// it, while the main thread uses the same library. Arguments: the libssl, or nothing for the process's own; how many
// rounds. Each round ends one worker of each kind, all at once.
import { readFileSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)

async function main(libssl, rounds) {
  const pair = connect(makeContexts(loadOpenSSL(libssl)))
  const codes = new Set()
  let terminated = 0
  for (let round = 0; round < rounds; round++) {
    const ends = Object.keys(loops).map(async (loop, i) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { libssl, loop } })
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
      // Wherever it is by then.
      await new Promise((resolve) => setTimeout(resolve, (round * 7 + i * 3) % 20))
      codes.add(await worker.terminate())
      terminated += 1
    })
    // The main thread is in calls of its own meanwhile.
    const own = setInterval(() => talk(pair), 0)
    await Promise.all(ends)
    clearInterval(own)
  }
  pair.client.shutdown()
  const { result } = pair.server.pump(pair.client.transmit())
  console.log(JSON.stringify({ terminated, codes: [...codes], main: result.error }))
}

function work({ libssl, loop }) {
  const contexts = makeContexts(loadOpenSSL(libssl))
  const pair = connect(contexts)
  parentPort.postMessage('begun')
  for (;;) loops[loop](contexts, pair)
}

const loops = {
  talks: (_contexts, pair) => talk(pair),
  connects: (contexts) => void connect(contexts),
  'connects and frees': (contexts) => {
    for (const ssl of Object.values(connect(contexts))) ssl.free()
  },
  // Errors are made by JavaScript, which does not run any more once the worker is being terminated.
  'calls what is freed': (_contexts, { client }) => {
    client.free()
    for (const call of [() => client.shutdown(), () => client.getShutdown(), () => client.takeEvents()]) {
      try {
        call()
      } catch {}
    }
  },
}

function makeContexts(openssl) {
  const cert = readFileSync(new URL('localhost.cert.pem', certificates))
  const key = readFileSync(new URL('localhost.key.pem', certificates))
  return {
    client: openssl.createContext({ side: 'client' }),
    server: openssl.createContext({ side: 'server', cert, key }),
  }
}

function connect(contexts) {
  const pair = { client: contexts.client.createSsl({ trace: true }), server: contexts.server.createSsl() }
  let output = pair.client.pump().output
  for (let i = 0; i < 6; i++) output = (i % 2 === 0 ? pair.server : pair.client).pump(output).output
  return pair
}

function talk({ client, server }) {
  client.write(Buffer.from('said by the client'))
  const { plaintext } = server.pump(client.transmit())
  if (String(plaintext) !== 'said by the client') throw new Error(`It came as ${String(plaintext)}`)
}

if (isMainThread) await main(process.argv[2] || undefined, Number(process.argv[3]))
else work(workerData)
