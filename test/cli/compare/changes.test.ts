// compare --from --to, --build and --scenarios, as a user runs them.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { renderChangesAsMarkdown } from '../../../lib/cli/compare/render/changes-markdown.js'
import { renderChanges } from '../../../lib/cli/compare/render/changes-text.js'
import { plainStyle } from '../../../lib/cli/style.js'
import { changesOf } from '../../../lib/lab/compare/changes.js'
import type { Changes } from '../../../lib/lab/compare/changes.js'
import { presentBuilds } from '../../support/builds.js'
import { build, ran, readEof, readEofOf111, scenario, shutdown } from '../../lab/compare/comparison.js'
import { run, temporaryFolder } from '../run.js'

const folder = fileURLToPath(new URL('../../../.cache/libssl', import.meta.url))
const names = presentBuilds().flatMap(({ name, libssl }) => (libssl === undefined ? [] : [name]))
const has = (...wanted: readonly string[]) => wanted.every((name) => names.includes(name))

const eofScenarios = ['--scenario', 'openssl-incorrect-shutdown-0', 'lab-eof-twice', 'lab-write-after-received']

describe('compare --from --to', () => {
  test.runIf(has('openssl-1.1.1', 'openssl-3.0'))('tells one cause for all that EOF changes', async () => {
    // Found where the fetch script has put them.
    const pair = ['--from', 'openssl-1.1.1', '--to', 'openssl-3.0', ...eofScenarios]
    const { exitCode, stdout, stderr } = await run('compare', ...pair)
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^OpenSSL 1\.1\.1\w+ -> OpenSSL 3\.0\.\d+$/m)
    expect(stdout.match(/^\* /gm)).toEqual(['* '])
    expect(stdout).toContain('EOF without close_notify (10 steps of 2 scenarios)')
    expect(stdout.match(/seen in/g)).toHaveLength(1)
    const all = await run('compare', ...pair, '--all-steps')
    expect(all.stdout.match(/ -> /g)).toHaveLength(1 + 10)
  })

  test.runIf(has('openssl-3.0'))('takes node and paths, and prints JSON', async () => {
    const { exitCode, stdout } = await run(
      ...['compare', '--from', path.join(folder, 'openssl-3.0'), '--to', 'node', '--json', ...eofScenarios],
    )
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      format: 1,
      from: { id: 'openssl-3.0' },
      to: { id: `node-${process.versions.node}` },
      failures: [],
    })
  })

  test('tells that a library could not be loaded, and ends with 1', async () => {
    const file = path.join(temporaryFolder(), 'libssl.so.3')
    writeFileSync(file, 'not a library')
    const { exitCode, stdout } = await run('compare', '--from', 'node', '--to', file, ...eofScenarios)
    expect(stdout).toContain('NOT LOADED: ERR_OPENSSL_NOT_A_LIBRARY')
    expect(exitCode).toBe(1)
  })

  test.each([
    { args: ['--from', 'node'], says: '--from needs --to' },
    { args: ['--to', 'node'], says: '--to needs --from' },
    { args: ['--from', 'node', '--to', 'node'], says: 'name two builds' },
    { args: ['--from', 'node', '--to', 'nonsense'], says: "but received 'nonsense'" },
    { args: ['--from', 'node', '--to', 'x', '--csv'], says: 'cannot be used with' },
    { args: ['--all-steps'], says: '--all-steps needs --from and --to' },
    { args: ['--build', 'nonsense'], says: "but received 'nonsense'" },
    { args: ['--scenarios', '/absent.json'], says: '/absent.json: it cannot be read' },
  ])('refuses $args', async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await run('compare', ...args)
    expect(stderr).toContain(says)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })
})

describe('compare --build', () => {
  test.runIf(has('openssl-3.0', 'openssl-3.5'))(
    'picks builds by name, and the first of two is the one before',
    async () => {
      const { stdout } = await run(
        ...['compare', '--builds', folder, '--build', 'openssl-3.5', 'openssl-3.0', '--json'],
        ...['--scenario', 'lab-user-canceled-first', '--tls', 'TLSv1.3'],
      )
      const comparison: unknown = JSON.parse(stdout)
      const usual: unknown = expect.stringContaining('SSL_ERROR_SYSCALL')
      expect(comparison).toMatchObject({
        builds: [{ id: 'openssl-3.5' }, { id: 'openssl-3.0' }],
        scenarios: [{ differences: [{ usual }] }],
      })
    },
  )

  test.runIf(names.length > 1)('takes a pattern, and node for the own one', async () => {
    const { stdout } = await run('compare', '--builds', folder, '--build', 'node', '*ssl*', '--list')
    const listed = stdout.slice(stdout.indexOf('Builds')).match(/^ {2}(\S+)/gm) ?? []
    expect(listed.map((line) => line.trim())).toEqual([`node-${process.versions.node}`, ...names])
  })
})

describe('compare --scenarios', () => {
  test('runs the example of docs/compare.md, and nothing else', async () => {
    const page = readFileSync(new URL('../../../docs/compare.md', import.meta.url), 'utf8')
    const [, example = ''] = /```json scenario\n([\s\S]*?)```/.exec(page) ?? []
    expect(example.split('\n').length).toBeLessThan(15)
    const file = path.join(temporaryFolder(), 'mine.json')
    writeFileSync(file, example)
    const own = ['--builds', temporaryFolder(), '--scenarios', file]
    const { exitCode, stdout, stderr } = await run('compare', ...own, '--all-rows')
    expect(stderr).toBe('')
    expect(stdout).toMatch(/server SSL_write +│ 10 \[RECEIVED\]/)
    expect(stdout).toContain('Tables that differ: 0 of 1')
    expect(exitCode).toBe(0)
  })

  test('names what is wrong in a file', async () => {
    const file = path.join(temporaryFolder(), 'wrong.json')
    writeFileSync(file, JSON.stringify({ name: 'mine', steps: [{ do: 'handshake' }, { do: 'SSL_read', by: 'me' }] }))
    const { exitCode, stderr } = await run('compare', '--scenarios', file)
    const place = `${file}, scenario 'mine', step 2 (me SSL_read), by`
    expect(stderr).toBe(`error: ${place}: expected 'client', 'server' but received 'me'\n`)
    expect(exitCode).toBe(2)
  })
})

describe('what changes, rendered', () => {
  test('fits into the terminal, but for the names of scenarios', () => {
    const text = renderChanges(changes(), { width: 60, style: plainStyle, allSteps: true })
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60)
  })

  test('has what no known cause explains, with both results', () => {
    const text = renderChanges(changes(), { width: Infinity, style: plainStyle, allSteps: false })
    expect(text).toMatch(
      /^\* SSL_shutdown, no known cause \(1 step of 1 scenario\)\n {2}old +0 \[SENT\]\n {2}new +1 \[SENT\]$/m,
    )
  })

  test('as markdown is a row for each cause, and no pipe of a result ends a cell', () => {
    const page = renderChangesAsMarkdown(changes(), { allSteps: true })
    const rows = page.split('\n').filter((line) => line.startsWith('| **'))
    expect(rows).toHaveLength(2)
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(6)
  })
})

function changes(): Changes {
  const [from, to] = [build('a', 'OpenSSL 1.1.1w'), build('b', 'OpenSSL 3.0.20')]
  const before = from.status === 'loaded' ? { ...from, versionNumber: 0x1010117f } : from
  const results = { a: ran(shutdown, readEofOf111), b: ran({ ...shutdown, value: 1 }, readEof) }
  return changesOf({ builds: [before, to], scenarios: [scenario('lab-one', results)] }, 'a', 'b')
}
