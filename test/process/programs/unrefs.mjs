// A connection whose ends are unref'd, one of which is closing: nothing keeps the process alive.
import { once } from 'node:events'
import tls from 'node:tls'
import { ca, keys, listen, print } from './kit.mjs'

const server = tls.createServer({ ...keys, allowHalfOpen: true }, (socket) => {
  socket.on('error', () => undefined).resume()
  socket.unref()
})
const client = tls.connect({ port: await listen(server), host: 'localhost', ca })
client.once('secureConnect', () => setImmediate(() => client.end('bye')))
// As soon as both sides have their handshake behind them.
await Promise.all([once(client, 'secureConnect'), once(server, 'secureConnection')])
server.unref()
client.unref()
process.on('exit', (code) => {
  // A pipe is process.stderr, which keeps no process alive either: node:http2, which not every program imports, looks at it.
  const left = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap')
  print({ code, hasEnded: client.destroyed, left })
})
