// Reads what a built addon asks of the system that loads it, and fails where that is more than the README promises.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'
import { binaryOf, hostTarget, targets } from './targets.mjs'

helpIfAsked(`Usage: node scripts/package/check-symbols.mjs [FILE...]

Checks the prebuilt Linux binaries where no file is named. Exit code 1: one asks for too much. 2: there is none.
`)

const allowedLibraries =
  /^(libc\.so\.6|libc\.musl-x86_64\.so\.1|libstdc\+\+\.so\.6|libgcc_s\.so\.1|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|ld-linux-.*\.so\.\d)$/

// OpenSSL is looked up at run time. One of its symbols in the table would stop the binary from loading elsewhere.
const openssl = /^(SSL|CRYPTO|BIO|ERR|EVP|X509|OPENSSL|OpenSSL|TLS|DTLS)_/

let versionsHere

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const files = process.argv.length > 2 ? process.argv.slice(2) : prebuiltBinaries()
if (files.length === 0) {
  console.error('check-symbols: no binary to check; expected prebuilds/linux-*/*.node, run: npm run prebuild')
  process.exit(2)
}
const complaints = files.flatMap(check)
for (const complaint of complaints) console.error(complaint)
process.exitCode = complaints.length === 0 ? 0 : 1

function prebuiltBinaries() {
  const prebuilds = join(root, 'prebuilds')
  if (!existsSync(prebuilds)) return []
  return readdirSync(prebuilds)
    .filter((tuple) => tuple.startsWith('linux-'))
    .flatMap((tuple) => readdirSync(join(prebuilds, tuple)).map((name) => join(prebuilds, tuple, name)))
    .filter((path) => path.endsWith('.node'))
}

function check(file) {
  const libraries = neededLibraries(file)
  const isForMusl = libraries.some((library) => library.startsWith('libc.musl-'))
  const symbols = isForMusl ? undefinedSymbols(file).map(withVersion) : undefinedSymbols(file)
  const rows = Object.entries(newestAllowed(file)).map(([name, limit]) => {
    const versioned = symbols.filter((symbol) => symbol.from === name)
    const newest = versioned
      .map((symbol) => symbol.version)
      .sort(compareVersions)
      .at(-1)
    const tooNew = versioned.filter((symbol) => compareVersions(symbol.version, limit) > 0)
    return { name, newest: newest ?? '-', limit, tooNew }
  })

  console.log(relative(root, file))
  for (const { name, newest, limit, tooNew } of rows) {
    console.log(
      `  ${name.padEnd(8)} asks for ${newest.padEnd(8)} allowed ${limit.padEnd(8)} ${tooNew.length === 0 ? 'ok' : 'TOO NEW'}`,
    )
  }
  console.log(`  needs    ${libraries.join(' ')}`)

  return [
    ...rows.flatMap(({ name, limit, tooNew }) =>
      tooNew.map((symbol) => `  ${symbol.name} asks for ${name}_${symbol.version}, allowed is ${name}_${limit}`),
    ),
    ...symbols
      .filter(({ name }) => openssl.test(name))
      .map(({ name }) => `  ${name} is undefined: OpenSSL must be looked up at run time`),
    ...libraries
      .filter((library) => !allowedLibraries.test(library))
      .map((library) => `  ${library} is needed, which is not on the list`),
    ...(readelf(['-l', file]).includes('GNU_EH_FRAME')
      ? []
      : ['  it has no segment GNU_EH_FRAME: the first exception would end the process']),
  ]
}

// A build that lies elsewhere is for this machine.
function newestAllowed(file) {
  const target = targets.find((known) => file.endsWith(binaryOf(known))) ?? hostTarget()
  if (target.newest === undefined) throw new Error(`expected a target in scripts/package/targets.mjs for ${file}`)
  return target.newest
}

// Lines such as "12: 0000 0 FUNC GLOBAL DEFAULT UND memcpy@GLIBC_2.14 (5)". readelf reads binaries for any machine.
function undefinedSymbols(file) {
  const lines = readelf(['--dyn-syms', file])
    .split('\n')
    .filter((line) => / UND \S/.test(line))
  if (lines.length === 0)
    throw new Error(`readelf --dyn-syms ${file} names no undefined symbol: expected a shared library`)
  return lines.map((line) => {
    const match = line.match(/ UND (\w+)(?:@([A-Z]+)_([0-9.]+) \(\d+\))?\s*$/)
    if (match === null)
      throw new Error(`readelf --dyn-syms ${file}: expected a symbol with or without a version, came: ${line}`)
    return { from: match[2], version: match[3], name: match[1] }
  })
}

// Names have no versions on musl, but the libraries of GCC have the same ones there: in which of theirs a name came is what
// those of this machine say.
function withVersion(symbol) {
  versionsHere ??= new Map(['libstdc++.so.6', 'libgcc_s.so.1'].flatMap(versionedNames))
  return { ...symbol, ...versionsHere.get(symbol.name) }
}

// Lines such as "12: 0000 0 FUNC GLOBAL DEFAULT 12 _Unwind_Resume@@GCC_3.0".
function versionedNames(library) {
  const file = execFileSync('g++', [`-print-file-name=${library}`], { encoding: 'utf8' }).trim()
  return [...readelf(['--dyn-syms', file]).matchAll(/ (\w+)@@?([A-Z]+)_([0-9.]+)$/gm)].map(
    ([, name, from, version]) => [name, { from, version }],
  )
}

function neededLibraries(file) {
  return [...readelf(['-d', file]).matchAll(/\(NEEDED\)\s+Shared library: \[(.+)\]/g)].map((match) => match[1])
}

function readelf(args) {
  return execFileSync('readelf', ['-W', ...args], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
}

function compareVersions(a, b) {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number))
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
