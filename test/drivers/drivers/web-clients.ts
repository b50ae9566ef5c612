import type { Driver } from '../driver.js'
import type { Expectation } from '../record.js'

/** Of the response that ends its connection: which side's close is first is a race of Node's http. */
const last: Expectation = [
  1,
  'client, bidirectional, clean, close_notify came',
  'client, bidirectional, unreciprocated, close_notify came',
  'client, bidirectional, aborted, no close_notify came',
]
const aborted = 'client, uncontrolled, aborted, no close_notify came'
const halfClosed = 'client, uncontrolled, half-closed, no close_notify came'
const truncated = 'client, uncontrolled, truncated, no close_notify came'
const unreciprocated = 'client, uncontrolled, unreciprocated, close_notify came'
const clean = 'client, uncontrolled, clean, close_notify came'

const agent = (given: string): string => `${given}, with \`controlClosure(agent, policy)\``

export const webClients: readonly Driver[] = [
  {
    name: 'got',
    packages: ['got'],
    server: 'web',
    reach: agent('`agent: { https: agent }`'),
    lookOut:
      "with `onTruncation: 'error'` a cut body fails as `ReadError` with `ECONNRESET`, which got repeats by default; the report " +
      'has the truth. `agent.destroy()` destroys: an idle connection ends with a bare FIN but for `onDestroy`',
    expected: {
      bidirectional: [last, [1, aborted], [1, truncated]],
      strict: [last, [1, halfClosed], [1, truncated]],
      strictly: { cut: { error: 'ECONNRESET' } },
    },
  },
  {
    name: 'axios',
    packages: ['axios'],
    server: 'web',
    reach: agent('`httpsAgent: agent`'),
    lookOut:
      'with `onTruncation: \'error\'` a cut body fails as `ERR_BAD_RESPONSE` ("stream has been aborted"), and with ' +
      "`responseType: 'stream'` as `ERR_TLS_TRUNCATED`. Idle connections as with got",
    expected: {
      bidirectional: [last, [1, aborted], [2, truncated]],
      strict: [last, [1, halfClosed], [2, truncated]],
      strictly: { cut: { error: 'ERR_BAD_RESPONSE' }, 'cut, a stream': { error: 'ERR_TLS_TRUNCATED' } },
    },
  },
  {
    name: 'node-fetch',
    packages: ['node-fetch'],
    server: 'web',
    reach: agent('`agent`'),
    lookOut:
      "with `onTruncation: 'error'` a cut body fails with `ERR_TLS_TRUNCATED`, the `code` of its FetchError. Idle connections as " +
      'with got',
    expected: {
      bidirectional: [last, [1, aborted], [1, truncated]],
      strict: [last, [1, halfClosed], [1, truncated]],
      strictly: { cut: { error: 'ERR_TLS_TRUNCATED' } },
    },
  },
  {
    name: 'undici',
    packages: ['undici'],
    server: 'web',
    reach:
      '`new Agent({ connect: closingConnect(policy)() })`, also for the global `fetch`: [policy.md](policy.md#truncation-as-an-error)',
    lookOut:
      'undici destroys all of its connections, those that the server has ended too: `mode` has nothing to act on, and a close_notify ' +
      "goes only with `onDestroy: 'close_notify'`. With `onTruncation: 'error'` `request()` fails with `ERR_TLS_TRUNCATED`, `fetch()` has it " +
      'as `cause`',
    expected: {
      bidirectional: [
        [3, aborted, unreciprocated],
        [2, truncated],
      ],
      strict: [
        [2, halfClosed],
        [1, unreciprocated, aborted, clean, halfClosed],
        [2, truncated],
      ],
      strictly: {
        cut: { error: 'ERR_TLS_TRUNCATED' },
        'cut, by fetch': { error: 'terminated, cause ERR_TLS_TRUNCATED' },
      },
    },
  },
  {
    name: 'undici-proxy-agent',
    packages: ['undici'],
    server: 'web',
    reach:
      '`new ProxyAgent({ uri, requestTls: connecting(), proxyTls: connecting() })` with `connecting = closingConnect(policy)`: ' +
      'the one for the connection to the server, the other for that to the proxy. `connect` is dropped',
    lookOut:
      'as undici. Each tunnel is two connections, which end one after the other; a cut body is told of the inner one, and fails with ' +
      '`ERR_TLS_TRUNCATED`. A close_notify before the FIN of a relay of two pipes can keep its tunnel open: ' +
      '[policy.md](policy.md#what-it-does-not-do)',
    expected: {
      bidirectional: [
        [4, aborted, unreciprocated],
        [1, truncated],
        [1, unreciprocated, aborted],
      ],
      strict: [
        [3, clean, unreciprocated, halfClosed, aborted],
        [2, halfClosed, clean, unreciprocated],
        [1, truncated],
      ],
      strictly: { cut: { error: 'ERR_TLS_TRUNCATED' } },
    },
  },
  {
    name: 'https-proxy-agent',
    packages: ['https-proxy-agent'],
    server: 'web',
    reach:
      '`controlClosure(agent, policy)`: the connections to the servers. Those to a proxy with TLS can be had only by a policy of the ' +
      'process: the agent makes them itself, and drops the mark of `closingConnect()` from its options',
    lookOut:
      "with `onTruncation: 'error'` a cut body fails with `ERR_TLS_TRUNCATED`. The connections to the proxy are destroyed, each behind the one " +
      'within it. With `maxSockets` Node 26 opens tunnels that it does not use, without a policy too',
    expected: {
      bidirectional: [last, [2, aborted, unreciprocated], [1, truncated], [2, unreciprocated, aborted, clean]],
      strict: [last, [2, halfClosed, clean], [1, truncated], [2, clean, unreciprocated, halfClosed, aborted]],
      documented: {
        bidirectional: [last, [1, aborted], [1, truncated]],
        strict: [last, [1, halfClosed], [1, truncated]],
      },
      strictly: { cut: { error: 'ERR_TLS_TRUNCATED' } },
    },
  },
  {
    name: 'agentkeepalive',
    packages: ['agentkeepalive'],
    server: 'web',
    reach: '`controlClosure(agent, policy)` with its `HttpsAgent`',
    lookOut:
      "`freeSocketTimeout` destroys an idle connection: a bare FIN, and with `onDestroy: 'close_notify'` the alert first. A server that " +
      'tells idle connections that end from those that break sees the difference',
    expected: {
      bidirectional: [last, [2, aborted], [1, truncated]],
      strict: [last, [2, halfClosed], [1, truncated]],
      strictly: { cut: { error: 'ERR_TLS_TRUNCATED' } },
    },
  },
]
