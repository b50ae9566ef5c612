// Builds prebuilds/<platform>-<arch>/close_notify[.glibc|.musl].node, the binaries that the published package carries: that
// of this machine, and on x64 Linux that for arm64, with Debian's cross compiler. With --if-stale those are left alone
// that are newer than every source.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
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
// This machine's own comes last: what lies in build/ afterwards is what runs here.
const others = host.platform === 'linux' && host.arch === 'x64' ? targets.filter(({ arch }) => arch !== host.arch) : []
for (const target of [...others, host]) await prebuild(target)

async function prebuild({ platform, arch, tools }) {
  const folder = join(root, 'prebuilds', `${platform}-${arch}`)
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
  rmSync(folder, { recursive: true, force: true })
  // prebuildify hands its environment on to node-gyp.
  const own = process.env
  process.env = { ...nodeGypEnvironment(), ...(tools && compilers(tools.prefix)) }
  await promisify(prebuildify)({
    cwd: root,
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
  process.env = own
  for (const name of readdirSync(folder)) console.log(join(folder, name))
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
