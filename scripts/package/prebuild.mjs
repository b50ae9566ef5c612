// Builds prebuilds/<platform>-<arch>/close_notify[.glibc|.musl].node, the binaries that the published package carries: that
// of this machine, and on x64 Linux that for arm64, with Debian's cross compiler. They are built in a folder aside, for
// node-gyp empties build/, in which the checkout has its own. With --if-stale those are left alone that are newer than
// every source.
import { spawnSync } from 'node:child_process'
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
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import prebuildify from 'prebuildify'
import { nodeGypEnvironment } from '../install/node-headers.mjs'
import { helpIfAsked } from '../support/help.mjs'
import { targets } from './targets.mjs'

helpIfAsked(`Usage: node scripts/package/prebuild.mjs [--if-stale]

Builds the binaries that the package carries; with --if-stale only those of which a source is newer. A target whose
compiler is not here is named and left out.

Exit code 0: built, all or those that can be built here. 1: a build failed.
`)

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const host = { platform: process.platform, arch: process.arch }
const others = host.platform === 'linux' && host.arch === 'x64' ? targets.filter(({ arch }) => arch !== host.arch) : []
for (const target of [...others, host]) await prebuild(target)

async function prebuild({ platform, arch, tools }) {
  const tuple = `${platform}-${arch}`
  const folder = join(root, 'prebuilds', tuple)
  if (process.argv.includes('--if-stale') && isFresh(folder)) {
    console.log(`prebuilt binary is newer than its sources: ${relative(root, folder)}`)
    return
  }
  if (tools !== undefined && spawnSync(`${tools.prefix}g++`, ['--version']).error) {
    console.error(
      `NOT BUILT: ${relative(root, folder)}, for there is no ${tools.prefix}g++. To try: apt-get install ${tools.package}`,
    )
    return
  }
  mkdirSync(join(root, '.cache'), { recursive: true })
  const aside = mkdtempSync(join(root, '.cache', 'prebuild-'))
  try {
    for (const name of ['package.json', 'binding.gyp', 'native', 'scripts/install']) {
      cpSync(join(root, name), join(aside, name), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(aside, 'node_modules'))
    await build(aside, { platform, arch, tools })
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(dirname(folder), { recursive: true })
    renameSync(join(aside, 'prebuilds', tuple), folder)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
  for (const name of readdirSync(folder)) console.log(join(folder, name))
}

async function build(cwd, { platform, arch, tools }) {
  // prebuildify hands its environment on to node-gyp.
  const own = process.env
  process.env = { ...nodeGypEnvironment(), ...(tools && compilers(tools.prefix)) }
  try {
    await promisify(prebuildify)({
      cwd,
      name: 'close_notify',
      platform,
      arch,
      napi: true,
      strip: true,
      stripBin: `${tools?.prefix ?? ''}strip`,
      tagLibc: platform === 'linux',
      targets: [process.versions.node],
      nodeGyp: join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node-gyp.cmd' : 'node-gyp'),
    })
  } finally {
    process.env = own
  }
}

function compilers(prefix) {
  return { CC: `${prefix}gcc`, CXX: `${prefix}g++`, AR: `${prefix}ar` }
}

function isFresh(folder) {
  if (!existsSync(folder)) return false
  const built = readdirSync(folder).filter((name) => name.endsWith('.node'))
  if (built.length === 0) return false
  const oldestBinary = Math.min(...built.map((name) => statSync(join(folder, name)).mtimeMs))
  const sources = readdirSync(join(root, 'native'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  return sources.every((path) => statSync(path).mtimeMs < oldestBinary)
}
