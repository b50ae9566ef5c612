import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { commandFor } from '../../../lib/lab/libraries.js'
import { run, start, temporaryFolder } from '../run.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const main = path.join(root, 'dist/lib/cli/main.js')

describe.concurrent('close-notify doctor', () => {
  test('says what works, in 80 columns, and why the exit code is what it is', async () => {
    const { exitCode, stdout, stderr } = await run('doctor')
    expect(stdout).toMatch(/^close-notify \S+ on Node \S+, \w+-\w+\n/)
    expect(stdout).toMatch(/\nAll works\.\n$/)
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80 + path.join(root, 'build').length)
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
  })

  test('prints JSON', async () => {
    const { exitCode, stdout } = await run('doctor', '--json')
    const found: unknown = JSON.parse(stdout)
    expect(found).toMatchObject({ format: 1, works: true, runtime: { name: 'Node', version: process.versions.node } })
    expect(exitCode).toBe(0)
  })

  test.each([['doctor', '--help'], ['help', 'doctor']])('prints its usage: %s %s', async (...args) => {
    const { exitCode, stdout } = await run(...args)
    expect(stdout).toMatch(/^Usage: close-notify doctor .*Exit codes: /s)
    expect(exitCode).toBe(0)
  })

  test.each([['--jsno'], ['elsewhere']])('refuses %s', async (argument) => {
    const { exitCode, stdout, stderr } = await run('doctor', argument)
    expect(stderr).toMatch(/^error: .*\n$/)
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })

  test('a process that its checks end is told of, and what was seen before', async () => {
    const closure = JSON.stringify(new URL('../../../dist/lib/closure/closure.js', import.meta.url).href)
    const preload = `import { Closure } from ${closure}
      Closure.prototype.shutdown = () => process.kill(process.pid, 'SIGKILL')`
    const url = `data:text/javascript,${encodeURIComponent(preload)}`
    const { ended } = start(['doctor'], [process.execPath, '--import', url, main])
    const { exitCode, stdout } = await ended
    expect(stdout).toMatch(/FAILS {4}the checks: the process that ran the checks\s+ended by SIGKILL/)
    expect(stdout).toContain('works    bidirectional, TLSv1.3: SSL_shutdown() is 0')
    expect(exitCode).toBe(1)
  })

  test('an addon that cannot be loaded is told of without a stack, and what to do', async () => {
    const { ended } = start(['doctor'], ['env', 'CLOSE_NOTIFY_BINARY=/nowhere.node', process.execPath, main])
    const { exitCode, stdout, stderr } = await ended
    expect(stdout).toMatch(/FAILS {4}close_notify\.node: \/nowhere\.node: .*to do: npm rebuild close-notify/s)
    expect(stdout).not.toMatch(/^ +at /m)
    expect(stderr).toBe('')
    expect(exitCode).toBe(1)
  })
})

describe('without the libraries of the other commands', () => {
  test('a line says how to install them, and doctor works', async () => {
    const place = path.join(temporaryFolder(), 'node_modules/close-notify')
    mkdirSync(place, { recursive: true })
    cpSync(path.join(root, 'dist/lib'), path.join(place, 'dist/lib'), { recursive: true })
    cpSync(path.join(root, 'package.json'), path.join(place, 'package.json'))
    const bare = (...args: readonly string[]) =>
      start(args, [
        'env',
        `CLOSE_NOTIFY_BINARY=${path.join(root, 'build/Release/close_notify.node')}`,
        process.execPath,
        path.join(place, 'dist/lib/cli/main.js'),
      ]).ended
    const { exitCode, stdout, stderr } = await bare('compare', '--list')
    expect(stderr).toMatch(
      /^close-notify: .*\(cli-progress, cli-table3, commander, socks\), run: npm install( [\w-]+@\^[\d.]+){4}\n$/,
    )
    expect(stdout).toBe('')
    expect(exitCode).toBe(3)
    const doctor = await bare('doctor')
    expect(doctor.stdout).toMatch(/note {5}its libraries: cli-progress, cli-table3, commander, socks not\s+installed/)
    expect(doctor.exitCode).toBe(0)
  })

  test.each([
    ['/home/me/app/node_modules/close-notify', 'npm install a@1 b@2'],
    ['/nowhere/lib/node_modules/close-notify', 'npm install --global a@1 b@2'],
    [
      '/home/me/.npm/_npx/0123abcd/node_modules/close-notify',
      'npx --package=close-notify --package=a@1 --package=b@2 close-notify',
    ],
    ['/home/me/close-notify', 'npm ci'],
  ])('in %s: %s', (folder, command) => {
    expect(commandFor(folder, ['a@1', 'b@2'])).toBe(command)
  })
})
