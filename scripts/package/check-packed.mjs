// Packs the package into .cache/pack and checks what came out: contents, publint, attw, and that the checkout is as it was.
// Prints the tarball's path last.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'
import { binaryOf, targets } from './targets.mjs'

helpIfAsked(`Usage: node scripts/package/check-packed.mjs

Packs the package into .cache/pack and checks what came out, and that the checkout was left as it was. Exit code 1: something is
missing, unwanted, wrong or changed.
`)

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, '.cache', 'pack')

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const before = checkout()
// The output of the scripts that run before packing goes to standard error, so that this is only the description.
const printed = execFileSync('npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})
const [packed] = Object.values(JSON.parse(printed.slice(printed.search(/^[[{]$/m))))
const tarball = join(folder, packed.filename)

const after = checkout()
const changed = [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path))
for (const path of changed) console.error(`npm pack has changed ${path}`)
const missing = required().filter(({ pattern }) => !packed.files.some(({ path }) => pattern.test(path)))
for (const { what } of missing) console.error(`the package lacks ${what}`)
// A binding.gyp at the root is an install script to every package manager, whatever package.json says.
const unwanted = packed.files.filter(({ path }) =>
  /^binding\.gyp$|(^|\/)(test|benchmarks|node_modules|build)\//.test(path),
)
for (const { path } of unwanted) console.error(`the package contains ${path}`)
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const installScripts = ['preinstall', 'install', 'postinstall'].filter((name) => name in scripts)
for (const name of installScripts) console.error(`the package has a script that runs when it is installed: ${name}`)
if (changed.length + missing.length + unwanted.length + installScripts.length > 0) process.exit(1)

run('publint', ['run', tarball, '--strict'])
// ESM only, for require() gets the same module on every Node that is supported: check-installed.mjs tries it. Each of
// them reads `exports`, so that an entry such as close-notify/openssl needs nothing for resolvers that do not (node10).
run('attw', [tarball, '--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm'])
console.log(`${packed.files.length} files, ${(packed.size / 1024).toFixed(0)} KiB\n${tarball}`)

function required() {
  const { sources } = JSON.parse(readFileSync(join(root, 'native', 'close_notify.gypi'), 'utf8')).targets[0]
  return [
    { what: 'a page of documentation', pattern: /^docs\/.+\.md$/ },
    { what: 'an example', pattern: /^examples\/.+\.mjs$/ },
    ...[
      'dist/lib/index.js',
      'dist/lib/index.d.ts',
      'dist/lib/process/register.js',
      'dist/lib/doctor/examine-process.js',
      'dist/lib/metrics/prometheus.js',
      'dist/lib/metrics/opentelemetry.js',
      'docs/metrics/dashboard.json',
      'docs/metrics/alerts.yml',
      'native/close_notify.gypi',
      'scripts/install/build.mjs',
      'scripts/install/node-headers.mjs',
    ]
      .concat(['dist/lib/cli/main.js', 'dist/lib/lab/compare/build-process.js'])
      .concat(['README.md', 'LICENSE', 'CHANGELOG.md'], targets.map(binaryOf))
      .concat(sources.map((source) => `native/${source}`))
      .map((path) => ({ what: path, pattern: new RegExp(`^${path.replaceAll('.', '\\.')}$`) })),
  ]
}

/** What git says, and each file that it ignores, but for the cache and the packages of others: by path, its hash. */
function checkout() {
  const status = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })
  const hashed = ['build', 'dist', 'prebuilds'].flatMap((name) => filesIn(name)).map((path) => [path, hashOf(path)])
  return new Map([['what git status says', status], ...hashed])
}

function filesIn(name) {
  if (!existsSync(join(root, name))) return []
  return readdirSync(join(root, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function hashOf(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function run(tool, args) {
  execFileSync(join(root, 'node_modules', '.bin', tool), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
}
