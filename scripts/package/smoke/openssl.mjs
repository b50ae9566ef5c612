// Run from a folder in which the packed package is installed: `openssl.mjs KEY CERT LIBSSL...`
// Two SSL objects of each library shake hands and close in both directions, without a socket. The process's own library
// comes first, where it has one.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { loadOpenSSL } from 'close-notify/openssl'
import { runtime } from './runtime.mjs'

const [key, cert, ...paths] = process.argv.slice(2)

const libraries = paths.map((path) => loadOpenSSL(path))
try {
  libraries.unshift(loadOpenSSL())
} catch (error) {
  assert.equal(error.code, 'ERR_CLOSURE_UNSUPPORTED_RUNTIME')
  console.log(`${runtime}: ${error.message}`)
}
for (const library of libraries) closeBothWays(library)

function closeBothWays(library) {
  withPair(
    library.createContext({ side: 'server', key: readFileSync(key), cert: readFileSync(cert) }),
    library.createContext({ side: 'client' }),
    (server, client) => {
      for (let i = 0; i < 3; i++) {
        client.doHandshake()
        server.receive(client.transmit())
        server.doHandshake()
        client.receive(server.transmit())
      }
      assert.equal(client.write(Buffer.from('the last words')).value, 14)
      assert.equal(client.shutdown().value, 0)
      const { plaintext } = server.pump(client.transmit())
      assert.equal(String(plaintext), 'the last words')
      assert.equal(server.shutdown().value, 1)
      client.receive(server.transmit())
      assert.equal(client.read().error, 'SSL_ERROR_ZERO_RETURN')
      const alerts = client.takeEvents().filter((event) => event.type === 'alert')
      assert.deepEqual(
        alerts.map(({ direction, name }) => `${direction} ${name}`),
        ['sent close_notify', 'received close_notify'],
      )
      console.log(`${runtime}, ${library.version}: close_notify sent and received over ${client.getVersion()}`)
    },
  )
}

function withPair(serverContext, clientContext, use) {
  const server = serverContext.createSsl()
  const client = clientContext.createSsl()
  use(server, client)
  for (const object of [server, client, serverContext, clientContext]) object.free()
  assert.throws(() => client.read(), { code: 'ERR_OPENSSL_FREED' })
}
