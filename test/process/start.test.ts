// How a process comes under a policy: by --import or --require, by NODE_OPTIONS, in workers and children, from a variable
// or a file; and how a start with a wrong policy ends.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { installedPackage } from './installed.js'

const { folder, run, write } = installedPackage()

const register = 'close-notify/register'
const bidirectional = { mode: 'bidirectional' }

/** The modes of app.mjs' server, which is the side that closes, in each run of it. */
function modesOf(facts: readonly unknown[]): readonly unknown[] {
  return facts.map((fact) => {
    const reports: unknown = typeof fact === 'object' && fact !== null ? Reflect.get(fact, 'reports') : undefined
    if (!Array.isArray(reports)) return fact
    return reports
      .filter((report: unknown) => Reflect.get(Object(report), 'side') === 'server')
      .map((report: unknown): unknown => Reflect.get(Object(report), 'mode'))
      .at(0)
  })
}

describe('a policy is laid on', () => {
  test.each([
    ['--import', ['--import', register, 'app.mjs'], {}],
    ['--import twice', ['--import', register, '--import', register, 'app.mjs'], {}],
    ['--require', ['--require', register, 'app.mjs'], {}],
    ['NODE_OPTIONS', ['app.mjs'], { NODE_OPTIONS: `--import ${register}` }],
    ['a CommonJS program', ['--import', register, 'app.cjs'], {}],
    ['a worker', ['--import', register, 'starts.mjs', 'worker'], {}],
    ['a worker, NODE_OPTIONS', ['starts.mjs', 'worker'], { NODE_OPTIONS: `--import ${register}` }],
    ['a worker of a text, --require', ['--require', register, 'starts.mjs', 'worker of a text'], {}],
    ['a child of fork()', ['--import', register, 'starts.mjs', 'fork'], {}],
    ['a worker of a cluster', ['--import', register, 'starts.mjs', 'cluster'], {}],
    ['a child of spawn(), NODE_OPTIONS', ['starts.mjs', 'spawn'], { NODE_OPTIONS: `--import ${register}` }],
  ])('%s', async (_how, args, env) => {
    const { code, facts, stderr } = await run(args, { policy: bidirectional, env })
    expect({ code, stderr, modes: modesOf(facts) }).toEqual({ code: 0, stderr: '', modes: ['bidirectional'] })
  })

  test('NODE_OPTIONS with the path of the file, for children that run in other folders', async () => {
    const file = pathToFileURL(path.join(folder(), 'node_modules/close-notify/dist/lib/process/register.js')).href
    const { facts } = await run(['starts.mjs', 'spawn'], {
      policy: bidirectional,
      env: { NODE_OPTIONS: `--import ${file}` },
    })
    expect(modesOf(facts)).toEqual(['bidirectional'])
  })

  test.each(['mjs', 'cjs'])(
    "what a policy.%s exports beside it is the program's too: learned waiting and its metrics",
    async (type) => {
      const [take, give] =
        type === 'mjs'
          ? ["import { learnedWaiting } from 'close-notify'", 'export { learned, policy as default }']
          : ["const { learnedWaiting } = require('close-notify')", 'module.exports = { learned, default: policy }']
      const policy = "const learned = learnedWaiting(), policy = { mode: 'bidirectional', waitTimeout: learned }"
      write(`learned.${type}`, [take, policy, give].join('\n'))
      write(
        'metered.mjs',
        `import * as module from './learned.${type}'
      import { collectClosures } from 'close-notify/metrics/prometheus'
      const { learned } = module
      const { register } = collectClosures({ learned })
      await import('./one-connection.mjs')
      const [{ values }] = (await register.getMetricsAsJSON()).filter(({ name }) => name === 'close_notify_learned_peers')
      process.stdout.write(JSON.stringify({ misses: learned.counters.misses, peers: values[0].value }))`,
      )
      const { code, facts, stderr } = await run(['--import', register, 'metered.mjs'], { policy: `learned.${type}` })
      expect({ code, facts, stderr }).toEqual({ code: 0, facts: [{ misses: 1, peers: 1 }], stderr: '' })
    },
  )

  // Node does not run --import there, as of Node 26.
  test.each([
    ['a worker of a text, --import', 'worker of a text'],
    ['a child of spawn() without NODE_OPTIONS', 'spawn'],
  ])('not on %s', async (_what, how) => {
    const { code, facts } = await run(['--import', register, 'starts.mjs', how], { policy: bidirectional })
    expect({ code, facts }).toEqual({ code: 0, facts: [{ text: 'hello', reports: [] }] })
  })

  test('a worker has the policy of its own environment', async () => {
    const args = ['--import', register, 'starts.mjs', 'worker with another policy']
    expect(modesOf((await run(args, { policy: bidirectional })).facts)).toEqual(['quiet'])
  })
})

