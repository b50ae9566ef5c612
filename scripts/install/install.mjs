// npm's "install" step: nothing to do where a prebuilt binary loads, else a build with node-gyp. In a checkout of this
// package its own sources are what counts, so there the addon is always built.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNodeHeaders, nodeGypEnvironment } from './node-headers.mjs'

const packageRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const minute = 60_000

// Without scripts/support, which the package does not carry.
if (process.argv[2] === '--help') {
  console.log('Usage: node scripts/install/install.mjs\n\nBuilds the addon unless a prebuilt binary loads here.')
  process.exit(0)
}

if (buildIsAskedFor()) {
  build()
} else {
  const prebuilt = probePrebuilt()
  if (!prebuilt.loads) {
    console.log(`close-notify: no prebuilt binary loads here, building from source\n${indent(prebuilt.reason)}`)
    build()
  }
}

function buildIsAskedFor() {
  const { INIT_CWD: startedIn, npm_config_build_from_source: fromSource } = process.env
  if (fromSource === 'true' || fromSource === 'close-notify') return true
  return startedIn !== undefined && existsSync(startedIn) && realpathSync(startedIn) === realpathSync(packageRoot)
}

// In a process of its own: a binary for another system may do worse than throw.
function probePrebuilt() {
  const script = `require('node-gyp-build')(${JSON.stringify(packageRoot)})`
  const child = spawnSync(process.execPath, ['-e', script], {
    cwd: packageRoot,
    encoding: 'utf8',
    env: { ...process.env, PREBUILDS_ONLY: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: minute,
  })
  if (child.status === 0) return { loads: true }
  const message = child.stderr.match(/^\w*Error: .*(?:\n {4}loaded from: .*)?/m)?.[0]
  return {
    loads: false,
    reason: message ?? child.error?.message ?? `the trial ended with ${child.signal ?? child.status}`,
  }
}

function build() {
  const nodeGyp = findNodeGyp()
  if (nodeGyp === undefined) {
    fail('node-gyp was not found', [
      ['expected', "node-gyp of npm (environment variable npm_config_node_gyp) or this package's devDependency"],
      ['found', 'neither'],
      ['to do', 'start the installation with npm: npm rebuild close-notify'],
    ])
  }
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
    ['to do', `${howToInstallTools()}, then: npm rebuild close-notify`],
  ])
}

function findNodeGyp() {
  const candidates = [
    join(packageRoot, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
    process.env.npm_config_node_gyp,
  ]
  return candidates.find((path) => path !== undefined && existsSync(path))
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
  return 'apt-get install -y g++ make python3 (Debian, Ubuntu)'
}

function fail(what, details) {
  console.error(`\nclose-notify: ${what}`)
  for (const [name, text] of details) console.error(`  ${name.padEnd(9)} ${text}`)
  process.exit(1)
}

function indent(text) {
  return text.replace(/^/gm, '  ')
}
