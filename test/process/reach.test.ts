// Every way to a TLS connection, in a program that knows nothing of policies: under the policy of its process each is
// reached, and what the program sees is what it sees in stock Node: events, listeners, errors, members, its end.
import { beforeAll, describe, expect, test } from 'vitest'
import { installedPackage } from './installed.js'

const { run } = installedPackage()

const both = ['client', 'server'] as const

// Each way of programs/ways.mjs, with the sides that report under the policy, once per connection.
const ways: readonly (readonly [string, readonly string[]])[] = [
  ['tls.connect(port, host, options, callback)', both],
  ['tls.connect(port, options)', both],
  ['tls.connect(options)', both],
  ['tls.connect(port, host), any family', both],
  ['connect, imported by its name', both],
  ['connect, kept from before', both],
  ['tls.connect({ path })', both],
  ['tls.connect({ socket }), connected', both],
  ['tls.connect({ socket }), connecting', both],
  ['tls.connect({ socket }) and new TLSSocket(), STARTTLS', both],
  ['new TLSSocket() with a tls.Server that is not its own', both],
  ['new TLSSocket(), a client', both],
  ['a class that extends TLSSocket', both],
  ['a Duplex beneath, both sides', both],
  ['a server that is given its connections', both],
  ['https.request, the global agent', both],
  ['https.request, agent: false', both],
  ['https.request, an Agent that keeps connections', both],
  ['request, imported by its name; a new https.Server', both],
  ['Connection: close', both],
  ['http2.connect and createSecureServer', both],
  ['http2 over tls.connect, a server that takes HTTP/1.1', both],
  ['the global fetch', both],
  ['undici', both],
  ['ws', both],
  // Node has it since 22.
  ...(typeof globalThis.WebSocket === 'function' ? ([['the global WebSocket', both]] as const) : []),
  ['a client whose connection is refused', ['client']],
  ['a certificate that is not trusted', both],
  ['no version in common', both],
  ['a socket that is destroyed in the turn in which it was made', ['client']],
]

interface Fact {
  readonly way: string
  readonly seen: unknown
  readonly reports?: readonly { readonly side: string; readonly mode: string; readonly verdict: string }[]
}

function isFact(value: unknown): value is Fact {
  return typeof value === 'object' && value !== null && 'way' in value
}

async function seenWith(args: readonly string[], policy?: object): Promise<ReadonlyMap<string, Fact>> {
  const { code, facts, stderr } = await run([...args, 'ways.mjs'], { policy })
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return new Map(facts.filter(isFact).map((fact) => [fact.way, fact]))
}

const stockNode = new Map<string, Fact>()
const registered = new Map<string, Fact>()

beforeAll(async () => {
  for (const [way, fact] of await seenWith([])) stockNode.set(way, fact)
  for (const [way, fact] of await seenWith(['--import', 'close-notify/register'])) registered.set(way, fact)
})

describe('under the policy of the process', () => {
  test('all that the program does is in the table', () => {
    expect([...stockNode.keys()]).toEqual([...ways.map(([way]) => way), 'exit'])
  })

  test.each(ways)('%s', (way, sides) => {
    expect(registered.get(way)?.reports?.map(({ side }) => side)).toEqual(sides)
    expect(registered.get(way)?.seen).toEqual(stockNode.get(way)?.seen)
    expect(stockNode.get(way)?.reports).toEqual([])
  })

  // Node's own listener for the end of a handshake refuses the certificate.
  test('a handshake that is done is known before anybody acts on it', () => {
    expect(registered.get('a certificate that is not trusted')?.reports?.[0]).toMatchObject({ verdict: 'aborted' })
    expect(registered.get('no version in common')?.reports?.[0]).toMatchObject({ verdict: 'no-handshake' })
  })

  test('the process ends as without it', () => {
    expect(registered.get('exit')).toEqual(stockNode.get('exit'))
  })
})

test('a policy changes how each of them closes', async () => {
  const facts = await seenWith(['--import', 'close-notify/register'], {
    mode: 'bidirectional',
    onDestroy: 'close_notify',
  })
  for (const [way] of ways.filter(([, sides]) => sides === both)) {
    const failed = /not trusted|no version/.test(way)
    const sent = facts.get(way)?.reports?.filter(({ mode, verdict }) => {
      return mode === 'bidirectional' || ['clean', 'half-closed', 'unreciprocated'].includes(verdict)
    })
    expect(sent?.length ?? 0, `${way}: ${JSON.stringify(facts.get(way)?.reports)}`).toBeGreaterThan(failed ? -1 : 0)
  }
})

test('with onTruncation a cut body fails in clients of every kind, and an idle connection does not', async () => {
  const stock = await run(['cuts.mjs'])
  const policy = { clients: { onTruncation: 'error' } }
  const { code, facts, stderr } = await run(['--import', 'close-notify/register', 'cuts.mjs'], { policy })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const clients = ['https', 'https, imported by its name', 'fetch', 'undici.fetch', 'undici.request', 'http2', 'tls']
  const idle = { way: 'fetch, idle', got: 'half a bo' }
  expect(stock.facts).toEqual([...clients.map((way) => ({ way, got: 'half a bo' })), idle])
  expect(facts).toEqual([...clients.map((way) => ({ way, got: 'ERR_TLS_TRUNCATED' })), idle])
})

test('libraries that hide their sockets are reached, and close as the policy says', async () => {
  const stock = await run(['drivers.mjs'])
  const { code, facts, stderr } = await run(['--import', 'close-notify/register', 'drivers.mjs'], {
    policy: { mode: 'bidirectional' },
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: stock.stderr })
  const sides = ['client bidirectional', 'server bidirectional']
  expect(stock.facts).toHaveLength(3)
  expect(facts).toEqual(stock.facts.map((fact) => Object.assign({}, fact, { sides })))
})

test('what is unref() keeps no process alive, also where a closing waits', async () => {
  const stock = await run(['unrefs.mjs'])
  const policy = { mode: 'bidirectional', waitTimeout: 60_000 }
  const { code, facts } = await run(['--import', 'close-notify/register', 'unrefs.mjs'], { policy })
  expect({ code, facts }).toEqual({ code: 0, facts: stock.facts })
  expect(facts).toMatchObject([{ code: 0, hasEnded: false }])
})
