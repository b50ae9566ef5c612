// A process that makes a TLS socket first and loads the package after it; prints what the closure says, as JSON.
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer } from 'node:tls'

const read = (name) => readFileSync(new URL(`../../../.cache/certificates/localhost.${name}.pem`, import.meta.url))
const cert = read('cert')
const server = createServer({ key: read('key'), cert }, (socket) => socket.resume())
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const open = async () => {
  const socket = connect({ host: '127.0.0.1', port: server.address().port, ca: cert, servername: 'localhost' })
  await once(socket, 'secureConnect')
  return socket.resume()
}
const early = await open()
const { closureOf } = await import('../../../dist/lib/index.js')

const closure = closureOf(early)
const codeOf = async (call) => {
  try {
    await call()
    return 'fine'
  } catch (error) {
    return error.code
  }
}
const answers = {
  state: closure.state,
  sslShutdown: await codeOf(() => closure.sslShutdown()),
  shutdown: await codeOf(() => closure.shutdown()),
  getShutdown: await codeOf(() => closure.getShutdown()),
}
early.end()
const { verdict, handshake } = await closure.report
// A socket that is made from now on is tracked.
const later = await closureOf(await open()).shutdown({ mode: 'bidirectional' })
console.log(JSON.stringify({ ...answers, verdict, handshake, later: later.verdict }))
server.close()
