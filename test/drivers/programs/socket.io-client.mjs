// A client of socket.io before a stock server, over polling and over WebSocket.
import { Agent } from 'node:https'
import { io } from 'socket.io-client'
import { host, ours, policy, port, step } from './kit.mjs'

const agent = new Agent({ keepAlive: true })
if (ours) ours.controlClosure(agent, policy)

const ways = [
  ['websocket', 'disconnect'],
  ['websocket', 'leave'],
  ['polling', 'disconnect'],
]
for (const [transport, end] of ways) {
  await step(`${transport}, ${end}`, async () => {
    const options = { transports: [transport], forceNew: true, reconnection: false, agent }
    const socket = io(`https://${host}:${port}`, options)
    const answer = await socket.emitWithAck('ask', 'hello')
    const left = new Promise((resolve) => socket.once('disconnect', resolve))
    if (end === 'disconnect') socket.disconnect()
    else socket.emit('leave')
    return [answer, await left]
  })
}
// A request that takes its leave may still be under way, and would have a connection of its own then.
while (Object.keys(agent.sockets).length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
agent.destroy()
