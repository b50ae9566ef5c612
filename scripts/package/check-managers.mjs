// Adds a packed package to a project with each package manager as it comes, and closes a connection with it. None may ask
// for anything: the package has no script that would have to be allowed.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchFailed } from '../support/fetching.mjs'
import { helpIfAsked } from '../support/help.mjs'

const runOn = fileURLToPath(new URL('../runtimes/run-on.mjs', import.meta.url))
const pnpm = fromNpm('pnpm@12.20.0', 'pnpm')
const classic = fromNpm('yarn@1.22.22', 'yarn')
const berry = fromNpm('@yarnpkg/cli-dist@4.18.1', 'yarn')

/** Each with its own command, what it takes to add a tarball, and how it starts Node where that matters. */
const managers = {
  npm: { command: ['npm'], add: (tarball) => ['install', tarball] },
  'npm 12': { command: fromNpm('npm@12.2.2', 'npm'), add: (tarball) => ['install', tarball] },
  pnpm: { command: pnpm, add: (tarball) => ['add', '--store-dir', 'store', tarball] },
  'yarn 1': { command: classic, add: (tarball) => ['add', '--cache-folder', 'cache', `file:${tarball}`] },
  'yarn 4, node-modules': {
    command: berry,
    files: { '.yarnrc.yml': 'nodeLinker: node-modules\n', 'yarn.lock': '' },
    add: (tarball) => ['add', `close-notify@file:${tarball}`],
  },
  'yarn 4, pnp': {
    command: berry,
    files: { '.yarnrc.yml': 'nodeLinker: pnp\n', 'yarn.lock': '' },
    add: (tarball) => ['add', `close-notify@file:${tarball}`],
    node: [...berry, 'node'],
  },
  bun: { command: [process.execPath, runOn, 'bun'], add: (tarball) => ['add', tarball] },
}

const usage = `Usage: node scripts/package/check-managers.mjs TARBALL KEY CERT EMPTY-FOLDER [NAME...]

Adds the packed package to an empty project with each package manager, or with those named, and closes a connection there with
that key and certificate, for localhost. Fetches them from npm, but for Bun: node scripts/runtimes/fetch.mjs bun
  ${Object.keys(managers).join('\n  ')}

Exit code 0: all did. 1: one did not. 2: the call was wrong. 75: a package manager could not be had.
`
helpIfAsked(usage)

const [tarball, key, cert, folder] = process.argv.slice(2, 6).map((path) => resolve(path))
const named = process.argv.slice(6)
const known = named.every((name) => Object.hasOwn(managers, name))
if (folder === undefined || !known || readdirSync(folder).length > 0) {
  process.stderr.write(usage)
  process.exit(2)
}

const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim()
// As in a shell of a user: not what the package manager that may run this has told its scripts.
const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$)/i.test(name))
const environment = {
  ...Object.fromEntries(inherited),
  CI: '1',
  npm_config_registry: registry,
  YARN_REGISTRY: registry,
  YARN_NPM_REGISTRY_SERVER: registry,
  // A project that CI has checked out would have a lock file, which must not change there.
  YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
  YARN_ENABLE_GLOBAL_CACHE: '0',
  YARN_ENABLE_TELEMETRY: '0',
}

for (const name of named.length === 0 ? Object.keys(managers) : named) {
  const code = check(name, managers[name])
  // That one does not add the package outweighs that another could not be had.
  if (code !== 0 && process.exitCode !== 1) process.exitCode = code
}

function check(name, { command, files = {}, add, node = [process.execPath] }) {
  const project = join(folder, name.replaceAll(/\W+/g, '-'))
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(project, file), text)
  copyFileSync(fileURLToPath(new URL('smoke/clean-close.mjs', import.meta.url)), join(project, 'program.mjs'))

  const began = performance.now()
  const version = run(project, [...command, '--version'])
  if (version.status !== 0) return failed(name, 'could not be had', version, fetchFailed)
  const added = run(project, [...command, ...add(tarball)])
  if (added.status !== 0) return failed(name, 'does not add the package', added, 1)
  const closed = run(project, [...node, 'program.mjs', key, cert])
  if (closed.status !== 0) return failed(name, 'added the package, and it does not work', closed, 1)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${name} (${lastLine(version.stdout)}), ${seconds} s: ${lastLine(closed.stdout)}`)
  return 0
}

function fromNpm(name, program) {
  return ['npm', 'exec', '--yes', `--package=${name}`, '--', program]
}

function run(cwd, [command, ...args]) {
  const options = { cwd, env: environment, encoding: 'utf8', timeout: 3 * 60_000 }
  return spawnSync(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
}

function failed(name, what, { status, signal, stdout, stderr }, code) {
  console.error(`${name} ${what} (ended with ${signal ?? status}):\n${`${stdout}${stderr}`.replace(/^/gm, '  ')}`)
  return code
}

function lastLine(text) {
  return text.trim().split('\n').at(-1)
}
