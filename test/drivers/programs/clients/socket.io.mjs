// A stock client of socket.io: asks, and leaves in each of two ways; then one that the server sends away.
import { io } from 'socket.io-client'

const [port, transport] = process.argv.slice(2)
for (const end of ['disconnect', 'leave']) {
  const socket = io(`https://localhost:${port}`, { transports: [transport], forceNew: true, reconnection: false })
  console.log(JSON.stringify(await socket.emitWithAck('ask', 'hello')))
  const left = new Promise((resolve) => socket.once('disconnect', resolve))
  if (end === 'disconnect') socket.disconnect()
  else socket.emit('leave')
  console.log(JSON.stringify(await left))
}
