// The server of the round's web clients, in stock Node: responses on kept and on ended connections, one that is cut, an
// echo, an upgrade, and CONNECT to itself.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

const keys = { key: readFileSync(process.env.KEY_FILE), cert: readFileSync(process.env.CERT_FILE) }
const server = createServer(keys, (request, response) => void answer(request, response).catch(() => response.destroy()))

async function answer(request, response) {
  switch (request.url) {
    case '/kept':
      response.end('on a kept connection')
      return
    case '/last':
      response.setHeader('Connection', 'close')
      response.end('the last one of its connection')
      return
    case '/echo':
      response.end(await text(request))
      return
    case '/cut':
      // Its end is the end of the connection.
      response.useChunkedEncodingByDefault = false
      response.setHeader('Connection', 'close')
      response.removeHeader('Transfer-Encoding')
      response.write('half a bo', () => setTimeout(() => request.socket.destroy(), 20))
      return
    default:
      response.writeHead(404).end('nothing there')
  }
}

server.on('connect', (_request, socket, head) => {
  const tunnel = connect(server.address().port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    if (head.length > 0) tunnel.write(head)
    socket.pipe(tunnel).pipe(socket)
  })
  tunnel.on('error', () => socket.destroy())
  socket.on('error', () => tunnel.destroy())
})
server.on('tlsClientError', () => {})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
console.log(`listening on ${server.address().port}`)
