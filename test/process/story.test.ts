// NODE_DEBUG=close-notify: what happens to each connection, a line for each thing, on standard error.
import { expect, test } from 'vitest'
import { installedPackage } from './installed.js'

const { run } = installedPackage()

const args = ['--import', 'close-notify/register', 'one-connection.mjs']
const policy = { mode: 'bidirectional' }

/** The lines of each connection, without what is another in each run: process, times, ports. */
function storiesOf(stderr: string): readonly (readonly string[])[] {
  const stories = new Map<string, string[]>()
  for (const line of stderr.split('\n').filter((text) => text !== '')) {
    const [, number, text] = /^CLOSE-NOTIFY \d+: #(\d+) \+\d+\.\d ms (.*)$/.exec(line) ?? []
    expect(number, `a line of a story: ${line}`).toBeDefined()
    // Whether there is a wait depends on who is faster.
    const plain =
      text
        ?.replace(/port \d+/, 'port N')
        .replace(/, waited [\d.]+ ms/, '')
        .replace(/in [\d.]+ ms$/, 'in T ms') ?? ''
    stories.set(number ?? '', [...(stories.get(number ?? '') ?? []), plain])
  }
  return [...stories.values()].map((lines) => lines)
}

test('tells the story of each connection', async () => {
  const { code, stderr } = await run(args, { policy, env: { NODE_DEBUG: 'close-notify' } })
  expect(code).toBe(0)
  expect(storiesOf(stderr)).toEqual([
    [
      'client, before its handshake',
      expect.stringMatching(/^handshake done: client, TLSv1\.3, peer \S+ port N \(localhost\)$/),
      'the stream has ended: mode bidirectional',
      expect.stringMatching(/^writes close_notify (alone|behind-data)$/),
      "the peer's stream has ended: received close_notify",
      'FIN goes',
      'destroyed without an error',
      'clean: mode bidirectional, sent close_notify, received close_notify, TCP open, ended by done, closed in T ms',
    ],
    [
      expect.stringMatching(/^handshake done: server, TLSv1\.3, peer \S+ port N \(localhost\)$/),
      "the peer's stream has ended: received close_notify",
      'the stream has ended: mode bidirectional',
      'writes close_notify with-fin',
      'FIN goes',
      'destroyed without an error',
      'clean: mode bidirectional, sent close_notify, received close_notify, TCP open, ended by done, closed in T ms',
    ],
  ])
})

test('tells how one was cut that Node closed by itself', async () => {
  const env = { NODE_DEBUG: 'close-notify', CUT: 'yes' }
  const { stderr } = await run(args, { policy: { servers: 'off' }, env })
  expect(storiesOf(stderr).map((lines) => lines.slice(2))).toEqual([
    [
      "the peer's stream has ended: received nothing",
      'the stream has ended: mode unidirectional',
      'writes close_notify with-fin',
      'FIN goes',
      'destroyed without an error',
      expect.stringMatching(
        /^truncated: mode unidirectional, sent (close_notify|not-flushed), received nothing, TCP fin, ended by done, closed in T ms$/,
      ),
    ],
  ])
})

const before = 'client, before its handshake'
const done: unknown = expect.stringMatching(/^handshake done: client, TLSv1\.3, peer \S+ port N \(localhost\)$/)
const written: unknown = expect.stringMatching(/^writes close_notify (alone|behind-data|with-fin)$/)
const answered = "the peer's stream has ended: received close_notify"
const clean = (mode: string, more = ''): unknown =>
  expect.stringMatching(
    new RegExp(
      `^clean: mode ${mode}, sent close_notify, received close_notify, TCP \\w+, ended by done${more}, closed in T ms$`,
    ),
  )

test.each([
  [
    'closureOf',
    [
      done,
      'shutdown() is called: mode bidirectional',
      written,
      answered,
      'FIN goes',
      'destroyed without an error',
      clean('bidirectional'),
    ],
  ],
  [
    'closureOf, learned',
    [
      done,
      'shutdown() is called: mode bidirectional',
      written,
      answered,
      'FIN goes',
      'destroyed without an error',
      clean('bidirectional', ', learned wait 3000\\.0 ms'),
    ],
  ],
  [
    'closureOf, skipped',
    [
      done,
      'shutdown() is called: mode bidirectional',
      written,
      'FIN goes',
      'destroyed without an error',
      expect.stringMatching(
        /^half-closed: mode bidirectional, .*, ended by done, learned wait 0 ms: not waited for, closed in T ms$/,
      ),
    ],
  ],
  [
    'TlsStream',
    [
      'client, TlsStream, before its handshake',
      done,
      'the stream has ended: mode unidirectional',
      written,
      'FIN goes',
      answered,
      'destroyed without an error',
      clean('unidirectional'),
    ],
  ],
  [
    'TlsStream, unwrap',
    [
      'client, TlsStream, before its handshake',
      done,
      'unwrap() is called',
      written,
      answered,
      'the transport is given back',
      clean('bidirectional'),
    ],
  ],
  [
    'startTls',
    [
      before,
      done,
      'unwrap() is called',
      'shutdown() is called: mode bidirectional',
      written,
      answered,
      'FIN goes to the stream beneath',
      'the net.Socket is given back',
      'destroyed without an error',
      clean('bidirectional'),
    ],
  ],
  [
    'refused',
    [
      expect.stringMatching(
        /^no-handshake: mode uncontrolled, sent unobserved, received unobserved, TCP open, closed in T ms$/,
      ),
    ],
  ],
])('tells it of each way: %s', async (kind, story) => {
  const { code, stderr } = await run(['told.mjs', kind], { env: { NODE_DEBUG: 'close-notify' } })
  expect({ code, stories: storiesOf(stderr) }).toEqual({ code: 0, stories: [story] })
})

test.each([undefined, 'tls-that-is-not-ours', 'close'])('is silent with NODE_DEBUG=%s', async (NODE_DEBUG) => {
  const env = NODE_DEBUG === undefined ? {} : { NODE_DEBUG }
  expect((await run(args, { policy, env })).stderr).toBe('')
})
