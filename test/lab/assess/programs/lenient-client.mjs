// A client that prints what comes to the end of the connection, whatever that end is, and exits with 0.
import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'

const [port = '', ca = ''] = process.argv.slice(2)
const socket = connect({ port: Number(port), host: '127.0.0.1', servername: 'localhost', ca: readFileSync(ca) })
socket.on('error', () => {})
socket.pipe(process.stdout)
socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
