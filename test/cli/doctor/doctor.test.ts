import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { commandFor, isWithin } from '../../../lib/lab/libraries.js'
import { type Ended, run, start, temporaryFolder } from '../run.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const main = path.join(root, 'dist/lib/cli/main.js')

describe('close-notify doctor', () => {
  test('says what works, in 80 columns, and why the exit code is what it is', async () => {
    const { exitCode, stdout, stderr } = await run('doctor')
    expect(stdout).toMatch(/^close-notify \S+ on Node \S+, \w+-\w+\n/)
    expect(stdout).toMatch(/\nAll works\.\n$/)
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(
      80 + path.join(root, 'build').length,
    )
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
  })

  test('prints JSON', async () => {
    const { exitCode, stdout } = await run('doctor', '--json')
    const found: unknown = JSON.parse(stdout)
    expect(found).toMatchObject({ format: 1, works: true, runtime: { name: 'Node', version: process.versions.node } })
    expect(exitCode).toBe(0)
  })

  test.each([
    ['doctor', '--help'],
    ['help', 'doctor'],
  ])('prints its usage: %s %s', async (...args) => {
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

  test('a policy for all connections of the process is no fault, nor are other defaults of TLS', async () => {
    const register = new URL('../../../dist/lib/process/register.js', import.meta.url).href
    const policy = `CLOSE_NOTIFY_POLICY=${JSON.stringify({ mode: 'quiet' })}`
    const command = ['env', policy, process.execPath, '--tls-min-v1.3', '--import', register, main]
    const { exitCode, stdout } = await start(['doctor'], command).ended
    expect(stdout).not.toContain('FAILS')
    expect(exitCode).toBe(0)
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
    expect(stdout).toMatch(
      /FAILS {4}close_notify\.node: \/nowhere\.node: .*\n +to do: CLOSE_NOTIFY_BINARY names the only place/,
    )
    expect(stdout).not.toMatch(/^ +at /m)
    expect(stderr).toBe('')
    expect(exitCode).toBe(1)
  })
})

describe('without the libraries of the other commands', () => {
  test('a line says how to install them, and doctor works', async () => {
    const folder = bareInstallation()
    const { exitCode, stdout, stderr } = await bare(folder, 'compare', '--list')
    expect(stderr).toMatch(
      /^close-notify: .*\(cli-progress, cli-table3, commander, socks not installed\), run: npm install( [\w-]+@\^[\d.]+){4}\n$/,
    )
    expect(stdout).toBe('')
    expect(exitCode).toBe(3)
    const doctor = await bare(folder, 'doctor')
    expect(doctor.stdout).toMatch(/note {5}its libraries: cli-progress, cli-table3, commander, socks not\s+installed/)
    expect(doctor.exitCode).toBe(0)
  })

  test('a SOCKS proxy in code fails with the same command', async () => {
    const file = JSON.stringify(
      pathToFileURL(path.join(bareInstallation(), 'dist/lib/lab/transport/socks-proxy.js')).href,
    )
    const program = `import { socksTunnel } from ${file}
      await socksTunnel().catch((error) => console.log(error.reason, error.message))`
    const { stdout } = await start(['--input-type=module', '--eval', program], [process.execPath]).ended
    expect(stdout).toMatch(/^proxy .*\(socks not installed\), run: npm install socks@\^[\d.]+\n$/)
  })

  test('beside other versions, which a program has for itself, it names those and a command that leaves them alone', async () => {
    const folder = bareInstallation()
    const own = path.join(folder, '../commander')
    mkdirSync(own)
    writeFileSync(path.join(own, 'package.json'), '{"name":"commander","version":"2.20.3"}')
    writeFileSync(path.join(own, 'index.js'), '')
    const { exitCode, stderr } = await bare(folder, 'probe')
    expect(stderr).toMatch(
      /socks not installed; commander is of version 2\.20\.3\), run: npx --package=close-notify( --package=[\w-]+@\^[\d.]+){4} close-notify\n$/,
    )
    expect(exitCode).toBe(3)
  })

  test.each([
    ['14.0.0', '^14.0.0', true],
    ['14.2.1', '^14.0.0', true],
    ['15.0.0', '^14.0.0', false],
    ['2.8.10', '^2.8.11', false],
    ['2.9.0', '^2.8.11', true],
    ['0.6.5', '^0.6.5', true],
    ['0.6.6', '^0.6.5', true],
    ['0.6.4', '^0.6.5', false],
    ['0.7.0', '^0.6.5', false],
    ['1.0.0', '^0.6.5', false],
    ['3.12.0', '*', true],
  ])('%s within %s: %s', (version, range, expected) => {
    expect(isWithin(version, range)).toBe(expected)
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

/** The package in a node_modules without any other. */
function bareInstallation(): string {
  const folder = path.join(temporaryFolder(), 'node_modules/close-notify')
  mkdirSync(folder, { recursive: true })
  cpSync(path.join(root, 'dist/lib'), path.join(folder, 'dist/lib'), { recursive: true })
  cpSync(path.join(root, 'package.json'), path.join(folder, 'package.json'))
  return folder
}

function bare(folder: string, ...args: readonly string[]): Promise<Ended> {
  const binary = `CLOSE_NOTIFY_BINARY=${path.join(root, 'build/Release/close_notify.node')}`
  return start(args, ['env', binary, process.execPath, path.join(folder, 'dist/lib/cli/main.js')]).ended
}
