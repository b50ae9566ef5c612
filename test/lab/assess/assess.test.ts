import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { assess, type AssessOptions } from '../../../lib/lab/assess/assess.js'
import type { AssessedRun } from '../../../lib/lab/assess/result.js'
import { planOf } from '../../../lib/lab/assess/plan.js'
import { profileOf, serverProfileNames } from '../../../lib/lab/peers/profiles.js'
import { tlsVersions } from '../../../lib/tls/versions.js'
import { lacks, programOf } from '../../support/peers/programs.js'

const programOfOurs = (name: string) => fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url))
const lenient = [process.execPath, programOfOurs('lenient-client'), '{port}', '{ca}']
const waiting = [process.execPath, programOfOurs('waiting-client'), '{port}', '{ca}']

describe.skipIf(lacks('curl'))('curl', () => {
  test('takes the end of TCP for the end of a body without a length, and refuses every other truncation', async () => {
    const { command, env } = programOf('curl')
    const words = ['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), command]
    const args = ['-sS', '--noproxy', '*', '--cacert', '{ca}', '{url}']
    const assessment = await assess([...words, ...args], { timeout: 20_000 })
    const { summary, control, runs } = assessment
    expect(control).toMatchObject({ exitCode: 0, printed: { bytes: 20_000, body: 'whole' }, verdict: 'accepted' })
    // docs/study.md has found the same by another way.
    expect(summary).toMatchObject({
      verdict: 'failed',
      truncations: {
        'content-length': { accepted: 0, of: 7 },
        chunked: { accepted: 0, of: 6 },
        close: { accepted: 4, of: 5 },
      },
      hung: [],
      dataLost: [],
      notReached: [],
    })
    expect(runs.every(({ connections }) => connections.length > 0)).toBe(true)
    // An RST is no end to it either.
    expect(verdicts(runs, 'truncates-by-reset')).toMatchObject({ close: 'truncation refused' })
    // A fatal alert is no end to it, unless the length has said so before.
    expect(verdicts(runs, 'fatal-alert')).toEqual({ 'content-length': 'accepted', close: 'refused' })
    const polite = runs.find(({ profile }) => profile === 'polite')
    // Where our close_notify comes before it has closed, and is not read, its kernel sends RST.
    const closing: unknown = expect.stringMatching(/^close_notify\+(fin|reset)$/)
    expect(polite?.connections).toMatchObject([{ other: { closing, closeNotify: { order: 'before ours' } } }])
    expect(JSON.parse(JSON.stringify(assessment))).toEqual(assessment)
  })
})

test('a client that reads to any end accepts every truncation', async () => {
  const { summary, runs } = await assess(lenient, { profiles: ['truncates', 'answers'], timeout: 30_000 })
  expect(summary).toMatchObject({
    verdict: 'failed',
    truncations: {
      'content-length': { accepted: 3, of: 3 },
      chunked: { accepted: 3, of: 3 },
      close: { accepted: 3, of: 3 },
    },
  })
  const middle = runs.find(({ framing, sent }) => framing === 'close' && sent.kind === 'cut' && sent.at === 10_000)
  expect(middle).toMatchObject({ exitCode: 0, printed: { bytes: 10_000, body: 'cut' } })
  expect(middle?.connections).toMatchObject([{ profile: 'truncates', other: { closing: 'close_notify+fin' } }])
})

test('a client that takes no other body is given its own', async () => {
  const content = Buffer.from('0123456789abcdef\n'.repeat(8))
  const { control, runs } = await assess(lenient, { profiles: ['answers', 'truncates-by-reset'], content })
  expect(control.printed).toEqual({ bytes: content.length, body: 'whole' })
  expect(runs.find(({ framing, sent }) => framing === 'close' && sent.kind === 'cut')).toMatchObject({
    sent: { at: content.length / 2 },
  })
})

test('a client that waits without a limit hangs where nothing comes, and is killed', async () => {
  const { summary, runs } = await assess(waiting, { profiles: ['polite', 'silent'], timeout: 3000 })
  expect(summary).toMatchObject({ verdict: 'failed', hung: ['silent, content-length'] })
  expect(runs[1]).toMatchObject({ exitCode: null, signal: 'SIGKILL', printed: { body: 'whole' } })
})

test('of a command that fails in any case nothing is said', async () => {
  const { summary, control } = await assess(['sh', '-c', 'echo no {port} >&2; exit 7'], { profiles: ['truncates'] })
  expect(summary.verdict).toBe('not assessable')
  expect(control).toMatchObject({ exitCode: 7, verdict: 'not reached' })
  expect(control.stderr).toMatch(/^no \d+$/)
})

test.each(tlsVersions)('the servers offer %s alone where no other version is asked for', async (version) => {
  const { settings, control, runs } = await assess(lenient, { profiles: ['answers'], versions: [version] })
  expect(settings.versions).toEqual([version])
  const connections = [control, ...runs].flatMap((run) => run.connections)
  expect(connections.map(({ handshake }) => handshake)).toMatchObject([{ version }, { version }])
})

test('profiles that are for other versions are left out, unless they are named', async () => {
  const controller = new AbortController()
  const totals: number[] = []
  const onRun: AssessOptions['onRun'] = (_run, _done, total) => {
    totals.push(total)
    controller.abort(new Error('enough'))
  }
  const options = { versions: ['TLSv1.2'], signal: controller.signal, onRun } as const
  await expect(assess(lenient, options)).rejects.toThrow('enough')
  const fitting = serverProfileNames.filter((name) => profileOf(name).versions.includes('TLSv1.2'))
  expect(fitting).not.toContain('unread-tickets')
  expect(totals).toEqual([planOf(fitting, 20_000).length])
})

test('tells of each run, and ends at once by its signal', async () => {
  const told: string[] = []
  const controller = new AbortController()
  const options: AssessOptions = {
    profiles: ['truncates'],
    signal: controller.signal,
    onRun: (_run, done, total) => {
      told.push(`${done} of ${total}`)
      if (done === 2) controller.abort(new Error('enough'))
    },
  }
  await expect(assess(lenient, options)).rejects.toThrow('enough')
  expect(told).toEqual(['1 of 9', '2 of 9'])
})

test.each([
  { command: [], options: {} },
  { command: ['curl'], options: {} },
  { command: 'curl {url}', options: {} },
  { command: ['curl', '{url}'], options: { profiles: ['firefox'] } },
  { command: ['curl', '{url}'], options: { body: 10 } },
  { command: ['curl', '{url}'], options: { content: Buffer.alloc(10) } },
  { command: ['curl', '{url}'], options: { content: 'text' } },
  { command: ['curl', '{url}'], options: { body: 100, content: Buffer.alloc(100) } },
  { command: ['curl', '{url}'], options: { timeout: -1 } },
  { command: ['curl', '{url}'], options: { nonsense: 1 } },
  { command: ['curl', '{url}'], options: { versions: ['TLSv1.1'] } },
  { command: ['curl', '{url}'], options: { versions: ['TLSv1.2'], profiles: ['answers', 'unread-tickets'] } },
])('refuses $command with $options', async ({ command, options }) => {
  await expect(Reflect.apply(assess, undefined, [command, options])).rejects.toMatchObject({
    code: 'ERR_CLOSURE_INVALID_ARGUMENT',
  })
})

function verdicts(runs: readonly AssessedRun[], profile: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    runs.filter((run) => run.profile === profile).map(({ framing, verdict }) => [framing, verdict]),
  )
}
