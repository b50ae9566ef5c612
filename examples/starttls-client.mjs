// STARTTLS, as of SMTP (RFC 3207): a plaintext connection is upgraded to TLS, the server is verified before anything is said, and
// the connection closes with a report of how. A server whose certificate has another name is refused.
//
//     node examples/starttls-client.mjs
import { once } from 'node:events'
import net from 'node:net'
import { startTls } from 'close-notify'
import { connect } from 'close-notify/stream'
import { makeCertificate } from './support/certificate.mjs'
import { ask, readLine } from './support/lines.mjs'
import { summaryOf, watch } from './support/wire.mjs'

const { key, cert } = await makeCertificate()

/** @param {number} port @param {string} servername */
async function send(port, servername) {
  const tcp = net.connect(port, 'localhost')
  await readLine(tcp)
  await ask(tcp, 'EHLO client.example')
  // Whatever an attacker puts behind this reply is read as the beginning of TLS, never as a reply to what is said in it.
  await ask(tcp, 'STARTTLS')
  const tls = connect({ socket: tcp, servername, ca: cert })
  await once(tls, 'secureConnect')
  console.log(`client: ${tls.getProtocol()}, ${servername} is verified`)
  await ask(tls, 'EHLO client.example')
  console.log(`client: ${await ask(tls, 'MAIL FROM:<me@client.example>')}`)
  await ask(tls, 'QUIT')
  tls.resume()
  await tls.shutdown({ mode: 'bidirectional', waitTimeout: 2000 })
  // Settles when TCP is gone, too.
  return tls.report
}

// --- A server that knows as much of SMTP as is needed here ---

/** @param {net.Socket} tcp */
async function serve(tcp) {
  tcp.write('220 mail ready\r\n')
  await readLine(tcp) // EHLO
  tcp.write('250 STARTTLS\r\n')
  await readLine(tcp) // STARTTLS
  tcp.write('220 begin TLS\r\n')
  const { socket } = startTls(tcp, { isServer: true, key, cert })
  for (;;) {
    const command = await readLine(socket)
    socket.write(command === 'QUIT' ? '221 goodbye\r\n' : '250 ok\r\n')
    if (command === 'QUIT') break
  }
  // Node's own TLS answers the client's close_notify when somebody reads it.
  socket.resume()
}

const server = net.createServer((tcp) => {
  // A client that does not trust this server just goes.
  serve(tcp).catch(() => tcp.destroy())
})
server.listen(0, 'localhost')
await once(server, 'listening')
const wire = await watch(server)

console.log(`client: ${summaryOf(await send(wire.port, 'localhost'))}`)
await wire.print()

try {
  await send(wire.port, 'mail.example')
} catch (error) {
  console.log(
    `client, of mail.example: ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}`,
  )
}
wire.close()
server.close()
