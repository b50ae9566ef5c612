/** The servers of the examples of docs/stream.md that a library talks to. Each is there until the test is over. */
import http2 from 'node:http2'
import https from 'node:https'
import { connect, type Server } from 'node:net'
import tls from 'node:tls'
import { SMTPServer } from 'smtp-server'
import { onTestFinished } from 'vitest'
import { startPostgres } from '../policy/frameworks/postgres.js'
import { certificate } from '../support/certificate.js'
import { startMariadb } from '../support/peers/mariadb.js'
import { lacks } from '../support/peers/programs.js'

const { key, cert } = certificate

/** Gives its port, by way of `listen` where it is one of Node's. */
type Start = (listen: (server: Server) => Promise<number>) => Promise<number>

const peers: Readonly<Record<string, Start>> = {
  http: (listen) => listen(https.createServer({ key, cert }, (_request, response) => response.end('hello'))),
  http2: (listen) => listen(http2.createSecureServer({ key, cert }, (_request, response) => response.end('hello'))),
  postgres: async () => {
    const { port, stop } = await startPostgres()
    onTestFinished(stop)
    return port
  },
  mysql: async (listen) => {
    const { port, stop } = await startMariadb()
    onTestFinished(stop)
    const terminator = tls.createServer({ key, cert }, (socket) => {
      const database = connect(port, '127.0.0.1')
      socket.pipe(database).pipe(socket)
      socket.on('error', () => database.destroy())
      database.on('error', () => socket.destroy())
    })
    return listen(terminator)
  },
  smtp: (listen) => {
    const smtp = new SMTPServer({ key, cert, secure: true, authOptional: true, logger: false })
    smtp.on('error', () => undefined)
    return listen(smtp.server)
  },
}

export function libraryPeer(name: string): Start | undefined {
  return peers[name]
}

/** Whether a program is not there that the peer of that name needs. */
export function lacksPeer(name: string): boolean {
  return (name === 'postgres' && lacks('postgresql')) || (name === 'mysql' && lacks('mariadb'))
}
