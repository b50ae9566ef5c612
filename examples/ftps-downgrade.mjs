// FTPS with CCC (RFC 4217): the control connection begins in the clear, goes into TLS for the password, and comes back to
// plaintext, so that a firewall can follow the ports of the data connections. On both sides unwrap() gives the socket back after
// both close_notify, and nothing is said in the clear before.
//
//     node examples/ftps-downgrade.mjs
import { once } from 'node:events'
import net from 'node:net'
import { startTls } from 'close-notify'
import { createContext, TlsStream } from 'close-notify/stream'
import { makeCertificate } from './support/certificate.mjs'
import { ask, readLine } from './support/lines.mjs'
import { summaryOf, watch } from './support/wire.mjs'

const { key, cert } = await makeCertificate()

// --- The server: Node's own TLS, by startTls() ---

/** @param {net.Socket} tcp */
async function serve(tcp) {
  tcp.write('220 ready\r\n')
  await readLine(tcp) // AUTH TLS
  tcp.write('234 begin TLS\r\n')
  const { socket, unwrap } = startTls(tcp, { isServer: true, key, cert })
  for (;;) {
    const command = await readLine(socket)
    console.log(`server, in TLS: ${command}`)
    if (command === 'CCC') break
    socket.write('230 welcome\r\n')
  }
  socket.write('200 back to plaintext\r\n')
  // Somebody has to read what still comes in TLS, for the client's close_notify stands behind it.
  socket.resume()
  const again = await unwrap({ waitTimeout: 2000 })
  await readLine(again) // PASV
  again.write('227 Entering Passive Mode (127,0,0,1,156,64)\r\n')
  await readLine(again) // QUIT
  again.end('221 goodbye\r\n')
}

const server = net.createServer({ allowHalfOpen: true }, (tcp) => {
  serve(tcp).catch((/** @type {unknown} */ error) => {
    console.error('server:', error)
    tcp.destroy()
  })
})
server.listen(0, 'localhost')
await once(server, 'listening')
const wire = await watch(server)

// --- The client: a TlsStream ---

const tcp = net.connect(wire.port, 'localhost')
await readLine(tcp)
await ask(tcp, 'AUTH TLS')
const tls = new TlsStream(tcp, { context: createContext('client', { ca: cert }), servername: 'localhost' })
await once(tls, 'secureConnect')
console.log(`client: ${tls.getProtocol()}, the server is ${tls.authorized ? 'verified' : 'NOT verified'}`)
await ask(tls, 'USER demo')
await ask(tls, 'PASS secret')
await ask(tls, 'CCC')
tls.resume()
const clear = await tls.unwrap({ waitTimeout: 2000 })
console.log(`client: ${summaryOf(await tls.report)}`)
await ask(clear, 'PASV')
await ask(clear, 'QUIT')
clear.resume().end()

await wire.print()
wire.close()
server.close()
