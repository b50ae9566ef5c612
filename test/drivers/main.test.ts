// `npm run drivers` as a person calls it. What it measures is run on demand, and five of it in CI.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { childrenOf } from '../support/processes.js'
import { drivers, shortForm } from './drivers/index.js'
import { subjects } from './recipes/subjects.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isInstalled = existsSync(`${root}/.cache/drivers/installed-package-lock.json`)

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [`${root}/dist/test/drivers/main.js`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function ended(child: ChildProcess, stdout: Promise<string>, stderr: Promise<string>) {
  await once(child, 'close')
  return { code: child.exitCode, stdout: await stdout, stderr: await stderr }
}

function run(args: readonly string[]) {
  const child = start(args)
  return ended(child, text(child.stdout), text(child.stderr))
}

test('--help has the options, the five and the exit codes', async () => {
  const { code, stdout } = await run(['--help'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/--only <list>[\s\S]*--json[\s\S]*Exit codes: 0 /)
  for (const name of shortForm) expect(stdout).toContain(name)
})

test('--list names every driver', async () => {
  const { code, stdout } = await run(['--list'])
  expect(code).toBe(0)
  expect(stdout.match(/^\S+/gm)).toEqual(drivers.map(({ name }) => name))
})

test('--recipes --list names every driver of a recipe', async () => {
  const { code, stdout } = await run(['--recipes', '--list'])
  expect(code).toBe(0)
  expect(stdout.match(/^\S+/gm)).toEqual(subjects.map(({ name }) => name))
})

test.each([
  { args: ['--only', 'mysql'], says: 'There is no driver mysql: see --list.' },
  { args: ['--recipes', '--only', 'got'], says: 'There is no driver got: see --list.' },
  { args: ['--recipes', '--short'], says: '--short is not for --recipes' },
  { args: ['--recipes', '--pairs', '0'], says: 'Expected a whole number above 0.' },
  { args: ['--fast'], says: "unknown option '--fast'" },
])('$args is refused', async ({ args, says }) => {
  const { code, stderr } = await run(args)
  expect(code).toBe(2)
  expect(stderr).toContain(says)
})

test.skipIf(!isInstalled).each([
  { args: ['--only', 'got'], name: 'got' },
  { args: ['--recipes', '--only', 'basic-ftp'], name: 'basic-ftp' },
])('SIGTERM ends $args, its server and its program, and removes their folder', async ({ args, name }) => {
  const child = start(args)
  const stdout = text(child.stdout)
  const begun = once(child.stderr, 'data')
  child.stderr.resume()
  await begun
  const folders = () => readdirSync(tmpdir()).filter((each) => each.startsWith(`close-notify-field-${name}-`))
  // The server is the first that it starts when it has a folder.
  const children = () => (folders().length === 0 ? [] : childrenOf(child.pid ?? 0))
  while (children().length === 0) await new Promise((next) => setTimeout(next, 5))
  const [before, started] = [folders(), children()]
  child.kill('SIGTERM')
  await once(child, 'close')
  expect(child.exitCode).toBe(143)
  expect(await stdout).toBe('')
  expect(started.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
  expect(folders().filter((each) => before.includes(each))).toEqual([])
})
