/** The server of a bulk transfer: `SIDE`. Each connection sends one line with a number of MiB, is sent as many, and is closed. */
import { once } from 'node:events'
import tls from 'node:tls'
import { certificate, key } from '../../../support/certificate.js'
import { listeningPort } from '../../../support/relay.js'
import { answerParent, cpuTime } from '../numbers.js'
import { policies } from '../policy/policies.js'
import { collectReports } from '../policy/reports.js'

const side = process.argv[2] ?? ''
const chunk = Buffer.alloc(64 * 1024, 'x')
const chunksPerMebibyte = (1024 * 1024) / chunk.length

const server = tls.createServer({ key, cert: certificate }, (socket) => {
  socket.on('error', () => undefined)
  socket.once('data', (line: Buffer) => send(socket, Number(line.toString()) * chunksPerMebibyte))
})
const controls = await control()
server.listen({ host: '127.0.0.1', port: 0 })
await once(server, 'listening')

/** `stock` is without the package, and `imported` does nothing with it. */
async function control() {
  if (side === 'stock') return []
  const { controlClosure } = await import('../../../../lib/index.js')
  const policy = policies.get(side)
  return policy === undefined ? [] : [controlClosure(server, policy)]
}

function send(socket: tls.TLSSocket, chunks: number): void {
  for (let left = chunks; left > 0; left -= 1) {
    if (socket.write(chunk)) continue
    socket.once('drain', () => send(socket, left - 1))
    return
  }
  socket.end()
}

answerParent({ port: () => [listeningPort(server)], cpu: cpuTime, reports: collectReports(side, controls) })
