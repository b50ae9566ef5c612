// Builds prebuilds/<platform>-<arch>/close_notify[.glibc|.musl].node, the binary that the published package carries.
// With --if-stale nothing is done while that binary is newer than every source.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import prebuildify from 'prebuildify'
import { nodeGypEnvironment } from '../install/node-headers.mjs'
import { helpIfAsked } from '../support/help.mjs'

helpIfAsked(`Usage: node scripts/package/prebuild.mjs [--if-stale]

Builds the binary that the package carries; with --if-stale only where a source is newer than it.
`)

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`)

if (process.argv.includes('--if-stale') && isFresh()) {
  console.log(`prebuilt binary is newer than its sources: ${folder}`)
} else {
  rmSync(folder, { recursive: true, force: true })
  // prebuildify hands its environment on to node-gyp.
  process.env = nodeGypEnvironment()
  await promisify(prebuildify)({
    cwd: root,
    name: 'close_notify',
    napi: true,
    strip: true,
    tagLibc: process.platform === 'linux',
    targets: [process.versions.node],
    nodeGyp: join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node-gyp.cmd' : 'node-gyp'),
  })
  console.log(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .join('\n'),
  )
}

function isFresh() {
  if (!existsSync(folder)) return false
  const built = readdirSync(folder).filter((name) => name.endsWith('.node'))
  if (built.length === 0) return false
  const oldestBinary = Math.min(...built.map((name) => statSync(join(folder, name)).mtimeMs))
  const sources = readdirSync(join(root, 'native'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  return [join(root, 'binding.gyp'), ...sources].every((path) => statSync(path).mtimeMs < oldestBinary)
}
