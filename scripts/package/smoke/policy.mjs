// Run from a folder in which the packed package is installed: `node policy.mjs KEY.pem CERT.pem`.
// An https server and an agent under policies: a clean close in both directions, then a body that is cut and must fail.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { controlClosure } from 'close-notify'

const [keyFile, certFile] = process.argv.slice(2)
const cert = readFileSync(certFile)
setTimeout(() => assert.fail('hang guard: not done within 30 s'), 30_000).unref()

const server = https.createServer({ key: readFileSync(keyFile), cert }, ({ url }, response) => {
  response.setHeader('Connection', 'close')
  response.removeHeader('Content-Length')
  response.useChunkedEncodingByDefault = false
  response.write('a body without a length')
  if (url === '/whole') response.end()
  // The second time the same bytes, and a bare FIN behind them.
  else response.write('', () => setTimeout(() => response.socket.destroy(), 50))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const closings = controlClosure(server, { mode: 'bidirectional' })
const agent = new https.Agent({ ca: cert })
// http's client destroys a socket whose peer has ended it: without onDestroy it would not answer the server's alert.
const demanding = controlClosure(agent, { onTruncation: 'error', onDestroy: 'close_notify' })

const get = async (path) => {
  const request = https.get({ agent, host: '127.0.0.1', servername: 'localhost', port: server.address().port, path })
  request.on('error', () => undefined)
  const [response] = await once(request, 'response')
  return text(response)
}
const closed = once(closings, 'closure')
assert.equal(await get('/whole'), 'a body without a length')
assert.equal((await closed)[0].verdict, 'clean')
await assert.rejects(get('/cut'), { code: 'ERR_TLS_TRUNCATED' })
assert.equal(demanding.counters.truncated, 1)
server.close()
console.log(`Node ${process.versions.node}: a clean close under a policy, and a cut body that failed`)
