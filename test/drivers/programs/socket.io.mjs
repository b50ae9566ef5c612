// A server with socket.io before a stock client, over polling and over WebSocket.
import { createServer } from 'node:https'
import { Server } from 'socket.io'
import { keys, listen, ours, policy, step, stockClient } from './kit.mjs'

const server = createServer(keys)
const io = new Server(server)
const reasons = []
io.on('connection', (socket) => {
  socket.on('ask', (text, answer) => answer(`${text} answered`))
  socket.on('leave', () => socket.disconnect(true))
  socket.on('disconnect', (reason) => reasons.push(reason))
})
if (ours) ours.controlClosure(server, policy)
const port = await listen(server)
for (const transport of ['websocket', 'polling']) {
  await step(`a client over ${transport}`, () => stockClient('socket.io.mjs', port, transport))
}
await step('the reasons of its connections', () => reasons)
await step('closed', () => io.close())
