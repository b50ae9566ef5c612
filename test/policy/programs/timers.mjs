// Holds every timer of a policy, and only them, and runs out of other work: the process has to end at once.
import { readFileSync, writeSync } from 'node:fs'
import { createConnection } from 'node:net'
import tls from 'node:tls'
import { controlClosure } from '../../../dist/lib/index.js'

const certificates = new URL('../../../.cache/certificates/', import.meta.url)
const key = readFileSync(new URL('localhost.key.pem', certificates))
const cert = readFileSync(new URL('localhost.cert.pem', certificates))
const [, , what, version, port] = process.argv
const versions = { minVersion: version, maxVersion: version }
const say = (fact) => writeSync(1, `${JSON.stringify(fact)}\n`)
const budgets = { flushTimeout: 600_000, waitTimeout: 600_000 }

process.on('exit', (code) => say({ event: 'exit', code }))

const cases = {
  // A closing that waits for a peer that never answers.
  waiting() {
    const socket = tls.connect({
      port: Number(port),
      host: '127.0.0.1',
      ca: cert,
      servername: 'localhost',
      ...versions,
    })
    const control = controlClosure(socket, { mode: 'bidirectional', ...budgets })
    socket.once('secureConnect', () => {
      socket.end()
      const look = () => {
        if (control.waiting === 0) return setTimeout(look, 5)
        say({ event: 'waiting' })
        return socket.unref()
      }
      look()
    })
  },
  // A server that watches an open connection and an unfinished handshake.
  serving() {
    const server = tls.createServer({ key, cert, ...versions, allowHalfOpen: true })
    const control = controlClosure(server, budgets)
    server.on('connection', (raw) => raw.unref())
    server.on('secureConnection', (socket) => {
      socket.unref()
      say({ event: 'serving', connections: control.connections })
    })
    server.listen(0, '127.0.0.1', () => {
      server.unref()
      const { port: own } = server.address()
      createConnection(own, '127.0.0.1', function opened() {
        this.unref()
        const client = tls.connect({ port: own, host: '127.0.0.1', ca: cert, servername: 'localhost', ...versions })
        client.once('secureConnect', () => setTimeout(() => client.unref(), 50))
      })
    })
  },
}
cases[what]()
