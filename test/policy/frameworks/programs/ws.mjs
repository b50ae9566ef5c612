// A ws server on Node's own https server, and a ws client with an agent of its own; the policy is on either.
import { once } from 'node:events'
import https from 'node:https'
import WebSocket, { WebSocketServer } from 'ws'
import { cert, control, key, listen, relayed, run, trust } from './support.mjs'

const messages = 200
const message = Buffer.alloc(4096, 'ws')

/** Echoes all messages once and gives both ends, open. */
async function talk(controlled) {
  const server = https.createServer({ key, cert })
  const sockets = new WebSocketServer({ server })
  if (controlled === 'server') control(server)
  const port = await relayed(await listen(server))
  const agent = new https.Agent()
  if (controlled === 'client') control(agent)
  const accepted = once(sockets, 'connection')
  const client = new WebSocket(`wss://127.0.0.1:${port}`, { ...trust, agent })
  const facts = { echoed: 0, errors: [] }
  client.on('error', (error) => facts.errors.push(`client ${error.code}`))
  client.on('message', (data) => (facts.echoed += data.length))
  const [peer] = await accepted
  peer.on('error', (error) => facts.errors.push(`server ${error.code}`))
  peer.on('message', (data) => peer.send(data))
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open')
  for (let i = 0; i < messages; i++) client.send(message)
  while (facts.echoed < messages * message.length) await once(client, 'message')
  const closed = Promise.all([once(client, 'close'), once(peer, 'close')])
  const end = async () => {
    const [[byClient], [byServer]] = await closed
    server.close()
    return { ...facts, codes: [byClient, byServer] }
  }
  return { client, peer, end }
}

await run({
  'client.close(), policy on the server': async () => {
    const { client, end } = await talk('server')
    client.close(1000, 'done')
    return end()
  },
  'server closes, policy on the client': async () => {
    const { peer, end } = await talk('client')
    // The last message and the close handshake go out together.
    peer.send(message)
    peer.close(1001, 'going away')
    return end()
  },
  'server.terminate(), policy on the server': async () => {
    const { peer, end } = await talk('server')
    peer.terminate()
    return end()
  },
  'client.terminate(), policy on the client': async () => {
    const { client, end } = await talk('client')
    client.terminate()
    return end()
  },
})
