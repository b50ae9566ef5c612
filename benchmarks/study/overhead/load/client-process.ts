/** The client of main.ts: `PORT COUNT`. Each connection sends one byte, gets one, and is closed by the server. */
import tls from 'node:tls'
import { certificate } from '../../../support/certificate.js'
import { answerParent } from '../numbers.js'

const [port = 0, count = 0] = process.argv.slice(2).map(Number)
const concurrency = 8
const secureContext = tls.createSecureContext({ ca: certificate })

function connectOnce(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', secureContext })
    socket.once('secureConnect', () => socket.write('.'))
    socket.on('error', reject)
    socket.once('close', () => resolve())
    socket.resume()
  })
}

/** Gives the milliseconds. */
async function run(connections: number): Promise<number> {
  const began = performance.now()
  let left = connections
  const work = async (): Promise<void> => {
    while (left-- > 0) await connectOnce()
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return performance.now() - began
}

answerParent({
  'warm-up': async () => [await run(Math.ceil(count / 5))],
  go: async () => [await run(count)],
})
