// The reader of ELF files against files that nobody made: what it cannot read it says, in a typed error, at once.
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ElfLibrary, readElfLibrary } from '../../lib/openssl/elf.js'
import { ClosureError } from '../../lib/openssl/index.js'
import { seededRandom } from '../support/random.js'

const libssl = realpathSync('/usr/lib/x86_64-linux-gnu/libssl.so.3')
const bytes = readFileSync(libssl)
const functions = ['SSL_shutdown', 'OpenSSL_version', 'no_such_function']

let folder: string
let file: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'close-notify-elf-'))
  file = path.join(folder, 'libssl.so')
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

test('reads what readelf reads', () => {
  const { soname, needed, versions, defines } = readElfLibrary(libssl, functions)
  expect(soname).toBe('libssl.so.3')
  expect(needed).toEqual(['libcrypto.so.3', 'libc.so.6'])
  expect(versions).toContain('OPENSSL_3.0.0')
  expect(versions.filter((version) => /^GLIBC_2\.\d+/.test(version)).length).toBeGreaterThan(2)
  expect(defines).toEqual({ SSL_shutdown: true, OpenSSL_version: false, no_such_function: false })
})

test('reads a file cut at any length, or says that it is damaged', () => {
  let [read, refused] = [0, 0]
  const end = loadedEnd()
  for (let length = 0; length < bytes.length; length += length < 128 ? 1 : 997) {
    const outcome = outcomeOf(bytes.subarray(0, length))
    if (outcome === undefined) refused++
    else read++
    expect(outcome !== undefined, `of ${length} bytes`).toBe(length >= end)
  }
  expect(outcomeOf(bytes.subarray(0, end - 1))).toBeUndefined()
  expect(outcomeOf(bytes.subarray(0, end))).toBeDefined()
  expect(refused).toBeGreaterThan(128)
  // The bytes behind the loaded segments are not needed.
  expect(read).toBeGreaterThan(0)
})

test('reads a file with damaged structures, or says so', () => {
  const random = seededRandom(20_260_401)
  writeFileSync(file, bytes)
  const fd = openSync(file, 'r+')
  let refused = 0
  for (let i = 0; i < 1000; i++) {
    const places = Array.from({ length: random.integer(1, 4) }, () => random.pick(structures) + random.integer(0, 200))
    for (const at of places) writeSync(fd, random.bytes(1), 0, 1, at)
    if (outcome() === undefined) refused++
    for (const at of places) writeSync(fd, bytes, at, 1, at)
  }
  closeSync(fd)
  expect(refused).toBeGreaterThan(100)
  expect(outcome()?.soname).toBe('libssl.so.3')
})

// Where the ELF header lies, the program headers, the hash table, the versions needed and the dynamic section.
const dynamic = programHeader(2)
const structures = [0, 64, addressUnder(0x6f_ff_fe_f5), addressUnder(0x6f_ff_ff_fe), dynamic] as const

function programHeader(type: number): number {
  const at = Array.from({ length: bytes.readUInt16LE(56) }, (_, i) => 64 + 56 * i)
  return Number(bytes.readBigUInt64LE((at.find((each) => bytes.readUInt32LE(each) === type) ?? 0) + 8))
}

// Where the last segment ends that is loaded: p_type 1, p_offset, p_filesz.
function loadedEnd(): number {
  const headers = Array.from({ length: bytes.readUInt16LE(56) }, (_, i) => bytes.subarray(64 + 56 * i))
  const loaded = headers.filter((each) => each.readUInt32LE(0) === 1)
  return Math.max(...loaded.map((each) => Number(each.readBigUInt64LE(8) + each.readBigUInt64LE(32))))
}

function addressUnder(tag: number): number {
  for (let at = dynamic; ; at += 16) {
    if (bytes.readBigUInt64LE(at) === BigInt(tag)) return Number(bytes.readBigUInt64LE(at + 8))
  }
}

function outcomeOf(content: Uint8Array): ElfLibrary | undefined {
  writeFileSync(file, content)
  return outcome()
}

function outcome(): ElfLibrary | undefined {
  try {
    return readElfLibrary(file, functions)
  } catch (error) {
    if (error instanceof ClosureError && error.code === 'ERR_OPENSSL_NOT_A_LIBRARY') return undefined
    throw error
  }
}
