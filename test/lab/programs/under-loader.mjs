// Tells what a Node process sees that was started for a build, and starts another one for it: BUILD-AS-JSON [last]
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import '../../../dist/lib/index.js'
import { commandFor } from '../../../dist/lib/lab/builds.js'

const [json, last] = process.argv.slice(2)
const build = JSON.parse(json)
const { header, sharedObjects } = process.report.getReport()
const addon = sharedObjects.some((file) => /close[_-]notify[^/]*\.node$/.test(file))
console.log(JSON.stringify({ glibc: header.glibcVersionRuntime, addon, node: process.versions.node }))
if (last === undefined) {
  const { command, args } = commandFor(build, [fileURLToPath(import.meta.url), json, 'last'])
  process.stdout.write(execFileSync(command, args))
}
