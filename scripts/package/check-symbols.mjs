// Reads what a built addon asks of the system that loads it, and fails where that is more than the README promises.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'

helpIfAsked(`Usage: node scripts/package/check-symbols.mjs [FILE...]

Checks the prebuilt Linux binaries where no file is named. Exit code 1: one asks for too much. 2: there is none.
`)

// The newest version of each name that a binary may ask for: what the README says. libstdc++ of g++ 5.1 has the three
// that are not of glibc.
const newestAllowed = { GLIBC: '2.14', GLIBCXX: '3.4.21', CXXABI: '1.3.9', GCC: '4.3.0' }

const allowedLibraries =
  /^(libc\.so\.6|libstdc\+\+\.so\.6|libgcc_s\.so\.1|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|ld-linux-.*\.so\.\d)$/

// OpenSSL is looked up at run time. One of its symbols in the table would stop the binary from loading elsewhere.
const openssl = /^(SSL|CRYPTO|BIO|ERR|EVP|X509|OPENSSL|OpenSSL|TLS|DTLS)_/

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
  const symbols = undefinedSymbols(file)
  const libraries = neededLibraries(file)
  const rows = Object.entries(newestAllowed).map(([name, limit]) => {
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
  ]
}

// Lines such as "0000 DF *UND* 0000 (GLIBC_2.14) memcpy"; older objdumps leave the parentheses out.
function undefinedSymbols(file) {
  const lines = execFileSync('objdump', ['-T', file], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('*UND*'))
  if (lines.length === 0) throw new Error(`objdump -T ${file} names no undefined symbol: expected a shared library`)
  return lines.map((line) => {
    const match = line.match(/\*UND\*\s+[0-9a-f]+\s+(?:Base\s+|\(?([A-Z]+)_([0-9.]+)\)?\s+)?(\w+)$/)
    if (match === null)
      throw new Error(`objdump -T ${file}: expected a symbol with or without a version, came: ${line}`)
    return { from: match[1], version: match[2], name: match[3] }
  })
}

function neededLibraries(file) {
  const text = execFileSync('readelf', ['-d', '-W', file], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
  return [...text.matchAll(/\(NEEDED\)\s+Shared library: \[(.+)\]/g)].map((match) => match[1])
}

function compareVersions(a, b) {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number))
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
