import type { Driver } from '../driver.js'
import type { Expectation } from '../record.js'

const answered: Expectation = [1, 'server, bidirectional, clean, close_notify came']
/** Stock clients of Node 20 answer on an idle connection, newer ones do not. */
const idle: Expectation = [
  1,
  'server, bidirectional, clean, close_notify came',
  'server, bidirectional, unanswered, no close_notify came',
]
const cutHere: Expectation = [1, 'server, uncontrolled, aborted, no close_notify came']

/** What the stock client of http sees of the proxy. */
const whole = [
  [200, 20, 'on a kept connection'],
  [200, 20, 'on a kept connection'],
  [200, 150_000, 'a body of http a bod'],
  [200, 30, 'the last one of its '],
] as const

/** Of a response that ends its connection: the server of the round closes first. */
const last = [
  'client, bidirectional, clean, close_notify came',
  'client, bidirectional, unreciprocated, close_notify came',
] as const

export const frameworks: readonly Driver[] = [
  {
    name: 'socket.io',
    packages: ['socket.io'],
    reach: '`controlClosure(httpsServer, policy)`, on the server that socket.io is given',
    lookOut:
      'a WebSocket closes in full, whichever side ends it. Connections of polling are ended by the client, which destroys them: ' +
      '`truncated`, between two messages, where nothing is lost and nothing fails',
    expected: {
      bidirectional: [
        [2, 'server, bidirectional, clean, close_notify came'],
        [2, 'server, bidirectional, truncated, no close_notify came'],
      ],
      strict: [
        [2, 'server, bidirectional, clean, close_notify came'],
        [2, 'server, bidirectional, truncated, no close_notify came'],
      ],
    },
  },
  {
    name: 'socket.io-client',
    packages: ['socket.io-client'],
    server: 'socket.io-server',
    reach: '`io(url, { agent })`, with `controlClosure(agent, policy)`: for polling and for WebSocket',
    lookOut:
      "connections of polling end by `agent.destroy()`: a close_notify goes only with `onDestroy: 'close_notify'`",
    expected: {
      bidirectional: [
        [2, 'client, bidirectional, clean, close_notify came'],
        [2, 'client, uncontrolled, aborted, no close_notify came'],
      ],
      strict: [
        [2, 'client, bidirectional, clean, close_notify came'],
        [2, 'client, uncontrolled, half-closed, no close_notify came'],
      ],
    },
  },
  {
    name: 'koa',
    packages: ['koa'],
    reach: '`controlClosure(server, policy)`, on the `https.Server` that is given `app.callback()`',
    lookOut:
      'nothing of its own: it is the server that closes, see express. A response that the program destroys half-way ends without an alert',
    expected: { bidirectional: [answered, cutHere], strict: [answered, cutHere] },
  },
  {
    name: 'hapi',
    packages: ['@hapi/hapi'],
    reach: '`controlClosure(server.listener, policy)`, before `server.start()`',
    lookOut:
      '`server.stop()` ends the streams of idle connections itself, where `server.close()` of Node would destroy them: `mode` holds for them, ' +
      'and the stop waits until they have closed, or for its `timeout`. Clients of Node 22 and newer answer there with a bare FIN (`unanswered`)',
    expected: {
      bidirectional: [answered, idle, cutHere],
      strict: [answered, idle, cutHere],
    },
  },
  {
    name: 'http-proxy-middleware',
    packages: ['http-proxy-middleware'],
    server: 'web',
    reach:
      '`controlClosure(server, policy)` for the browsers, and for the targets `agent` with `controlClosure(agent, policy)`. Without `agent` ' +
      'those can be had only by a policy of the process',
    lookOut:
      "with `onTruncation: 'error'` give it an `on.error` that destroys a response that has begun " +
      '([above](#http-proxy)): its own one writes "Error occurred while trying to proxy" behind half a body and ends it, and the browser ' +
      'takes both for a whole one',
    expected: {
      bidirectional: [
        [2, ...last],
        [2, 'client, uncontrolled, truncated, no close_notify came'],
        [4, 'server, bidirectional, clean, close_notify came'],
      ],
      strict: [
        [2, ...last],
        [2, 'client, uncontrolled, truncated, no close_notify came'],
        [3, 'server, bidirectional, clean, close_notify came'],
        [1, 'server, uncontrolled, aborted, no close_notify came'],
      ],
      strictly: {
        'a client': [...whole, { error: 'ECONNRESET' }],
        'errors of the proxy': ['ERR_TLS_TRUNCATED'],
        'a client, the handler of its own': [...whole, [200, 66, 'half a boError occur']],
      },
    },
  },
]
