// An express application on Node's own https server, and a client of Node's own; the policy is on either.
import https from 'node:https'
import express from 'express'
import { cert, control, drained, emptied, get, key, listen, relayed, run } from './support.mjs'

const body = 'express '.repeat(200_000)

async function start({ controlled = true } = {}) {
  const app = express()
  app.get('/', (_request, response) => response.send(body))
  app.get('/once', (_request, response) => response.end(body, () => server.close()))
  const server = https.createServer({ key, cert }, app)
  if (controlled) control(server)
  return { server, port: await relayed(await listen(server)) }
}

await run({
  'Connection: close': async () => {
    const { server, port } = await start()
    const answer = await get(port, { agent: new https.Agent() })
    await drained(server)
    server.close()
    return answer
  },
  'response.end(() => server.close())': async () => {
    const { server, port } = await start()
    const answer = await get(port, { agent: new https.Agent(), path: '/once' })
    await drained(server)
    return answer
  },
  'server.close(), idle connection': async () => {
    const { server, port } = await start()
    const agent = new https.Agent({ keepAlive: true })
    const answer = await get(port, { agent })
    server.close()
    await emptied(agent)
    return answer
  },
  'server.closeAllConnections()': async () => {
    const { server, port } = await start()
    const agent = new https.Agent({ keepAlive: true })
    const answer = await get(port, { agent })
    server.closeAllConnections()
    await emptied(agent)
    server.close()
    return answer
  },
  'agent.destroy(), policy on the client': async () => {
    const { server, port } = await start({ controlled: false })
    const agent = new https.Agent({ keepAlive: true })
    control(agent)
    const answer = [await get(port, { agent }), await get(port, { agent })]
    agent.destroy()
    await drained(server)
    server.close()
    return answer
  },
  'Connection: close, policy on the client': async () => {
    const { server, port } = await start({ controlled: false })
    const agent = new https.Agent()
    control(agent)
    const answer = await get(port, { agent })
    await drained(server)
    server.close()
    return answer
  },
})
