// The build of the addon, in a copy of what the package carries, with and without what it needs.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

let copy: string
/** A folder with no tool in it, for PATH: no build can succeed with it. */
let noTools: string

beforeEach(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'close-notify-install-'))
  noTools = path.join(copy, 'no-tools')
  for (const folder of ['scripts/install', 'no-tools', 'node_modules']) {
    mkdirSync(path.join(copy, folder), { recursive: true })
  }
  for (const file of ['package.json', 'scripts/install/build.mjs', 'scripts/install/node-headers.mjs']) {
    copyFileSync(path.join(root, file), path.join(copy, file))
  }
  cpSync(path.join(root, 'native'), path.join(copy, 'native'), { recursive: true })
  for (const name of ['node-gyp-build', 'node-addon-api', 'node-gyp']) linkModule(name)
})

afterEach(() => {
  rmSync(copy, { recursive: true, force: true })
})

test('builds, and says what was expected, what was found and what to do where that fails', () => {
  copyFileSync(builtAddon(), prebuiltPath())
  const { status, stderr } = build()
  expect(status).toBe(1)
  expect(stderr).toContain('the addon could not be built')
  expect(stderr).toMatch(/expected +a compiler for C\+\+20 \(g\+\+ 10 or newer\), make, Python 3/)
  expect(stderr).toMatch(/found +g\+\+: not found; make: not found; python3: not found/)
  expect(stderr).toContain(`then: node ${script()}`)
  if (process.platform === 'linux') expect(stderr).toMatch(/apt-get install -y g\+\+ make python3|apk add g\+\+/)
})

test.each([
  { what: 'a prebuilt binary loads', prebuilt: 'whole', status: 0 },
  { what: 'it does not load', prebuilt: 'broken', status: 1 },
  { what: 'there is none', prebuilt: 'none', status: 1 },
])('with --if-needed builds unless a binary loads: $what', ({ prebuilt, status }) => {
  if (prebuilt === 'whole') copyFileSync(builtAddon(), prebuiltPath())
  if (prebuilt === 'broken') writeFileSync(prebuiltPath(), 'not a binary')
  const built = build(['--if-needed'])
  expect(built.status).toBe(status)
  if (status === 0) expect(built).toMatchObject({ stdout: '', stderr: '' })
  else expect(built.stderr).toContain('the addon could not be built')
})

test('in a checkout a prebuilt binary does not count, and a build does that is newer than its sources', () => {
  mkdirSync(path.join(copy, 'lib'))
  copyFileSync(builtAddon(), prebuiltPath())
  expect(build(['--if-needed'])).toMatchObject({ status: 1 })
  mkdirSync(path.join(copy, 'build', 'Release'), { recursive: true })
  copyFileSync(builtAddon(), path.join(copy, 'build', 'Release', 'close_notify.node'))
  expect(build(['--if-needed'])).toMatchObject({ status: 0, stdout: '', stderr: '' })
  const soon = new Date(Date.now() + 60_000)
  utimesSync(path.join(copy, 'native', 'platform', 'tcp.cc'), soon, soon)
  expect(build(['--if-needed'])).toMatchObject({ status: 1 })
})

test('a wrong option is named no build', () => {
  const { status, stderr } = build(['--if-neded'])
  expect(status).toBe(2)
  expect(stderr).toContain('Usage: node scripts/install/build.mjs')
})

test('a missing node-gyp is named', () => {
  rmSync(path.join(copy, 'node_modules', 'node-gyp'))
  const { status, stderr } = build()
  expect(status).toBe(1)
  expect(stderr).toContain('node-gyp was not found')
  expect(stderr).toContain('npm_config_node_gyp')
})

test.each([
  { what: 'that npm tells of', place: 'elsewhere' },
  { what: 'of the npm in PATH', place: 'npm' },
])("node-gyp is $what where this package's is not installed", ({ place }) => {
  rmSync(path.join(copy, 'node_modules', 'node-gyp'))
  const bin = path.join(copy, place, 'node_modules', 'node-gyp', 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(path.join(bin, 'node-gyp.js'), 'console.log("node-gyp", process.argv.slice(2).join(" "))')
  mkdirSync(path.join(copy, 'npm', 'bin'), { recursive: true })
  writeFileSync(path.join(copy, 'npm', 'bin', 'npm-cli.js'), '')
  if (place === 'npm') symlinkSync(path.join(copy, 'npm', 'bin', 'npm-cli.js'), path.join(noTools, 'npm'))
  const environment = place === 'npm' ? {} : { npm_config_node_gyp: path.join(bin, 'node-gyp.js') }
  const { status, stdout } = build([], environment)
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'node-gyp rebuild --jobs=max\n' })
  // Of which it makes the file that node-gyp looks for.
  expect(readFileSync(path.join(copy, 'binding.gyp'), 'utf8')).toContain('native/close_notify.gypi')
})

