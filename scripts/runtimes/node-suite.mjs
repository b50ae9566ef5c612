// Runs the cases of test/stream/node-suite on a runtime that vitest does not run on.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'

const usage = `Usage: node scripts/runtimes/node-suite.mjs bun|deno KEY CERT LIBSSL

What Node's own tests of tls ask, of two TLS streams of that runtime on that libssl. KEY and CERT are files of PEM, for localhost.
Exit code as of the cases; 2: the call was wrong; 75: the runtime was not fetched.
`
helpIfAsked(usage)

/** What the cases need of each: the collector, and leave for what they open. */
const flags = {
  bun: ['--expose-gc'],
  deno: [
    'run',
    '--no-prompt',
    ...['ffi', 'read', 'write', 'env', 'net', 'sys'].map((name) => `--allow-${name}`),
    '--v8-flags=--expose-gc',
  ],
}

const [runtime, ...files] = process.argv.slice(2)
if (!Object.hasOwn(flags, runtime) || files.length !== 3) {
  process.stderr.write(usage)
  process.exit(2)
}
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const program = here('../../dist/test/stream/node-suite/main.js')
const args = [here('run-on.mjs'), runtime, ...flags[runtime], program, ...files]
const { error, status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
if (error) throw error
process.exit(status ?? 1)
