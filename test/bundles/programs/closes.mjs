// One TLS connection, closed in both directions: `closes.mjs KEY CERT`. Prints the verdict of both sides, or the error.
// Without top-level await, which bundles in the form of CommonJS do not have.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { closureOf } from 'close-notify'
import { loadOpenSSL } from 'close-notify/openssl'

main().catch(({ code, message }) => console.log(JSON.stringify({ code, message })))

async function main() {
  const [key, cert] = process.argv.slice(2).map((file) => readFileSync(file))
  const library = loadOpenSSL()
  const server = tls.createServer({ key, cert }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = tls.connect({ port: server.address().port, host: '127.0.0.1', servername: 'localhost', ca: cert })
  client.resume()
  const [socket] = await once(server, 'secureConnection')
  socket.resume()
  server.close()
  const of = closureOf(client).report
  const own = await closureOf(socket).shutdown({ mode: 'bidirectional' })
  console.log(JSON.stringify({ verdicts: [own.verdict, (await of).verdict], library: library.kind }))
}
