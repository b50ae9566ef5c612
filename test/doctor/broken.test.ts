/** Each check is seen to fail on a process in which what it looks for is broken, by a preload. */
import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const lib = fileURLToPath(new URL('../../dist/lib', import.meta.url))
const own = (file: string): string => JSON.stringify(pathToFileURL(path.join(lib, file)).href)

/** Takes a member away from the handles of TLS. */
const deleted = (member: string): string => `
  import { Duplex } from 'node:stream'
  import tls from 'node:tls'
  const socket = new tls.TLSSocket(new Duplex({ read() {}, write() {} }))
  delete Object.getPrototypeOf(socket._handle).${member}
  socket.destroy()`

interface Finding {
  readonly group: string
  readonly name: string
  readonly status: string
  readonly detail: string
  readonly toDo?: string
}

const cases: readonly (readonly [what: string, preload: string, failing: readonly string[]])[] = [
  ['nothing', '', []],
  ['a member that is gone', deleted('newSessionDone'), ['members: newSessionDone of TLSWrap']],
  [
    'a member that Node needs itself',
    `import https from 'node:https'
      https.Agent.prototype.__proto__.addRequest = undefined`,
    ['members: a connection', 'members: addRequest of an agent'],
  ],
  [
    'an OpenSSL that is not the one which Node was built with',
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, openssl: '9.9.9' } })`,
    ["openssl: the process's own"],
  ],
  [
    'a Node that is too old',
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } })`,
    ['runtime: Node 18.20.4'],
  ],
  [
    'a process that may load no addon',
    `process.dlopen = () => { throw Object.assign(new Error('disabled'), { code: 'ERR_DLOPEN_DISABLED' }) }`,
    ['addon: close_notify.node'],
  ],
  [
    'no network of loopback',
    `import { Socket } from 'node:net'
      const { connect } = Socket.prototype
      Socket.prototype.connect = function (...args) {
        const failure = Object.assign(new Error('connect ENETUNREACH 127.0.0.1'), { code: 'ENETUNREACH' })
        setImmediate(() => this.destroy(failure))
        return this
      }`,
    ['loopback: a TCP connection'],
  ],
  [
    'SSL_shutdown()',
    `import { Ssl } from ${own('openssl/ssl.js')}
      const { shutdown } = Ssl.prototype
      Ssl.prototype.shutdown = function () { return { ...shutdown.call(this), value: -1 } }`,
    ['quiet', 'unidirectional', 'bidirectional'].flatMap((mode) => [
      `memory: ${mode}, TLSv1.2`,
      `memory: ${mode}, TLSv1.3`,
    ]),
  ],
  [
    'closings that send nothing',
    `import { Closure } from ${own('closure/closure.js')}
      const { shutdown } = Closure.prototype
      Closure.prototype.shutdown = function (options) { return shutdown.call(this, { ...options, mode: 'quiet' }) }`,
    ['unidirectional', 'bidirectional'].flatMap((mode) => [`loopback: ${mode}, TLSv1.2`, `loopback: ${mode}, TLSv1.3`]),
  ],
  [
    'policies that nothing comes of',
    `import { ControlledSockets } from ${own('policy/controlled-sockets.js')}
      ControlledSockets.prototype.take = () => undefined`,
    ['policy: quiet, TLSv1.2', 'policy: quiet, TLSv1.3', "policy: onTruncation: 'error'"],
  ],
]

const children = new Set<ChildProcess>()
let found: ReadonlyMap<string, readonly Finding[]> = new Map()

// All at once: each is waited for, more than it runs.
beforeAll(async () => {
  found = new Map(await Promise.all(cases.map(async ([what, preload]) => [what, await examined(preload)] as const)))
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

test.each(cases)('broken: %s', (what, _preload, failing) => {
  const failed = (found.get(what) ?? []).filter(({ status }) => status === 'fails')
  const names = failed.map(({ group, name }) => `${group}: ${name}`)
  expect(found.get(what)?.length).toBeGreaterThan(5)
  expect(names).toEqual(expect.arrayContaining([...failing]))
  if (failing.length === 0) expect(names).toEqual([])
  for (const { toDo } of failed) expect(toDo).toMatch(/\w \w/)
})

test('what to do about an addon is what its error says', () => {
  const addon = found.get('a process that may load no addon')?.find(({ group }) => group === 'addon')
  expect(addon?.toDo).toContain('--no-addons')
})

async function examined(preload: string): Promise<readonly Finding[]> {
  const url = `data:text/javascript,${encodeURIComponent(preload)}`
  const child = spawn(process.execPath, ['--import', url, path.join(lib, 'doctor/examine-process.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  const lines = (await text(child.stdout)).trim().split('\n')
  const values: readonly unknown[] = lines.map((line): unknown => JSON.parse(line))
  expect(values.at(-1)).toEqual({ done: true })
  return values.filter(isFinding)
}

function isFinding(value: unknown): value is Finding {
  return typeof value === 'object' && value !== null && 'group' in value
}
