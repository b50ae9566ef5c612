// Installs a packed package into an empty folder, with install scripts switched off, and uses it from there: by import
// and by require, with the types of both, without the libraries of the program, then with them. The folder must lie outside of the checkout, whose node_modules would hide a
// missing dependency, and keeps the smoke scripts for other runtimes.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'

const usage = 'Usage: node scripts/package/check-installed.mjs TARBALL EMPTY-FOLDER\n'
helpIfAsked(usage)

const [tarball, folder] = process.argv.slice(2).map((path) => resolve(path))
if (tarball === undefined || folder === undefined || readdirSync(folder).length > 0) {
  process.stderr.write(usage)
  process.exit(2)
}
const root = fileURLToPath(new URL('../..', import.meta.url))

writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'installed', private: true, type: 'module' }))
run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball])

const installed = join(folder, 'node_modules', 'close-notify')
if (readdirSync(installed).includes('build'))
  throw new Error(`expected no build in ${installed}: scripts were switched off`)

// What whoever takes closure alone gets: what finds the addon, and what builds it where no prebuilt one loads.
const packages = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))
assert.deepEqual(packages.sort(), ['close-notify', 'node-addon-api', 'node-gyp-build'])

for (const name of readdirSync(join(root, 'scripts', 'package', 'smoke'))) {
  copyFileSync(join(root, 'scripts', 'package', 'smoke', name), join(folder, name))
}
// As the lab of the installed package makes them.
const { credentialsFor } = await import(pathToFileURL(join(installed, 'dist', 'lib', 'lab', 'credentials.js')))
const { key, cert } = await credentialsFor('localhost')
writeFileSync(join(folder, 'key.pem'), key)
writeFileSync(join(folder, 'cert.pem'), cert)
run(process.execPath, ['load.mjs'])
run(process.execPath, ['clean-close.mjs', 'key.pem', 'cert.pem'])
run(process.execPath, ['policy.mjs', 'key.pem', 'cert.pem'])
run(process.execPath, ['--import', 'close-notify/register', 'policy.mjs', 'key.pem', 'cert.pem'])
run(process.execPath, ['openssl.mjs', 'key.pem', 'cert.pem'])
run(process.execPath, ['doctor.mjs'])

// The program without its libraries says in a line which command installs them, and with them it runs.
const refused = spawnSync('npx', ['close-notify', 'compare', '--list'], { cwd: folder, encoding: 'utf8' })
assert.equal(refused.status, 3, refused.stderr)
const [, command] = /^close-notify: .* run: (npm install .*)\n$/.exec(refused.stderr) ?? []
assert.ok(command !== undefined, `expected a line with a command of npm, received ${refused.stderr}`)
console.log(refused.stderr.trim())
const [npm, ...args] = command.split(' ')
run(npm, [...args, '--ignore-scripts', '--no-audit', '--no-fund'])
run('npx', ['close-notify', 'compare', '--list'])
run(process.execPath, ['compare.mjs'])

const program = `import { type ClosureControl, closureOf, type ClosureReport, controlClosure } from 'close-notify'
import { loadOpenSSL, type SslErrorName } from 'close-notify/openssl'
import { control as controlOfProcess } from 'close-notify/register'
import type { Server, TLSSocket } from 'node:tls'

export function control(server: Server): ClosureControl {
  // @ts-expect-error: one of the modes, not any string
  controlClosure(server, { mode: 'misspelt' }).stop()
  return controlClosure(server, { mode: 'bidirectional', onTruncation: 'error' })
}

export const isRegistered: boolean = controlOfProcess.active

export async function close(socket: TLSSocket): Promise<ClosureReport['verdict']> {
  const report = await closureOf(socket).shutdown({ mode: 'bidirectional' })
  // @ts-expect-error: one of the verdicts, not any string
  if (report.verdict === 'misspelt') return 'clean'
  return report.verdict
}

export function shutDownInInit(): SslErrorName {
  // @ts-expect-error: a side is needed
  loadOpenSSL().createContext({})
  return loadOpenSSL().createContext({ side: 'client' }).createSsl().shutdown().error
}
`
writeFileSync(join(folder, 'imports.mts'), program)
writeFileSync(join(folder, 'requires.cts'), program)
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
run(process.execPath, [
  compiler,
  '--noEmit',
  '--strict',
  '--module',
  'nodenext',
  ...types,
  'imports.mts',
  'requires.cts',
])
console.log('import and require have their types')

function run(command, args) {
  execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], timeout: 5 * 60_000 })
}
