import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { scenarios } from '../../../lib/lab/scenarios/suites/index.js'
import { start, descendantsOf, libraryThat, run, runOnTerminal, temporaryFolder } from '../run.js'
import type { Started } from '../run.js'
import { presentBuilds } from '../../support/builds.js'
import { isAlive } from '../../support/processes.js'

const someScenario = ['--scenario', 'openssl-incorrect-shutdown-0'] as const

describe('the command line of compare', () => {
  test('has examples in its help, and each of them is a command line that it takes', async () => {
    const { exitCode, stdout } = await run('compare', '--help')
    expect(exitCode).toBe(0)
    const examples = [...stdout.matchAll(/^ {2}close-notify (compare .*)$/gm)].map(([, line = '']) => line)
    expect(examples.length).toBeGreaterThan(2)
    const folder = temporaryFolder()
    const file = path.join(folder, 'libssl.so')
    writeFileSync(file, '')
    for (const example of examples) {
      const here = example
        .replace(/\S+libssl\.so\S*/, file)
        .replace('.cache/libssl', folder)
        .replace('--from openssl-3.0 --to openssl-3.5', `--from node --to ${file}`)
        .replaceAll("'", '')
      const listed = `${here.replace(/ --list| --json --output \S+/, '')} --list`
      expect(await run(...listed.split(' '))).toMatchObject({ stderr: '', exitCode: 0 })
    }
  })

  test.each([
    { args: ['compare', '--nonsense'], says: "unknown option '--nonsense'" },
    { args: ['compare', '--librari', 'x'], says: '--library' },
    { args: ['compare', '--tls', 'TLSv1.1'], says: 'Allowed choices are TLSv1.2, TLSv1.3' },
    { args: ['compare', '--scenario', 'nonsense'], says: "no scenario is called 'nonsense'" },
    { args: ['compare', '--json', '--csv'], says: 'cannot be used with' },
    { args: ['compare', '--list', '--markdown'], says: 'cannot be used with' },
    { args: ['compare', '--library', '/absent/libssl.so.3'], says: '/absent/libssl.so.3' },
    { args: ['compare', '--builds', '/absent'], says: 'There is no such folder' },
    { args: ['compare', '--output', '/absent/file'], says: 'There is no such folder' },
    { args: ['compare', '--no-own', '--builds', '/proc/self/fd'], says: 'no build to compare' },
  ])('refuses $args, says why, and does nothing', async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await run(...args)
    expect(stderr).toContain(says)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })
})

