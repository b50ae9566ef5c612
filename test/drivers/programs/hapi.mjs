// A server with hapi before a stock client of http, and one that keeps its connection.
import Hapi from '@hapi/hapi'
import { keys, ours, policy, step, stockClient } from './kit.mjs'

const server = Hapi.server({ port: 0, address: '127.0.0.1', tls: keys })
server.route([
  { method: 'GET', path: '/{any*}', handler: () => 'by hapi' },
  { method: 'POST', path: '/echo', handler: (request) => request.payload, options: { payload: { parse: false } } },
  {
    method: 'GET',
    path: '/cut',
    handler: (request, h) => {
      const { res } = request.raw
      res.useChunkedEncodingByDefault = false
      res.setHeader('Connection', 'close')
      res.write('half a bo', () => setTimeout(() => request.raw.req.socket.destroy(), 20))
      return h.abandon
    },
  },
])
if (ours) ours.controlClosure(server.listener, policy)
await server.start()
await step('a client', () => stockClient('http.mjs', server.info.port))
const answered = new Promise((resolve) => server.events.once('response', resolve))
const idle = stockClient('idle.mjs', server.info.port)
await answered
await step('stopped, with an idle connection', () => server.stop({ timeout: 5000 }))
await step('its client', () => idle)
