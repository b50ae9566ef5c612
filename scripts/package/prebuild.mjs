// Builds prebuilds/<platform>-<arch>/close_notify[.glibc|.musl].node, the binary that the published package carries. It is
// built in a folder aside, for node-gyp empties build/, in which the checkout has its own.
// With --if-stale nothing is done while that binary is newer than every source.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
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
const tuple = `${process.platform}-${process.arch}`
const folder = join(root, 'prebuilds', tuple)

if (process.argv.includes('--if-stale') && isFresh()) {
  console.log(`prebuilt binary is newer than its sources: ${folder}`)
} else {
  await build()
  console.log(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .join('\n'),
  )
}

async function build() {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const aside = mkdtempSync(join(root, '.cache', 'prebuild-'))
  try {
    for (const name of ['package.json', 'binding.gyp', 'native', 'scripts/install']) {
      cpSync(join(root, name), join(aside, name), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(aside, 'node_modules'))
    // prebuildify hands its environment on to node-gyp.
    process.env = nodeGypEnvironment()
    await promisify(prebuildify)({
      cwd: aside,
      name: 'close_notify',
      napi: true,
      strip: true,
      tagLibc: process.platform === 'linux',
      targets: [process.versions.node],
      nodeGyp: join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node-gyp.cmd' : 'node-gyp'),
    })
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(dirname(folder), { recursive: true })
    renameSync(join(aside, 'prebuilds', tuple), folder)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
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
