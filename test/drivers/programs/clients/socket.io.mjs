// A stock client of socket.io: asks, and leaves; over WebSocket it is also left by the server.
import { Agent } from 'node:https'
import { io } from 'socket.io-client'

const [port, transport] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })
for (const end of transport === 'polling' ? ['disconnect'] : ['disconnect', 'leave']) {
  const options = { transports: [transport], forceNew: true, reconnection: false, agent }
  const socket = io(`https://localhost:${port}`, options)
  console.log(JSON.stringify(await socket.emitWithAck('ask', 'hello')))
  const left = new Promise((resolve) => socket.once('disconnect', resolve))
  if (end === 'disconnect') socket.disconnect()
  else socket.emit('leave')
  console.log(JSON.stringify(await left))
}
// A request that takes its leave may still be under way.
while (Object.keys(agent.sockets).length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
agent.destroy()