describe('CLOSE_NOTIFY_POLICY', () => {
  const json = JSON.stringify(bidirectional)

  test.each([
    ['JSON', json, '', ''],
    ['JSON with space around it', ` \n${json}\n`, '', ''],
    ['a path of JSON', 'policy.json', 'policy.json', json],
    ['a path with a dot', './other.json', 'other.json', json],
    [
      'an ES module',
      './policy.mjs',
      'policy.mjs',
      "export default { perConnection: () => ({ mode: 'bidirectional' }) }",
    ],
    ['a CommonJS module', 'policy.cjs', 'policy.cjs', `module.exports = ${json}`],
    ['a module of the kind that package.json says', 'policy.js', 'policy.js', `module.exports = ${json}`],
    ['servers', JSON.stringify({ servers: bidirectional }), '', ''],
    ['servers before all', JSON.stringify({ mode: 'quiet', servers: bidirectional }), '', ''],
    ['an override', JSON.stringify({ overrides: [{ host: 'localhost', ...bidirectional }] }), '', ''],
  ])('is %s', async (_what, policy, name, text) => {
    if (name !== '') write(name, text)
    const { code, facts, stderr } = await run(['--import', register, 'app.mjs'], { policy })
    expect({ code, stderr, modes: modesOf(facts) }).toEqual({ code: 0, stderr: '', modes: ['bidirectional'] })
  })

  test.each([undefined, '', ' '])('may be missing: %j', async (policy) => {
    const { facts } = await run(['--import', register, 'app.mjs'], { policy })
    expect(modesOf(facts)).toEqual(['unidirectional'])
  })

  test('is an absolute path, or a URL', async () => {
    write('policy.json', json)
    const file = path.join(folder(), 'policy.json')
    for (const policy of [file, pathToFileURL(file).href]) {
      expect(modesOf((await run(['--import', register, 'app.mjs'], { policy })).facts)).toEqual(['bidirectional'])
    }
  })
})

const modes = "'quiet', 'unidirectional', 'bidirectional'"

test.each([
  ['{"mode":"silent"}', `Expected ${modes} for CLOSE_NOTIFY_POLICY.mode but received 'silent'`],
  ['{"clients":{"mode":3}}', `Expected ${modes} for CLOSE_NOTIFY_POLICY.clients.mode but received 3`],
  ['{"servers":"on"}', "Expected the options of a policy, or 'off', for CLOSE_NOTIFY_POLICY.servers but received 'on'"],
  ['{"waitTimout":3}', /^Expected one of the keys mode, .* for CLOSE_NOTIFY_POLICY but received 'waitTimout'$/],
  [
    '{"overrides":[{"port":0}]}',
    'Expected a whole number from 1 to 65535 for CLOSE_NOTIFY_POLICY.overrides[0].port but received 0',
  ],
  ['{"mode":', /^Expected JSON for CLOSE_NOTIFY_POLICY but received {"mode": \(.*JSON.*\)$/],
  ['[]', 'Expected an object of options for CLOSE_NOTIFY_POLICY but received []'],
  // A memory is no JSON: it needs a module.
  [
    '{"mode":"bidirectional","waitTimeout":"learned"}',
    /^Expected a whole number of ms, 0 or more, or what learnedWaiting\(\) returns for CLOSE_NOTIFY_POLICY\.waitTimeout but received 'learned'$/,
  ],
  [
    'nowhere.json',
    /^Expected JSON that begins with {, or the path .* but received \S+nowhere.json, which cannot be loaded: ENOENT/,
  ],
  [
    'nowhere.js',
    /^Expected JSON that begins with {, or the path .* but received \S+nowhere.js, which cannot be loaded: Cannot find/,
  ],
  [
    'throws.cjs',
    /^Expected JSON that begins with {, or the path .* but received \S+throws.cjs, which cannot be loaded: thrown$/,
  ],
])('a wrong policy ends the start: %s', async (policy, expected) => {
  write('throws.cjs', "throw new Error('thrown')")
  const { code, facts, stderr } = await run(['--import', register, 'app.mjs'], { policy })
  const [message = ''] = stderr.split('\n')
  expect(message).toMatch(/^close-notify\/register: /)
  expect(message.slice('close-notify/register: '.length)).toMatch(expected)
  expect(stderr).toMatch(
    /\nThe program was not started\. Mend CLOSE_NOTIFY_POLICY .*leave out --import close-notify\/register\.\n$/,
  )
  expect({ code, facts }).toEqual({ code: 9, facts: [] })
})

test('a wrong policy of a worker is an error of that worker', async () => {
  const args = ['--import', register, 'starts.mjs', 'worker with a wrong policy']
  const { code, facts } = await run(args, { policy: bidirectional })
  const message = `Expected ${modes} for CLOSE_NOTIFY_POLICY.mode but received 'silent'`
  expect({ code, facts }).toEqual({ code: 0, facts: [{ code: 'ERR_CLOSURE_INVALID_ARGUMENT', message }] })
})

test('without its addon the start ends, and says what was tried', async () => {
  const env = { CLOSE_NOTIFY_BINARY: path.join(folder(), 'no-such.node') }
  const { code, facts, stderr } = await run(['--import', register, 'app.mjs'], { env })
  expect(stderr).toMatch(/^close-notify\/register: The addon of close-notify could not be loaded .*no-such\.node/s)
  expect({ code, facts }).toEqual({ code: 9, facts: [] })
})
