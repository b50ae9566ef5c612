// Packs the package into .cache/pack and checks what came out: contents, publint, attw. Prints the tarball's path last.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'

helpIfAsked(`Usage: node scripts/package/check-packed.mjs

Packs the package into .cache/pack and checks what came out. Exit code 1: something is missing, unwanted or wrong.
`)

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, '.cache', 'pack')

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
// The output of the scripts that run before packing goes to standard error, so that this is only the description.
const printed = execFileSync('npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})
const [packed] = Object.values(JSON.parse(printed.slice(printed.search(/^[[{]$/m))))
const tarball = join(folder, packed.filename)

const missing = required().filter(({ pattern }) => !packed.files.some(({ path }) => pattern.test(path)))
for (const { what } of missing) console.error(`the package lacks ${what}`)
const unwanted = packed.files.filter(({ path }) => /(^|\/)(test|benchmarks|node_modules|build)\//.test(path))
for (const { path } of unwanted) console.error(`the package contains ${path}`)
if (missing.length + unwanted.length > 0) process.exit(1)

run('publint', ['run', tarball, '--strict'])
// ESM only, for require() gets the same module on every Node that is supported: check-installed.mjs tries it. Each of
// them reads `exports`, so that an entry such as close-notify/openssl needs nothing for resolvers that do not (node10).
run('attw', [tarball, '--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm'])
console.log(`${packed.files.length} files, ${(packed.size / 1024).toFixed(0)} KiB\n${tarball}`)

function required() {
  const { sources } = JSON.parse(readFileSync(join(root, 'binding.gyp'), 'utf8')).targets[0]
  return [
    { what: 'a prebuilt binary', pattern: /^prebuilds\/\w+-\w+\/[\w.-]+\.node$/ },
    { what: 'a page of documentation', pattern: /^docs\/.+\.md$/ },
    { what: 'an example', pattern: /^examples\/.+\.mjs$/ },
    ...[
      'dist/lib/index.js',
      'dist/lib/index.d.ts',
      'dist/lib/process/register.js',
      'dist/lib/metrics/prometheus.js',
      'dist/lib/metrics/opentelemetry.js',
      'docs/metrics/dashboard.json',
      'docs/metrics/alerts.yml',
      'binding.gyp',
      'scripts/install/install.mjs',
      'scripts/install/node-headers.mjs',
    ]
      .concat(['dist/lib/cli/main.js', 'dist/lib/lab/compare/build-process.js'])
      .concat(['README.md', 'LICENSE', 'CHANGELOG.md', ...sources])
      .map((path) => ({ what: path, pattern: new RegExp(`^${path.replaceAll('.', '\\.')}$`) })),
  ]
}

function run(tool, args) {
  execFileSync(join(root, 'node_modules', '.bin', tool), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
}
