// A fastify server, with or without a policy, and a client of Node's own.
import http2 from 'node:http2'
import { once } from 'node:events'
import https from 'node:https'
import fastify from 'fastify'
import { cert, control, drained, emptied, get, key, relayed, run, sleep, trust } from './support.mjs'

const body = 'fastify '.repeat(100_000)

async function start(options = {}) {
  const app = fastify({ https: { key, cert }, ...options })
  control(app.server)
  app.get('/', async () => body)
  app.get('/behind-a-proxy', async (_request, reply) => reply.header('connection', 'keep-alive').send(body))
  app.get('/endless', async (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200)
    reply.raw.write('half')
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, port: await relayed(app.server.address().port) }
}

await run({
  'Connection: close': async () => {
    const { app, port } = await start()
    const agent = new https.Agent()
    const answer = await get(port, { agent })
    await drained(app.server)
    await app.close()
    return answer
  },
  'app.close(), idle connection': async () => {
    const { app, port } = await start()
    const agent = new https.Agent({ keepAlive: true })
    const answer = await get(port, { agent })
    await app.close()
    await emptied(agent)
    return answer
  },
  'app.close(), forceCloseConnections, half a response': async () => {
    const { app, port } = await start({ forceCloseConnections: true })
    const agent = new https.Agent({ keepAlive: true })
    const answer = get(port, { agent, path: '/endless' })
    await once(app.server, 'request')
    // The response's head and its first chunk are on their way.
    await sleep(200)
    await app.close()
    await emptied(agent)
    return await answer
  },
  keepAliveTimeout: async () => {
    const { app, port } = await start({ keepAliveTimeout: 300 })
    const agent = new https.Agent({ keepAlive: true })
    const answer = await get(port, { agent, path: '/behind-a-proxy' })
    await emptied(agent)
    await app.close()
    return answer
  },
  'http2, client closes': async () => {
    const { app, port } = await start({ http2: true })
    const { session, answer } = await get2(port)
    session.close()
    await drained(app.server)
    await app.close()
    return answer
  },
  'http2, app.close(), forceCloseConnections': async () => {
    const { app, port } = await start({ http2: true, forceCloseConnections: true })
    const { session, answer } = await get2(port)
    const closed = once(session, 'close')
    await app.close()
    await closed
    return answer
  },
})

async function get2(port) {
  const answer = { status: 0, bytes: 0, errors: [] }
  const session = http2.connect(`https://127.0.0.1:${port}`, trust)
  session.on('error', (error) => answer.errors.push(error.code))
  const stream = session.request({ ':path': '/' })
  stream.on('error', (error) => answer.errors.push(error.code))
  stream.on('response', (headers) => (answer.status = headers[':status']))
  for await (const data of stream) answer.bytes += data.length
  return { session, answer }
}
