/** What the agents of this Node do, which changed within its lines. */
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'

/** Whether an agent destroys an idle socket that its peer has ended; where it does not, Node ends it. */
export async function destroysIdleSockets(): Promise<boolean> {
  const agent = new http.Agent({ keepAlive: true })
  const server = net.createServer({ allowHalfOpen: true }, (peer) => {
    peer.once('data', () => peer.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    // Behind the event: the agent has put it among its idle ones.
    agent.once('free', () => setImmediate(() => peer.end()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  const request = http.get({ port: address.port, host: '127.0.0.1', agent }, (response) => response.resume())
  const socket = await new Promise<net.Socket>((resolve) => request.once('socket', resolve))
  if (!socket.destroyed) await once(socket, 'close')
  server.close()
  return !socket.writableEnded
}
