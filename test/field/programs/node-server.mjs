// Usage: node node-server.mjs https|http2 CERTIFICATE KEY
// Serves the files of its folder, as a program does that does nothing about closing.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { join } from 'node:path'

const [kind, cert, key] = process.argv.slice(2)
const create = kind === 'http2' ? createSecureServer : createServer
const server = create({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  const file = join(process.cwd(), new URL(request.url, 'https://localhost').pathname)
  response.writeHead(200, { 'content-length': statSync(file).size })
  createReadStream(file).pipe(response)
})
server.on('sessionError', () => {})
server.listen(0, '127.0.0.1', () => {
  console.log(`listening ${server.address().port} ${process.versions.node} OpenSSL ${process.versions.openssl}`)
})
