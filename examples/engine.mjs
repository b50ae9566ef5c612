// OpenSSL call by call, without a socket: both sides in memory, every return value as OpenSSL gives it, and every message told by
// the engine's events. A closing in both directions, with data that comes between the two close_notify.
//
//     node examples/engine.mjs [path of a libssl]
import { loadOpenSSL } from 'close-notify/openssl'
import { makeCertificate } from './support/certificate.mjs'

const openssl = loadOpenSSL(process.argv[2])
const { key, cert } = await makeCertificate()
const server = openssl.createContext({ side: 'server', cert, key, minVersion: 'TLSv1.3' }).createSsl()
const client = openssl.createContext({ side: 'client', ca: cert, verify: 'peer', minVersion: 'TLSv1.3' }).createSsl({
  servername: 'localhost',
  verifyHost: 'localhost',
})

/** @typedef {import('close-notify/openssl').Ssl} Ssl */

/** What one has written goes to the other. @param {Ssl} from @param {Ssl} to */
function carry(from, to) {
  to.receive(from.transmit())
}

/** @param {string} call @param {{ value: number, error: string }} result */
function tell(call, { value, error }) {
  console.log(`${call} gives ${value}, ${error}`)
}

/** The alerts of one side since the last time. @param {string} name @param {Ssl} ssl */
function tellAlerts(name, ssl) {
  for (const event of ssl.takeEvents()) {
    if (event.type === 'alert') console.log(`  ${name}: ${event.name} ${event.direction}`)
  }
}

tell('client SSL_do_handshake', client.doHandshake())
carry(client, server)
tell('server SSL_do_handshake', server.doHandshake())
carry(server, client)
tell('client SSL_do_handshake', client.doHandshake())
carry(client, server)
tell('server SSL_do_handshake', server.doHandshake())
carry(server, client)
console.log(
  `${client.getVersion()}, the certificate is ${client.getVerifyResult().code === 0 ? 'verified' : 'NOT verified'}`,
)

client.write(Buffer.from('question'))
tell('client SSL_shutdown', client.shutdown())
tellAlerts('client', client)
carry(client, server)
console.log(`server SSL_read gives '${String(server.read().data)}'`)
tell('server SSL_read', server.read())
tellAlerts('server', server)

// TLS 1.3 has two directions: the server may go on after the client's close_notify.
server.write(Buffer.from('answer'))
tell('server SSL_shutdown', server.shutdown())
carry(server, client)
// A second SSL_shutdown would meet the answer, fail and lose it: read first.
console.log(`client SSL_read gives '${String(client.read().data)}'`)
tell('client SSL_read', client.read())
tell('client SSL_shutdown', client.shutdown())
tellAlerts('server', server)
tellAlerts('client', client)

client.free()
server.free()
