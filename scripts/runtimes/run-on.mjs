// Starts a program on one of the fetched runtimes: run-on.mjs RUNTIME [ARGUMENT...]
import { fetchFailed } from '../support/fetching.mjs'
import { replaceBy } from '../support/replace-by.mjs'
import { locateByName } from './runtimes.mjs'

const [name = '', ...args] = process.argv.slice(2)
const runtime = locateByName(name)
if (!runtime.present) {
  console.error(`run-on: ${name} is not there, run: node scripts/runtimes/fetch.mjs ${name}`)
  process.exit(fetchFailed)
}
replaceBy('run-on', runtime.executable, args, runtime.env)