test('the error of a package without a binary has the command that builds it', () => {
  cpSync(path.join(root, 'dist/lib'), path.join(copy, 'dist/lib'), { recursive: true })
  const program = `import { runtimeSupport } from './dist/lib/index.js'
    const { supported, reason } = runtimeSupport()
    console.log(JSON.stringify({ supported, message: reason.message, remedy: reason.facts.remedy }))`
  const { CLOSE_NOTIFY_BINARY: _binary, ...env } = process.env
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: copy,
    encoding: 'utf8',
    env,
  })
  const command = `node ${script()}`
  expect(JSON.parse(stdout)).toMatchObject({ supported: false, remedy: { kind: 'build', command } })
  expect(stdout).toContain(`To build it here, with a C++ compiler, make and python3: ${command}`)
})

test.each([
  { headers: 'v30.1.2', of: 'the same version', expected: { nodedir: 'FOLDER' } },
  {
    headers: 'v30.1.1',
    of: 'another version',
    expected: { reason: 'FOLDER/include/node/node_version.h: headers of v30.1.1, expected v30.1.2' },
  },
])('headers of $of beside the running Node', ({ headers, expected }) => {
  const folder = path.join(copy, 'node')
  mkdirSync(path.join(folder, 'bin'), { recursive: true })
  mkdirSync(path.join(folder, 'include', 'node'), { recursive: true })
  writeFileSync(path.join(folder, 'bin', 'node'), '')
  const numbers = headers.slice(1).split('.')
  const lines = ['MAJOR', 'MINOR', 'PATCH'].map((part, i) => `#define NODE_${part}_VERSION ${numbers[i] ?? ''}`)
  writeFileSync(path.join(folder, 'include', 'node', 'node_version.h'), lines.join('\n'))
  // A link to the executable, as package managers make them, leads to the same headers.
  symlinkSync(path.join(folder, 'bin', 'node'), path.join(copy, 'linked-node'))

  for (const executable of [path.join(folder, 'bin', 'node'), path.join(copy, 'linked-node')]) {
    const found = evaluate(`findNodeHeaders(${JSON.stringify(executable)}, 'v30.1.2')`)
    expect(found.replaceAll(folder, 'FOLDER')).toContain(JSON.stringify(expected).slice(1, -2))
  }
})

test("headers beside Node win over npm's configuration, in any spelling", () => {
  const environment = { NPM_CONFIG_NODEDIR: '/1', npm_config_nodedir: '/2', npm_package_config_node_gyp_nodedir: '/3' }
  const result = evaluate(
    `nodeGypEnvironment({ nodedir: '/beside' }, ${JSON.stringify({ ...environment, KEPT: '4' })})`,
  )
  expect(JSON.parse(result)).toEqual({ KEPT: '4', npm_config_nodedir: '/beside' })
})

function script(): string {
  return path.join(copy, 'scripts', 'install', 'build.mjs')
}

function build(args: readonly string[] = [], environment: Record<string, string> = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [script(), ...args], {
    cwd: copy,
    encoding: 'utf8',
    env: { PATH: noTools, HOME: copy, ...environment },
  })
}

function evaluate(expression: string): string {
  const program = `import { findNodeHeaders, nodeGypEnvironment } from './scripts/install/node-headers.mjs'
    console.log(JSON.stringify(${expression}))`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: copy,
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

function linkModule(name: string): void {
  symlinkSync(path.join(root, 'node_modules', name), path.join(copy, 'node_modules', name), 'junction')
}

function prebuiltPath(): string {
  const folder = path.join(copy, 'prebuilds', `${process.platform}-${process.arch}`)
  mkdirSync(folder, { recursive: true })
  return path.join(folder, 'close-notify.node')
}

function builtAddon(): string {
  const built = process.env['CLOSE_NOTIFY_BINARY'] ?? path.join(root, 'build', 'Release', 'close_notify.node')
  if (!existsSync(built)) throw new Error(`expected a built addon at ${built}: run npm ci first`)
  return built
}