describe('compare', () => {
  test('lists every scenario, and the builds', async () => {
    const { exitCode, stdout } = await run('compare', '--list')
    for (const { name, versions, title } of scenarios) {
      const line = stdout.split('\n').find((candidate) => candidate.startsWith(`  ${name} `))
      expect(line?.split(/ {2,}/)).toEqual(['', name, versions.join(' '), title])
    }
    for (const { name } of presentBuilds()) expect(stdout).toContain(name)
    expect(exitCode).toBe(0)
  })

  test('takes a part of the scenarios by name', async () => {
    const { stdout } = await run('compare', '--list', '--scenario', 'openssl-*', '--tls', 'TLSv1.2')
    const listed = [...stdout.matchAll(/^ {2}(\S+-\S+) +TLSv/gm)].map(([, name]) => name)
    const expected = scenarios.filter(({ name, versions }) => /^openssl-/.test(name) && versions.includes('TLSv1.2'))
    expect(listed).toEqual(expected.map(({ name }) => name))
  })

  test("runs on Node's own libssl, without a colour and without progress where there is no terminal", async () => {
    const own = ['--builds', temporaryFolder()]
    const { exitCode, stdout, stderr } = await run('compare', ...own, ...someScenario, '--all-rows')
    expect(stdout).toContain(`node-${process.versions.node} (OpenSSL ${process.versions.openssl.split('+')[0] ?? ''}`)
    expect(stdout).toContain('│ handshake')
    expect(stdout + stderr).not.toContain('\u001b')
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
  })

  test('prints JSON that is the same every time but for the date', async () => {
    const once = async (): Promise<string> => {
      const { exitCode, stdout, stderr } = await run(
        'compare',
        '--builds',
        temporaryFolder(),
        ...someScenario,
        '--json',
      )
      expect(stderr).toBe('')
      expect(exitCode).toBe(0)
      return stdout
    }
    const [first, second] = [await once(), await once()]
    const comparison: unknown = JSON.parse(first)
    expect(comparison).toMatchObject({
      format: 1,
      builds: [{ id: `node-${process.versions.node}`, status: 'loaded', kind: 'OpenSSL' }],
      scenarios: [
        { name: someScenario[1], tls: 'TLSv1.2', differences: [] },
        { name: someScenario[1], tls: 'TLSv1.3', differences: [] },
      ],
    })
    const date = /"date": "\d{4}-\d\d-\d\dT[\d:.]+Z"/
    expect(first).toMatch(date)
    expect(second.replace(date, '')).toBe(first.replace(date, ''))
  })

  test('tells two Nodes of one version apart, the second by its path', async () => {
    const other = path.join(temporaryFolder(), 'node')
    writeFileSync(other, `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 })
    const replaced = ['--from', 'node', '--to', other]
    const { exitCode, stdout, stderr } = await run('compare', '--node', other, ...replaced, ...someScenario)
    expect(stdout).toMatch(new RegExp(`^node-\\S+ \\(.*\\) -> ${other} \\(`))
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  })

  test('writes to a file instead of stdout', async () => {
    const file = path.join(temporaryFolder(), 'result.csv')
    const own = ['--builds', temporaryFolder()]
    const { exitCode, stdout } = await run('compare', ...own, ...someScenario, '--csv', '--output', file)
    expect(stdout).toBe('')
    expect(readFileSync(file, 'utf8').split('\r\n')[0]).toMatch(/^scenario,tls,build,/)
    expect(exitCode).toBe(0)
  })

  test('says why a file cannot be written, and ends with 1', async () => {
    const folder = temporaryFolder()
    const { exitCode, stdout, stderr } = await run('compare', '--list', '--output', folder)
    expect(stderr).toMatch(/^error: EISDIR.*\n$/)
    expect(stdout).toBe('')
    expect(exitCode).toBe(1)
  })

  test('leaves quietly when its reader has gone', async () => {
    const { child, ended } = start(['compare', '--builds', temporaryFolder(), '--all-rows'])
    child.stdout?.destroy()
    const { exitCode, stderr } = await ended
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
  })
})

describe('compare, where a build is none', () => {
  test('names a file that is no library, shows the others, and ends with 1', async () => {
    const file = path.join(temporaryFolder(), 'libssl.so.3')
    writeFileSync(file, 'not a library')
    const { exitCode, stdout, stderr } = await run('compare', '--library', file, ...someScenario, '--all-rows')
    expect(stdout).toContain(file)
    expect(stdout).toContain('NOT LOADED: ERR_OPENSSL_NOT_A_LIBRARY')
    expect(stdout).toContain('│ handshake')
    expect(stderr).toBe('')
    expect(exitCode).toBe(1)
  })

  test.each([
    { statement: 'raise(SIGSEGV);', says: 'SIGSEGV' },
    { statement: '_exit(3);', says: 'exit code 3' },
    {
      statement: 'static const char m[] = "as the test wants it"; write(2, m, sizeof m - 1); raise(SIGABRT);',
      says: 'as the test wants it',
    },
  ])('tells of a library that does $statement when it is loaded', async ({ statement, says }) => {
    const { exitCode, stdout } = await run('compare', '--library', libraryThat(statement), ...someScenario, '--json')
    const comparison: unknown = JSON.parse(stdout)
    expect(comparison).toMatchObject({ builds: [{ status: 'loaded' }, { status: 'crashed' }] })
    expect(stdout).toContain(says)
    expect(exitCode).toBe(1)
  })
})

describe('compare on a terminal', () => {
  const own = (): readonly string[] => ['compare', '--builds', temporaryFolder(), ...someScenario, '--all-rows']

  test('shows colours', async () => {
    const { exitCode, stdout } = await runOnTerminal(120, own())
    expect(stdout).toContain(`\u001b[1m${someScenario[1]}\u001b[22m`)
    expect(exitCode).toBe(0)
  })

  test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('shows none with %o', async (variables) => {
    const { stdout } = await runOnTerminal(120, own(), variables)
    expect(stdout).toContain(someScenario[1])
    expect(stdout).not.toContain('\u001b[1m')
  })

  test.each([50, 80, 160])('keeps within %i columns', async (columns) => {
    const { stdout } = await runOnTerminal(columns, own(), { NO_COLOR: '1' })
    // Without what erases the bar.
    const lines = stdout.slice(stdout.indexOf('Builds')).split('\r\n')
    expect(lines).toContain('Tables that differ: 0 of 1')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
  })
})

describe('compare, when it takes long', () => {
  const slow = (): readonly string[] => ['compare', '--library', libraryThat('sleep(3); _exit(3);'), ...someScenario]

  test('shows on a terminal how far it is', async () => {
    const { stdout } = await runOnTerminal(120, slow())
    expect(stdout).toMatch(/\u2588.* of 4 runs of scenarios/)
    expect(stdout).toContain('4 of 4 runs of scenarios')
    expect(stdout.indexOf('runs of scenarios')).toBeLessThan(stdout.indexOf('Builds'))
  })

  test('shows nothing of that elsewhere', async () => {
    const { stdout, stderr } = await run(...slow())
    expect(stdout).not.toContain('runs of scenarios')
    expect(stderr).toBe('')
  })
})

describe('compare, interrupted', () => {
  const hangs = (): readonly string[] => ['compare', '--library', libraryThat('for (;;) pause();'), ...someScenario]

  test.each([
    { signal: 'SIGINT', whole: true, code: 130 },
    { signal: 'SIGINT', whole: false, code: 130 },
    { signal: 'SIGTERM', whole: false, code: 143 },
  ] as const)('by $signal (to the whole group: $whole) ends with $code and leaves no process', async (how) => {
    const started = start(hangs())
    const { pid, children } = await withChildren(started)
    process.kill(how.whole ? -pid : pid, how.signal)
    const { exitCode, stdout, stderr } = await started.ended
    expect(stdout + stderr).toBe('')
    expect(exitCode).toBe(how.code)
    for (const child of children) expect(() => process.kill(child, 0)).toThrow('ESRCH')
  })

  test('by SIGKILL leaves no process that can still do anything', async () => {
    const started = start(['compare', ...Array.from({ length: 2 }).flatMap(() => ['--scenario', '*'])])
    const { pid, children } = await withChildren(started)
    process.kill(pid, 'SIGKILL')
    await started.ended
    await expect.poll(() => children.filter(isAlive), { timeout: 20_000 }).toEqual([])
  })

  async function withChildren({ child }: Started): Promise<{ pid: number; children: readonly number[] }> {
    const { pid } = child
    if (pid === undefined) throw new Error('Expected the program to start')
    await expect.poll(() => descendantsOf(pid).length, { timeout: 20_000 }).toBeGreaterThan(0)
    return { pid, children: descendantsOf(pid) }
  }
})
