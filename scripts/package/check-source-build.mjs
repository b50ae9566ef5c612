// Installs a packed package, takes its prebuilt binaries away, as on a system that has none, and does what the error says:
// without a compiler, to see what it asks for, then with one.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'

const usage = `Usage: node scripts/package/check-source-build.mjs TARBALL KEY CERT EMPTY-FOLDER

Installs the packed package without its prebuilt binaries, builds it as its error says, and closes a connection with that key
and certificate, for localhost. Needs npm, a C++ compiler, make and python3.

Exit code 0: it works. 1: it does not. 2: the call was wrong.
`
helpIfAsked(usage)

const [tarball, key, cert, folder] = process.argv.slice(2).map((path) => resolve(path))
if (folder === undefined || readdirSync(folder).length > 0) {
  process.stderr.write(usage)
  process.exit(2)
}
// As in a shell of a user: not what the npm that may run this has told its scripts.
const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$)/i.test(name))
const environment = Object.fromEntries(inherited)

writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
copyFileSync(fileURLToPath(new URL('smoke/clean-close.mjs', import.meta.url)), join(folder, 'program.mjs'))
expectEnd(run(['npm', 'install', '--no-audit', '--no-fund', tarball]), 0)
rmSync(join(folder, 'node_modules/close-notify/prebuilds'), { recursive: true })

const failed = run([process.execPath, 'program.mjs', key, cert])
expectEnd(failed, 1)
assert.match(failed.stderr, /ERR_CLOSURE_LOAD_FAILED/)
const command = adviceIn(failed.stderr, /To build it here, with a C\+\+ compiler, make and python3: (.+)/)
console.log(`without a binary: ${command.join(' ')}`)

const withoutTools = run(command, { ...environment, PATH: withOnly(['node', 'npm']) })
expectEnd(withoutTools, 1)
assert.match(withoutTools.stderr, /found +g\+\+: not found/)
assert.deepEqual(adviceIn(withoutTools.stderr, /to do +.+, then: (.+)/), command)
console.log(`without a compiler: ${withoutTools.stderr.match(/to do .*/)?.[0]}`)

expectEnd(run(command), 0)
const closed = run([process.execPath, 'program.mjs', key, cert])
expectEnd(closed, 0)
console.log(`built: ${closed.stdout.trim()}`)
// Nothing is done where it is there.
const again = run([...command, '--if-needed'])
expectEnd(again, 0)
assert.equal(again.stdout + again.stderr, '')

function run([command, ...args], env = environment) {
  const options = { cwd: folder, env, encoding: 'utf8', timeout: 5 * 60_000, maxBuffer: 64 * 1024 * 1024 }
  return spawnSync(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
}

function expectEnd({ status, signal, stdout, stderr, error }, code) {
  if (error !== undefined) throw error
  assert.equal(status, code, `expected exit code ${code}, received ${signal ?? status}:\n${stdout}\n${stderr}`)
}

function adviceIn(text, pattern) {
  const advice = text.match(pattern)?.[1]
  assert.ok(advice !== undefined, `expected ${pattern} in:\n${text}`)
  return advice.split(' ')
}

/** A PATH on which there is nothing but some programs. */
function withOnly(programs) {
  const tools = join(folder, 'tools')
  mkdirSync(tools)
  for (const program of programs) {
    const place = (environment.PATH ?? '').split(delimiter).find((path) => existsSync(join(path, program)))
    assert.ok(place !== undefined, `expected ${program} in PATH`)
    symlinkSync(join(place, program), join(tools, program))
  }
  return tools
}
