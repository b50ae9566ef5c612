// Tells what a Node process sees that was started for a build and loads it, and starts another one for it: BUILD-AS-JSON [last]
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { commandFor } from '../../../dist/lib/lab/builds.js'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const [json, last] = process.argv.slice(2)
const build = JSON.parse(json)
const { kind, version } = build.libssl === undefined ? loadOpenSSL() : loadOpenSSL(build.libssl)
const glibc = process.report.getReport().header.glibcVersionRuntime
console.log(JSON.stringify({ kind, version, glibc, node: process.versions.node }))
if (last === undefined) {
  const { command, args } = commandFor(build, [fileURLToPath(import.meta.url), json, 'last'])
  process.stdout.write(execFileSync(command, args))
}
