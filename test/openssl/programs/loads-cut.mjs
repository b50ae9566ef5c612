// Loads copies of a libssl and its libcrypto of which one is cut, at many lengths from the longest to nothing; then with
// all that is loaded of it. Arguments: the libssl, an empty folder, which of the two is cut, and whether the libcrypto
// lies beside the libssl or is named. How often which error came, and the version.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, realpathSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { loadOpenSSL } from '../../../dist/lib/openssl/index.js'

const [original, folder, cut, how] = process.argv.slice(2)
const beside = readdirSync(path.dirname(original)).find((name) => /^libcrypto\.so\.\d/.test(name))
const crypto = realpathSync(path.join(path.dirname(original), beside))
const elsewhere = path.join(folder, 'elsewhere')
mkdirSync(elsewhere)
const files = {
  libssl: path.join(folder, path.basename(original)),
  libcrypto: path.join(how === 'named' ? elsewhere : folder, beside),
}
copyFileSync(original, files.libssl)
copyFileSync(crypto, files.libcrypto)

const bytes = readFileSync(files[cut])
const ends = loadedEnds(bytes)
const last = Math.max(...ends)
const lengths = new Set(Array.from({ length: 50 }, (_, i) => Math.floor((last * i) / 50)))
for (const end of ends) for (const back of [1, 100, 4096, 8192, 16384, 40000]) lengths.add(Math.max(0, end - back))
for (const length of [0, 1, 4, 19, 20, 63, 64, 65, 120, 500]) lengths.add(length)

const outcomes = {}
for (const length of [...lengths].filter((each) => each < last).sort((a, b) => b - a)) {
  truncateSync(files[cut], length)
  try {
    load()
    outcomes.loaded = (outcomes.loaded ?? 0) + 1
  } catch (error) {
    const code = error.code ?? String(error)
    outcomes[code] = (outcomes[code] ?? 0) + 1
  }
}
console.log(JSON.stringify(outcomes))
copyFileSync(cut === 'libssl' ? original : crypto, files[cut])
truncateSync(files[cut], last)
console.log(JSON.stringify({ version: load().version }))

function load() {
  return loadOpenSSL(files.libssl, how === 'named' ? { crypto: files.libcrypto } : undefined)
}

/** Where the segments end that are loaded (elf(5), PT_LOAD). */
function loadedEnds(elf) {
  const headers = Array.from({ length: elf.readUInt16LE(56) }, (_, i) => Number(elf.readBigUInt64LE(32)) + i * 56)
  const loaded = headers.filter((at) => elf.readUInt32LE(at) === 1)
  return loaded.map((at) => Number(elf.readBigUInt64LE(at + 8)) + Number(elf.readBigUInt64LE(at + 32)))
}
