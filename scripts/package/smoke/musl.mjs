// Run from a folder in which the packed package is installed, on a runtime of musl: `musl.mjs LIBSSL`
// The binary for musl was taken, though the system is none that node-gyp-build knows for musl, and that a libssl cannot be
// loaded by its path is said.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { loadOpenSSL } from 'close-notify/openssl'
import { runtime } from './runtime.mjs'

const [libssl] = process.argv.slice(2)
const message = /on Linux with glibc only, and this is musl: loadOpenSSL\(\) without a path/
assert.throws(() => loadOpenSSL(libssl), { name: 'ClosureError', code: 'ERR_OPENSSL_LOAD_FAILED', message })

const program = 'node_modules/close-notify/dist/lib/cli/main.js'
const { stdout } = spawnSync(process.execPath, [program, 'doctor', '--json'], { encoding: 'utf8' })
const { detail } = JSON.parse(stdout).checks.find(({ group }) => group === 'addon')
assert.match(detail, /\/prebuilds\/linux-x64\/close_notify\.musl\.node, carried by the package$/)
console.log(`${runtime}: ${detail}`)
