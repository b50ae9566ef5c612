// Starts a program on one of the fetched runtimes.
import { spawnSync } from 'node:child_process'
import { fetchFailed } from '../support/fetching.mjs'
import { helpIfAsked } from '../support/help.mjs'
import { locateByName, runtimes } from './runtimes.mjs'

helpIfAsked(`Usage: node scripts/runtimes/run-on.mjs RUNTIME [ARGUMENT...]

Starts ${runtimes.map(({ name }) => name).join(', ')} with the arguments and without input. Its output is this one's, and so is
its exit code, but for 75: the runtime was not fetched.
`)
const [name = '', ...args] = process.argv.slice(2)
const { present, command, env } = locateByName(name)
if (!present) {
  console.error(`runtimes/run-on: ${name} is not there, run: node scripts/runtimes/fetch.mjs ${name}`)
  process.exit(fetchFailed)
}
const [program, ...before] = command
const child = spawnSync(program, [...before, ...args], {
  env: { ...process.env, ...env },
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (child.error) throw child.error
if (child.signal) console.error(`runtimes/run-on: ${program} was ended by ${child.signal}`)
process.exit(child.status ?? 1)
