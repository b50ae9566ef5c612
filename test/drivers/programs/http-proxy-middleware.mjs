// http-proxy-middleware in a server of https, before the round's server and a stock client of http.
import { Agent, createServer } from 'node:https'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { host, keys, listen, ours, policy, port, step, stockClient } from './kit.mjs'

const agent = new Agent({ keepAlive: true })
const errors = []
const proxy = createProxyMiddleware({
  target: `https://${host}:${port}`,
  agent,
  on: {
    error: (error, _request, response) => {
      errors.push(error.code)
      // A text behind half a body would make it look whole.
      if (response.headersSent) response.destroy()
      else response.writeHead(502).end()
    },
  },
})
const server = createServer(keys, proxy)
if (ours) {
  ours.controlClosure(server, policy)
  ours.controlClosure(agent, policy)
}
const front = await listen(server)
await step('a client', () => stockClient('http.mjs', front))
await step('errors of the proxy', () => errors)
agent.destroy()
await step('closed', () => new Promise((resolve) => server.close(() => resolve())))

// The same with the middleware's own handler of errors.
const second = new Agent({ keepAlive: true })
const careless = createServer(keys, createProxyMiddleware({ target: `https://${host}:${port}`, agent: second }))
if (ours) {
  ours.controlClosure(careless, policy)
  ours.controlClosure(second, policy)
}
const carelessFront = await listen(careless)
await step('a client, the handler of its own', () => stockClient('http.mjs', carelessFront))
second.destroy()
await step('closed too', () => new Promise((resolve) => careless.close(() => resolve())))
