// Builds prebuilds/<platform>-<arch>/close_notify[.glibc|.musl].node, the binaries that the published package carries: that
// of this machine, and on x64 Linux with glibc the others too, each with a compiler for it. They are built in a folder
// aside, for node-gyp empties build/, in which the checkout has its own. With --if-stale those are left alone that are newer
// than every source.
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
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import prebuildify from 'prebuildify'
import { nodeGypEnvironment } from '../install/node-headers.mjs'
import { helpIfAsked } from '../support/help.mjs'
import { binaryOf, hostTarget, targets } from './targets.mjs'

helpIfAsked(`Usage: node scripts/package/prebuild.mjs [--if-stale]

Builds the binaries that the package carries; with --if-stale only those of which a source is newer. A target whose
compiler is not here is named and left out.

Exit code 0: built, all or those that can be built here. 1: a build failed.
`)

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const host = hostTarget()
const canBuildOthers = host.platform === 'linux' && host.arch === 'x64' && host.libc === 'glibc'
const others = canBuildOthers ? targets.filter((target) => target !== host) : []
for (const target of [...others, { ...host, tools: undefined }]) await prebuild(target)

async function prebuild(target) {
  const { tools } = target
  const binary = binaryOf(target)
  if (process.argv.includes('--if-stale') && isFresh(join(root, binary))) {
    console.log(`prebuilt binary is newer than its sources: ${binary}`)
    return
  }
  if (tools !== undefined && spawnSync(tools.compilers.CXX, ['--version']).error) {
    console.error(`NOT BUILT: ${binary}, for there is no ${tools.compilers.CXX}. To do: ${tools.howToGet}`)
    return
  }
  mkdirSync(join(root, '.cache'), { recursive: true })
  const aside = mkdtempSync(join(root, '.cache', 'prebuild-'))
  try {
    for (const name of ['package.json', 'binding.gyp', 'native', 'scripts/install']) {
      cpSync(join(root, name), join(aside, name), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(aside, 'node_modules'))
    await build(aside, target)
    mkdirSync(dirname(join(root, binary)), { recursive: true })
    renameSync(join(aside, binary), join(root, binary))
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
  console.log(join(root, binary))
}

async function build(cwd, { platform, arch, libc, tools }) {
  // prebuildify hands its environment on to node-gyp.
  const own = process.env
  process.env = { ...nodeGypEnvironment(), ...tools?.compilers }
  try {
    await promisify(prebuildify)({
      cwd,
      name: 'close_notify',
      platform,
      arch,
      napi: true,
      strip: true,
      stripBin: tools?.strip ?? 'strip',
      ...(libc !== undefined && { tagLibc: libc }),
      targets: [process.versions.node],
      nodeGyp: join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node-gyp.cmd' : 'node-gyp'),
    })
  } finally {
    process.env = own
  }
}

function isFresh(binary) {
  if (!existsSync(binary)) return false
  const builtAt = statSync(binary).mtimeMs
  const sources = readdirSync(join(root, 'native'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  return sources.every((path) => statSync(path).mtimeMs < builtAt)
}
