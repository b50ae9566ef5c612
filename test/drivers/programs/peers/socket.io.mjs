// The server of the round's client of socket.io, in stock Node.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { Server } from 'socket.io'

const server = createServer({ key: readFileSync(process.env.KEY_FILE), cert: readFileSync(process.env.CERT_FILE) })
new Server(server).on('connection', (socket) => {
  socket.on('ask', (text, answer) => answer(`${text} answered`))
  socket.on('leave', () => socket.disconnect(true))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
console.log(`listening on ${server.address().port}`)
