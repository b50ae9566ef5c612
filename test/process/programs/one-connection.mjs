// One TLS connection, which the client ends, or which the server cuts.
import { once } from 'node:events'
import tls from 'node:tls'
import { ca, close, keys, listen } from './kit.mjs'

const server = tls.createServer(keys, (socket) => {
  socket.on('error', () => undefined).resume()
  if (process.env['CUT'] !== undefined) socket.write('half', () => setImmediate(() => socket.destroy()))
})
const client = tls.connect({ port: await listen(server), host: 'localhost', servername: 'localhost', ca })
await once(client, 'secureConnect')
client.resume()
if (process.env['CUT'] === undefined) setImmediate(() => client.end('bye'))
await once(client, 'close')
await close(server)
