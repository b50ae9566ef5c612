// http-proxy before an https target. The policy is on the agent that http-proxy makes its connections to the target with.
import http from 'node:http'
import { once } from 'node:events'
import https from 'node:https'
import tls from 'node:tls'
import httpProxy from 'http-proxy'
import WebSocket, { WebSocketServer } from 'ws'
import { cert, control, drained, key, listen, relayed, run } from './support.mjs'

const browser = new http.Agent({ keepAlive: true })
const body = 'target '.repeat(100_000)

/** The target, the proxy before it (that speaks plain http in front), and the agent between. */
async function start(target, agentOptions) {
  const agent = new https.Agent(agentOptions)
  control(agent)
  const targetPort = await relayed(await listen(target))
  const errors = []
  const proxy = httpProxy.createProxyServer({ target: `https://localhost:${targetPort}`, agent, ca: cert })
  proxy.on('error', (error, _request, response) => {
    errors.push(error.code)
    response.destroy()
  })
  const front = http.createServer((request, response) => proxy.web(request, response))
  front.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head))
  const port = await listen(front)
  const end = async () => {
    await drained(target)
    target.close()
    browser.destroy()
    front.close()
    return errors
  }
  return { agent, port, end }
}

/** A browser's side of it. */
function get(port, agent = browser) {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, agent }, (response) => {
      const seen = { status: response.statusCode, bytes: 0, ended: false }
      response.on('data', (data) => (seen.bytes += data.length))
      response.on('end', () => (seen.ended = true))
      response.on('error', (error) => (seen.error = error.code))
      response.on('close', () => resolve(seen))
    })
    request.on('error', (error) => resolve({ error: error.code }))
  })
}

await run({
  'Connection: close from the browser': async () => {
    const target = https.createServer({ key, cert }, (_request, response) => response.end(body))
    const { port, end } = await start(target, {})
    const answer = await get(port, false)
    return { answer, errors: await end() }
  },
  'agent without keepAlive': async () => {
    const target = https.createServer({ key, cert }, (_request, response) => response.end(body))
    const { port, end } = await start(target, {})
    const answer = await get(port)
    return { answer, errors: await end() }
  },
  'keep-alive agent, agent.destroy()': async () => {
    const target = https.createServer({ key, cert }, (_request, response) => response.end(body))
    const { agent, port, end } = await start(target, { keepAlive: true })
    const answers = [await get(port), await get(port)]
    agent.destroy()
    return { answers, errors: await end() }
  },
  'WebSocket through the proxy': async () => {
    const target = https.createServer({ key, cert })
    const sockets = new WebSocketServer({ server: target })
    sockets.on('connection', (peer) => peer.on('message', (data) => peer.send(data)))
    const { port, end } = await start(target, {})
    const client = new WebSocket(`ws://127.0.0.1:${port}`)
    await once(client, 'open')
    client.send('hello')
    const [echo] = await once(client, 'message')
    client.close(1000)
    const [code] = await once(client, 'close')
    return { echo: String(echo), code, errors: await end() }
  },
  'target cuts its response': async () => {
    // No length, no chunks: only the end of the connection says where the response ends.
    const target = tls.createServer({ key, cert }, (socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body.slice(0, 70_000)}`, () => socket.destroy())
      })
    })
    const { port, end } = await start(target, {})
    const answer = await get(port)
    return { answer, errors: await end() }
  },
})
