// One connection, whose client is of the kind that the argument names; the server of a `refused` one is under a policy too.
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { closureOf, controlClosure, startTls } from 'close-notify'
import * as stream from 'close-notify/stream'
import { ca, close, keys, listen } from './kit.mjs'

const kind = process.argv[2]
const server = tls.createServer(keys, (socket) => {
  socket.on('error', () => undefined).resume()
})
const port = await listen(server)
const to = { port, host: 'localhost', servername: 'localhost', ca }

if (kind === 'closureOf') {
  const client = tls.connect(to)
  await once(client, 'secureConnect')
  await closureOf(client.resume()).shutdown({ mode: 'bidirectional' })
  await closureOf(client).report
} else if (kind === 'TlsStream') {
  const client = stream.connect(to)
  await once(client, 'secureConnect')
  client.resume().end('bye')
  await client.report
} else if (kind === 'TlsStream, unwrap') {
  const tcp = net.connect(port, 'localhost')
  await once(tcp, 'connect')
  const client = stream.connect({ socket: tcp, servername: 'localhost', ca })
  await once(client, 'secureConnect')
  const back = await client.resume().unwrap()
  back.destroy()
} else if (kind === 'startTls') {
  const tcp = net.connect(port, 'localhost')
  await once(tcp, 'connect')
  const { socket, unwrap } = startTls(tcp, { servername: 'localhost', ca })
  await once(socket, 'secureConnect')
  const back = await unwrap()
  await once(socket.resume(), 'close')
  back.destroy()
} else if (kind === 'refused') {
  controlClosure(server)
  const client = net.connect(port, 'localhost')
  client.end('this is no TLS')
  await once(client, 'close')
}
await close(server)
