// Starts a program on one of the fetched runtimes: run-on.mjs RUNTIME [ARGUMENT...]
import { spawnSync } from 'node:child_process'
import { locateByName } from './runtimes.mjs'

const [name = '', ...args] = process.argv.slice(2)
const runtime = locateByName(name)
if (!runtime.present) {
  console.error(`run-on: ${name} is not there, run: node scripts/fetch-runtimes.mjs ${name}`)
  process.exit(75)
}
const child = spawnSync(runtime.executable, args, {
  env: { ...process.env, ...runtime.env },
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (child.error) throw child.error
if (child.signal) console.error(`run-on: ${name} was ended by ${child.signal}`)
process.exit(child.status ?? 1)
