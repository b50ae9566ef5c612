// What is different for some connections of a process, by host and port.
import { connect } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { controlProcess, type ProcessPolicy } from '../../lib/index.js'
import { clientOf } from '../closure/servers.js'
import { otherCertificate } from '../support/certificate.js'
import { collect } from '../support/streams.js'
import { close, controlled, exchange, opened, serving } from './watched.js'

const quietClient = ['client quiet', 'server unidirectional']

describe('overrides', () => {
  const quiet = { mode: 'quiet' } as const

  test.each<readonly [string, (port: number) => ProcessPolicy, readonly string[]]>([
    ['by the port', (port) => ({ overrides: [{ port, side: 'client', ...quiet }] }), quietClient],
    [
      'by another port',
      (port) => ({ overrides: [{ port: port + 1, ...quiet }] }),
      ['client unidirectional', 'server unidirectional'],
    ],
    ['by the name of SNI', () => ({ overrides: [{ host: 'LocalHost', side: 'client', ...quiet }] }), quietClient],
    ['by the address', () => ({ overrides: [{ host: '127.0.0.1', side: 'client', ...quiet }] }), quietClient],
    [
      'by host and port',
      (port) => ({ overrides: [{ host: 'localhost', port, side: 'client', ...quiet }] }),
      quietClient,
    ],
    [
      'by a host of another port',
      (port) => ({ overrides: [{ host: 'localhost', port: port + 1, ...quiet }] }),
      ['client unidirectional', 'server unidirectional'],
    ],
    [
      'the first that fits',
      (port) => ({
        overrides: [
          { host: 'elsewhere', mode: 'bidirectional' },
          { port, side: 'client', ...quiet },
          { port, side: 'client', mode: 'bidirectional' },
        ],
      }),
      quietClient,
    ],
    [
      'within a side',
      (port) => ({ clients: { mode: 'bidirectional' }, overrides: [{ port, side: 'client', ...quiet }] }),
      quietClient,
    ],
    ['off, on both sides', (port) => ({ overrides: [{ port, off: true }] }), []],
    ['off', (port) => ({ overrides: [{ port, side: 'client', off: true }] }), ['server unidirectional']],
    [
      'perConnection last',
      (port) => ({
        perConnection: () => quiet,
        overrides: [{ port, mode: 'bidirectional' }],
        servers: { perConnection: () => undefined, mode: 'unidirectional' },
      }),
      ['client quiet', 'server bidirectional'],
    ],
  ])('%s', async (_name, policy, expected) => {
    const server = await serving()
    const { modes, control } = controlled(policy(server.port))
    await exchange(server)
    expect(modes()).toEqual(expected)
    expect(control.connections).toBe(0)
  })

  test('by a name below another one, and by the name of the host that no SNI names', async () => {
    const { modes } = controlled({
      overrides: [
        { host: '*.test', side: 'server', mode: 'quiet' },
        { host: 'localhost', side: 'client', mode: 'bidirectional' },
      ],
    })
    const server = await serving({ key: otherCertificate.key, cert: otherCertificate.cert })
    await exchange(server, { servername: 'other.test', ca: otherCertificate.cert })
    expect(modes()).toEqual(['client unidirectional', 'server quiet'])
    const checkServerIdentity = () => undefined
    const client = connect({ port: server.port, host: 'localhost', ca: otherCertificate.cert, checkServerIdentity })
    await close(await opened(server.server, client))
    expect(modes()[0]).toBe('client bidirectional')
  })

  test('off leaves a FIN to Node that was asked for before the handshake was done', async () => {
    const server = await serving()
    controlled({ overrides: [{ port: server.port, off: true }] })
    const client = clientOf(server.port, {})
    const end = collect(client)
    client.end('at once')
    expect(await end).toMatchObject({ error: undefined })
  })
})

test.each([
  [{ overrides: {} }, 'Expected an array for policy.overrides but received {}'],
  [{ overrides: ['localhost'] }, "Expected an object for policy.overrides[0] but received 'localhost'"],
  [
    { overrides: [{ mode: 'quiet' }] },
    "Expected one of the keys 'host', 'port' for policy.overrides[0] but received { mode: 'quiet' }",
  ],
  [
    { overrides: [{ port: 1, side: 'both' }] },
    "Expected 'server', 'client' for policy.overrides[0].side but received 'both'",
  ],
  [
    { overrides: [{ port: '443' }] },
    "Expected a whole number from 1 to 65535 for policy.overrides[0].port but received '443'",
  ],
  [
    { overrides: [{ host: 'https://localhost' }] },
    "Expected a name, an address, or a name behind *. for policy.overrides[0].host but received 'https://localhost'",
  ],
  [
    { overrides: [{ host: 'localhost:443' }] },
    "Expected a name, an address, or a name behind *. for policy.overrides[0].host but received 'localhost:443'",
  ],
  [{ overrides: [{ host: 'a', off: 'yes' }] }, "Expected a boolean for policy.overrides[0].off but received 'yes'"],
  [
    { overrides: [{ host: '::1' }, { host: '*.a', mode: 'loud' }] },
    "Expected 'quiet', 'unidirectional', 'bidirectional' for policy.overrides[1].mode but received 'loud'",
  ],
  [
    { overrides: [{ host: 'a', maxWaiting: 1 }] },
    /^Expected one of the keys side, host, port, off, mode, .* for policy.overrides\[0\] but received 'maxWaiting'$/,
  ],
  [{ clients: { perConnection: 1 } }, 'Expected a function for policy.clients.perConnection but received 1'],
  [{ server: 'off' }, /^Expected one of the keys .*servers, clients, overrides for policy but received 'server'$/],
  ['bidirectional', "Expected an object for policy but received 'bidirectional'"],
])('a wrong policy is refused, and nothing is laid on: %j', (policy, message) => {
  const lay = () => {
    Reflect.apply(controlProcess, undefined, [policy])
  }
  expect(lay).toThrow(message)
  expect(lay).toThrow(expect.objectContaining({ code: 'ERR_CLOSURE_INVALID_ARGUMENT' }))
  controlProcess().stop()
})
