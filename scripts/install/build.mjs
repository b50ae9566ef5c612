// Builds the addon from its sources, where the package lies: for systems that no prebuilt binary serves, and in a
// checkout. Nothing runs it by itself when the package is installed: docs/install.md says why.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNodeHeaders, nodeGypEnvironment } from './node-headers.mjs'

const packageRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const built = join(packageRoot, 'build', 'Release', 'close_notify.node')
const minute = 60_000

const usage = `Usage: node scripts/install/build.mjs [--if-needed]

Builds the addon of close-notify with node-gyp, for the Node that runs this. Needs a compiler for C++20, make and
Python 3. With --if-needed nothing is done where a binary loads already; in a checkout the prebuilt one does not count,
nor does a build that is older than a source.

Exit code 0: the addon is there. 1: it could not be built. 2: the call was wrong.
`

// Without scripts/support, which the package does not carry.
const args = process.argv.slice(2)
if (args[0] === '--help') {
  process.stdout.write(usage)
} else if (args.some((arg) => arg !== '--if-needed')) {
  process.stderr.write(usage)
  process.exitCode = 2
} else if (args.length === 0 || isNeeded()) {
  build()
}

function isNeeded() {
  if (loads(built)) return isCheckout() && isOlderThanSources()
  if (isCheckout()) return true
  const prebuilt = resolvePrebuilt()
  return prebuilt === undefined || !loads(prebuilt)
}

// The package carries what is compiled, and not its sources.
function isCheckout() {
  return existsSync(join(packageRoot, 'lib'))
}

function isOlderThanSources() {
  const age = statSync(built).mtimeMs
  return readdirSync(join(packageRoot, 'native'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs > age)
}

function resolvePrebuilt() {
  try {
    return createRequire(import.meta.url)('node-gyp-build').resolve(packageRoot)
  } catch {
    return undefined
  }
}

// In a process of its own: a binary for another system may do worse than throw.
function loads(file) {
  if (!existsSync(file)) return false
  const options = { cwd: packageRoot, stdio: 'ignore', timeout: minute }
  return spawnSync(process.execPath, ['-e', `require(${JSON.stringify(file)})`], options).status === 0
}

function build() {
  const nodeGyp = findNodeGyp()
  const again = `${process.versions.pnp === undefined ? 'node' : 'yarn node'} ${fileURLToPath(import.meta.url)}`
  if (nodeGyp === undefined) {
    fail('node-gyp was not found', [
      ['expected', "node-gyp beside this package, that of the npm in PATH, or npm's variable npm_config_node_gyp"],
      ['found', 'neither'],
      ['to do', `npm install node-gyp, then: ${again}`],
    ])
  }
  // Not in the package: a binding.gyp at its root is an install script to every package manager.
  const bindings = join(packageRoot, 'binding.gyp')
  if (!existsSync(bindings)) writeFileSync(bindings, '{ "includes": ["native/close_notify.gypi"] }\n')
  const headers = findNodeHeaders()
  const child = spawnSync(process.execPath, [nodeGyp, 'rebuild', '--jobs=max'], {
    cwd: packageRoot,
    env: nodeGypEnvironment(headers),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (child.status === 0) return
  fail(`the addon could not be built (node-gyp ended with ${child.signal ?? child.status}, its output is above)`, [
    ['expected', "a compiler for C++20 (g++ 10 or newer), make, Python 3, Node's own headers"],
    ['found', toolsFound().join('; ')],
    [
      'headers',
      'nodedir' in headers ? `${headers.nodedir}/include/node` : `downloaded by node-gyp, for ${headers.reason}`,
    ],
    ['to do', `${howToInstallTools()}, then: ${again}`],
  ])
}

/** This package's own, that of the npm that runs this, or that of the npm in PATH. */
function findNodeGyp() {
  const npms = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => [join(folder, 'npm'), join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js')])
    .filter((file) => existsSync(file))
    .map((file) => realpathSync(file))
  const beside = [fileURLToPath(import.meta.url), ...npms].map(nodeGypBeside)
  return [beside[0], process.env.npm_config_node_gyp, ...beside.slice(1)].find(
    (path) => path !== undefined && existsSync(path),
  )
}

function nodeGypBeside(file) {
  try {
    return createRequire(file).resolve('node-gyp/bin/node-gyp.js')
  } catch {
    return undefined
  }
}

function toolsFound() {
  const { CXX: compiler = 'g++', PYTHON: python = 'python3' } = process.env
  return [compiler, 'make', python].map((tool) => {
    const child = spawnSync(tool, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: minute,
    })
    return child.status === 0 ? child.stdout.split('\n', 1)[0] : `${tool}: not found`
  })
}

function howToInstallTools() {
  if (process.platform === 'darwin') return 'xcode-select --install'
  if (process.platform === 'win32') return 'install the Visual Studio Build Tools (C++) and Python 3'
  if (existsSync('/etc/alpine-release')) return 'apk add g++ make python3'
  return 'apt-get install -y g++ make python3 (Debian, Ubuntu)'
}

function fail(what, details) {
  console.error(`\nclose-notify: ${what}`)
  for (const [name, text] of details) console.error(`  ${name.padEnd(9)} ${text}`)
  process.exit(1)
}
