/** The client of a bulk transfer: `PORT MEBIBYTES`. Answers with milliseconds and the connections made. */
import tls from 'node:tls'
import { certificate } from '../../../support/certificate.js'
import { answerParent } from '../numbers.js'

const [port = 0, mebibytes = 0] = process.argv.slice(2).map(Number)
const secureContext = tls.createSecureContext({ ca: certificate })

function receive(): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    let received = 0
    let began = 0
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', secureContext })
    socket.once('secureConnect', () => {
      began = performance.now()
      socket.write(String(mebibytes))
    })
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length
    })
    socket.on('error', reject)
    socket.once('end', () => {
      const ms = performance.now() - began
      if (received === mebibytes * 1024 * 1024) resolve([ms, 1])
      else reject(new Error(`Expected ${mebibytes} MiB, received ${received} bytes`))
    })
  })
}

answerParent({ 'warm-up': receive, go: receive })
