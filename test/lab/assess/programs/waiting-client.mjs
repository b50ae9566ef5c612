// A client that closes when it has the response, and waits for the server's end without a limit.
import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'

const [port = '', ca = ''] = process.argv.slice(2)
const options = { port: Number(port), host: '127.0.0.1', servername: 'localhost', ca: readFileSync(ca) }
const socket = connect({ ...options, allowHalfOpen: true })
let received = ''
socket.on('data', (bytes) => {
  received += bytes
  process.stdout.write(bytes)
  const length = /Content-Length: (\d+)/.exec(received)?.[1]
  const head = received.indexOf('\r\n\r\n')
  if (head !== -1 && received.length - head - 4 >= Number(length)) socket.end()
})
socket.on('error', () => {})
socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
