// An https server that is stopped as docs/policy.md says. It is told what to do line by line: `finish` ends the response
// that is under way, `term` sends the signal. What it prints are facts, one JSON value per line.
import { readFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:https'
import { createInterface } from 'node:readline'
import { controlClosure } from '../../../dist/lib/index.js'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const key = readFileSync(new URL('localhost.key.pem', certificates))
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const [, , version, policy] = process.argv

const say = (fact) => writeSync(1, `${JSON.stringify(fact)}\n`)

let pending
const server = createServer({ key, cert, minVersion: version, maxVersion: version }, (request, response) => {
  if (request.url !== '/slow') {
    response.end('whole')
    return
  }
  pending = response
  response.write('first half, ')
  say({ event: 'pending' })
})
const control = controlClosure(server, JSON.parse(policy))
control.on('closure', ({ mode, verdict, began }) => say({ event: 'closure', mode, verdict, began }))
process.once('SIGTERM', () => {
  server.close(() => say({ event: 'drained', connections: control.connections }))
  setTimeout(() => server.closeAllConnections(), 60_000).unref()
  say({ event: 'closing' })
})
process.on('exit', (code) => say({ event: 'exit', code }))
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'term') process.kill(process.pid, 'SIGTERM')
  if (line === 'finish') pending.end('second half')
})
process.stdin.unref()
server.listen(0, '127.0.0.1', () => say({ event: 'listening', port: server.address().port }))
