// Run from a folder in which the packed package is installed: the program that npm put there, as npx starts it, compares
// what there is everywhere, the process's own libssl.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

const printed = execFileSync(
  resolve('node_modules/.bin/close-notify'),
  ['compare', '--node', process.execPath, '--json'],
  { encoding: 'utf8', maxBuffer: 2 ** 26, timeout: 60_000 },
)
const { format, builds, scenarios } = JSON.parse(printed)
assert.equal(format, 1)
assert.equal(builds.length, 1)
const [build] = builds
assert.equal(build.status, 'loaded')
assert(scenarios.length > 10)
for (const { name, tls, results } of scenarios) {
  const { kind } = results[build.id]
  assert(kind === 'ran' || kind === 'lacking', `${name} with ${tls}: ${JSON.stringify(results[build.id])}`)
}
console.log(`close-notify compare: ${scenarios.length} runs of scenarios on ${build.label}`)
