// Run from a folder in which the packed package is installed: `node clean-close.mjs KEY.pem CERT.pem`.
// One TLS 1.3 connection, closed in both directions; prints what the server's side reported, and fails if it is not clean.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { closureOf } from 'close-notify'

const [keyFile, certFile] = process.argv.slice(2)
const cert = readFileSync(certFile)
setTimeout(() => assert.fail('hang guard: no report within 30 s'), 30_000).unref()

const server = tls.createServer({ key: readFileSync(keyFile), cert, minVersion: 'TLSv1.3' })
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const client = tls.connect({ host: '127.0.0.1', port: server.address().port, ca: cert, servername: 'localhost' })
const [accepted] = await once(server, 'secureConnection')
const received = []
client.on('data', (chunk) => received.push(chunk))
accepted.resume()
accepted.write('all of it')

const clientReport = closureOf(client).report
const report = await closureOf(accepted).shutdown({ mode: 'bidirectional' })
const { verdict: clientVerdict } = await clientReport
server.close()

assert.equal(report.protocol, 'TLSv1.3')
assert.equal(report.verdict, 'clean')
assert.equal(report.sent.kind, 'close_notify')
assert.equal(report.received.kind, 'close_notify')
assert.equal(clientVerdict, 'clean')
assert.equal(Buffer.concat(received).toString(), 'all of it')
const { node, openssl } = process.versions
console.log(`Node ${node}, OpenSSL ${openssl}: server ${report.verdict}, client ${clientVerdict}`)
