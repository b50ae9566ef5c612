// Run from a folder in which the packed package is installed: `close-notify doctor` says that all works, or on a runtime whose TLS is
// not OpenSSL what does not, and ends with the exit code for it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { runtime } from './runtime.mjs'

const program = 'node_modules/close-notify/dist/lib/cli/main.js'
const { deno, bun } = process.versions
const before = deno ? ['run', '--no-prompt', '--allow-all'] : []
const { status, stdout, stderr } = spawnSync(process.execPath, [...before, program, 'doctor', '--json'], {
  encoding: 'utf8',
})
assert.equal(stderr, '')
const { works, checks } = JSON.parse(stdout)
assert.equal(status, works ? 0 : 1)
const failing = checks.filter((check) => check.status === 'fails')
if (deno || bun) assert.match(failing[0]?.detail ?? '', /is not OpenSSL/)
else assert.deepEqual(failing, [])
console.log(`${runtime}: ${checks.length} checks, ${failing.length} of them fail`)
