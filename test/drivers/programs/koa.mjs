// A server with koa before a stock client of http.
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import Koa from 'koa'
import { keys, listen, ours, policy, step, stockClient } from './kit.mjs'

const app = new Koa({ env: 'test' })
app.use(async (context) => {
  if (context.path === '/echo') context.body = await text(context.req)
  else if (context.path === '/cut') {
    context.respond = false
    context.res.statusCode = 200
    context.res.useChunkedEncodingByDefault = false
    context.res.setHeader('Connection', 'close')
    context.res.write('half a bo', () => setTimeout(() => context.req.socket.destroy(), 20))
  } else context.body = 'by koa'
})
const server = createServer(keys, app.callback())
if (ours) ours.controlClosure(server, policy)
const port = await listen(server)
await step('a client', () => stockClient('http.mjs', port))
await step('closed', () => new Promise((resolve) => server.close(() => resolve())))
