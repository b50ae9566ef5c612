// Whom stock Node and a stream trust where no `ca` is given. Argument: a library in place of the process's own, perhaps.
import tls from 'node:tls'
import { cert, listen, say, streamUrl } from './support.mjs'

const { connect } = await import(streamUrl)
const { loadOpenSSL } = await import(new URL('../openssl/index.js', streamUrl))
const [library = ''] = process.argv.slice(2)
const openssl = library === '' ? {} : { openssl: loadOpenSSL(library) }

const server = await listen()
server.on('tlsClientError', () => {})
const { port } = server.address()
const address = { port, host: '127.0.0.1', servername: 'localhost' }

const outcome = (connectOne) =>
  new Promise((resolve) => {
    const socket = connectOne()
    socket.on('error', ({ code }) => resolve(code))
    socket.on('secureConnect', () => {
      resolve('trusted')
      socket.destroy()
    })
  })
const both = async () => ({
  stock: await outcome(() => tls.connect(address)),
  stream: await outcome(() => connect({ ...address, ...openssl })),
})

say(await both())
if (tls.setDefaultCACertificates !== undefined) {
  for (const named of [[], [cert.toString()], [tls.rootCertificates[0]]]) {
    tls.setDefaultCACertificates(named)
    say(await both())
  }
}
server.close()
