// Reads of an ELF file what decides whether it can be loaded here, before the system's loader runs its code. The file
// is somebody's input: every offset and length in it is checked against the file, and every walk is bounded. The
// format: elf(5), and the System V ABI, gABI chapters 4 and 5.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { ClosureError } from '../errors.js'

/** For what machine a file is made. */
export interface ElfMachine {
  readonly bits: 32 | 64
  readonly byteOrder: 'little' | 'big'
  /** e_machine, by number. */
  readonly machine: number
}

/** The description of itself that a shared library carries. */
export interface ElfLibrary {
  /** DT_SONAME; empty where there is none. */
  readonly soname: string
  /** DT_NEEDED: the libraries that it asks for. */
  readonly needed: readonly string[]
  /** The versions that it asks for, GLIBC_2.38 for example, of whatever library. */
  readonly versions: readonly string[]
  /** Which of some functions it defines itself; undefined where it has no hash table to look them up in. */
  readonly defines: Readonly<Record<string, boolean>> | undefined
}

/** Reads the identification and the machine. Throws ERR_OPENSSL_NOT_A_LIBRARY for what is no ELF file. */
export function readElfMachine(path: string): ElfMachine {
  return withFile(path, ({ machine }) => machine)
}

/**
 * Reads a 64-bit shared library, and looks up some functions in it. Throws ERR_OPENSSL_NOT_A_LIBRARY where it is none,
 * or is damaged.
 */
export function readElfLibrary(path: string, functions: readonly string[]): ElfLibrary {
  return withFile(path, (file) => {
    if (file.machine.bits !== 64) throw notALibrary(path, 'it is no 64-bit file')
    if (file.u16(elfType) !== typeSharedObject) throw notALibrary(path, 'it is no shared library')
    const image = new Image(file)
    const strings = image.strings()
    const defines = functions.map((name) => [name, image.defines(name, strings)] as const)
    return {
      soname: image.entries(tags.soname).map(strings)[0] ?? '',
      needed: image.entries(tags.needed).map(strings),
      versions: image.neededVersions(strings),
      defines: defines.some(([, is]) => is === undefined)
        ? undefined
        : Object.fromEntries(defines.map(([name, is]) => [name, is === true])),
    }
  })
}

const names: Readonly<Record<number, string>> = {
  3: 'x86',
  8: 'MIPS',
  21: '64-bit PowerPC',
  22: 'S/390',
  40: 'ARM',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
  258: 'LoongArch',
}

/** "64-bit x86-64, little-endian" */
export function describeMachine({ bits, machine, byteOrder }: ElfMachine): string {
  return `${bits}-bit ${names[machine] ?? `machine ${machine}`}, ${byteOrder}-endian`
}

const elfType = 16
const elfMachine = 18
const typeSharedObject = 3
const segmentLoad = 1
const segmentDynamic = 2
const symbolSize = 24

const tags = {
  needed: 1,
  hash: 4,
  strings: 5,
  symbols: 6,
  stringsSize: 10,
  soname: 14,
  gnuHash: 0x6ffffef5,
  versionsNeeded: 0x6ffffffe,
  versionsNeededCount: 0x6fffffff,
} as const

// More than any real file has. What is larger is damaged, or made to keep us busy.
const most = { segments: 1024, dynamic: 64 * 1024, name: 4096, versions: 4096, chain: 65_536 } as const

type Strings = (offset: number) => string

/** A file of which any part can be read, and nothing beyond its end. */
class ElfFile {
  readonly path: string
  readonly machine: ElfMachine
  readonly #fd: number
  readonly #size: number

  constructor(path: string, fd: number, size: number) {
    this.path = path
    this.#fd = fd
    this.#size = size
    const start = size < 20 ? Buffer.alloc(0) : this.#read(0, 20)
    if (start.length === 0 || start.readUInt32BE(0) !== 0x7f_45_4c_46) throw notALibrary(path, 'it is no ELF file')
    const [bits, order] = [start[4], start[5]]
    if ((bits !== 1 && bits !== 2) || (order !== 1 && order !== 2)) throw notALibrary(path, 'its ELF header is damaged')
    this.machine = {
      bits: bits === 2 ? 64 : 32,
      byteOrder: order === 1 ? 'little' : 'big',
      machine: order === 1 ? start.readUInt16LE(elfMachine) : start.readUInt16BE(elfMachine),
    }
  }

  u16(offset: number): number {
    return this.#view(offset, 2).getUint16(0, this.#isLittle)
  }

  u32(offset: number): number {
    return this.#view(offset, 4).getUint32(0, this.#isLittle)
  }

  /** An address or a size. What no file can have comes out larger than any file. */
  u64(offset: number): number {
    return Number(this.#view(offset, 8).getBigUint64(0, this.#isLittle))
  }

  /** The text up to the next zero. */
  text(offset: number, end: number): string {
    const bytes = this.#read(offset, Math.max(0, Math.min(most.name, end - offset, this.#size - offset)))
    const length = bytes.indexOf(0)
    if (length < 0) throw this.damaged('a name has no end')
    return bytes.toString('latin1', 0, length)
  }

  /** Whether a part of it lies within it. */
  holds(offset: number, size: number): boolean {
    return offset + size <= this.#size
  }

  damaged(what: string): ClosureError {
    return notALibrary(this.path, `its ELF structures are damaged or cut short: ${what}`)
  }

  get #isLittle(): boolean {
    return this.machine.byteOrder === 'little'
  }

  #view(offset: number, length: number): DataView {
    const { buffer, byteOffset } = this.#read(offset, length)
    return new DataView(buffer, byteOffset, length)
  }

  #read(offset: number, length: number): Buffer {
    if (!Number.isSafeInteger(offset) || offset < 0 || length < 0 || offset + length > this.#size) {
      throw this.damaged(`something lies at ${offset}, outside of the file`)
    }
    const bytes = Buffer.alloc(length)
    if (readSync(this.#fd, bytes, 0, length, offset) !== length) throw this.damaged('the file became shorter')
    return bytes
  }
}

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

/** The file as the loader would map it. */
class Image {
  readonly #file: ElfFile
  readonly #loaded: readonly Segment[]
  readonly #dynamic: ReadonlyMap<number, readonly number[]>

  constructor(file: ElfFile) {
    this.#file = file
    const segments = this.#segments()
    this.#loaded = segments.filter(({ type }) => type === segmentLoad)
    // The loader maps what a segment asks for, and whoever touches a page behind the file's end dies by SIGBUS.
    const cut = this.#loaded.find(({ offset, size }) => !file.holds(offset, size))
    if (cut !== undefined) throw file.damaged(`a segment of ${cut.size} bytes at ${cut.offset} ends behind the file`)
    const dynamic = segments.find(({ type }) => type === segmentDynamic)
    if (dynamic === undefined) throw notALibrary(file.path, 'it is not dynamically linked')
    this.#dynamic = this.#dynamicSection(dynamic)
  }

  /** The values under a tag of the dynamic section. */
  entries(tag: number): readonly number[] {
    return this.#dynamic.get(tag) ?? []
  }

  strings(): Strings {
    const start = this.#offsetUnder(tags.strings)
    const size = this.entries(tags.stringsSize)[0]
    if (start === undefined || size === undefined) throw this.#file.damaged('it has no names')
    return (offset) => this.#file.text(start + offset, start + size)
  }

  /** DT_VERNEED: a list of files, each with a list of versions. */
  neededVersions(strings: Strings): readonly string[] {
    const versions: string[] = []
    const file = this.#file
    const count = Math.min(this.entries(tags.versionsNeededCount)[0] ?? 0, most.versions)
    let at = this.#offsetUnder(tags.versionsNeeded)
    for (let i = 0; i < count && at !== undefined; i++) {
      let entry = at + file.u32(at + 8)
      for (let left = file.u16(at + 2); left > 0; left--) {
        versions.push(strings(file.u32(entry + 8)))
        if (versions.length > most.versions) throw file.damaged('it asks for too many versions')
        entry += file.u32(entry + 12)
      }
      const next = file.u32(at + 12)
      at = next === 0 ? undefined : at + next
    }
    return versions
  }

  /** Whether it defines a function itself; undefined where it has no hash table. */
  defines(name: string, strings: Strings): boolean | undefined {
    const gnu = this.#offsetUnder(tags.gnuHash)
    const old = this.#offsetUnder(tags.hash)
    if (gnu === undefined && old === undefined) return undefined
    const symbols = this.#offsetUnder(tags.symbols)
    if (symbols === undefined) throw this.#file.damaged('it has no symbols')
    const isIt = (index: number): boolean => {
      const symbol = symbols + index * symbolSize
      const isDefined = this.#file.u16(symbol + 6) !== 0
      return isDefined && strings(this.#file.u32(symbol)) === name
    }
    if (gnu !== undefined) return this.#inGnuHash(gnu, name, isIt)
    return old !== undefined && this.#inHash(old, name, isIt)
  }

  // Four numbers, a Bloom filter, buckets, and for each symbol its hash, the lowest bit of which ends a chain.
  #inGnuHash(table: number, name: string, isIt: (index: number) => boolean): boolean {
    const file = this.#file
    const [bucketCount, first, filterSize] = [file.u32(table), file.u32(table + 4), file.u32(table + 8)]
    if (bucketCount === 0) return false
    const buckets = table + 16 + filterSize * 8
    const chains = buckets + bucketCount * 4
    const hash = gnuHash(name)
    const start = file.u32(buckets + (hash % bucketCount) * 4)
    if (start < first) return false
    for (let index = start; index < start + most.chain; index++) {
      const found = file.u32(chains + (index - first) * 4)
      if (found >>> 1 === hash >>> 1 && isIt(index)) return true
      if ((found & 1) === 1) return false
    }
    throw file.damaged('a chain of symbols has no end')
  }

  // Two numbers, buckets, and for each symbol the next one of its chain.
  #inHash(table: number, name: string, isIt: (index: number) => boolean): boolean {
    const file = this.#file
    const bucketCount = file.u32(table)
    if (bucketCount === 0) return false
    const buckets = table + 8
    const chains = buckets + bucketCount * 4
    let index = file.u32(buckets + (oldHash(name) % bucketCount) * 4)
    for (let i = 0; i < most.chain; i++) {
      if (index === 0) return false
      if (isIt(index)) return true
      index = file.u32(chains + index * 4)
    }
    throw file.damaged('a chain of symbols has no end')
  }

  #segments(): readonly Segment[] {
    const file = this.#file
    const [start, size, count] = [file.u64(32), file.u16(54), file.u16(56)]
    if (size < 56 || count > most.segments) throw file.damaged('its program headers')
    return Array.from({ length: count }, (_, i) => {
      const at = start + i * size
      return { type: file.u32(at), offset: file.u64(at + 8), address: file.u64(at + 16), size: file.u64(at + 32) }
    })
  }

  #dynamicSection({ offset, size }: Segment): ReadonlyMap<number, readonly number[]> {
    if (size > most.dynamic) throw this.#file.damaged('its dynamic section')
    const found = new Map<number, number[]>()
    for (let at = offset; at + 16 <= offset + size; at += 16) {
      const tag = this.#file.u64(at)
      if (tag === 0) break
      const values = found.get(tag) ?? []
      values.push(this.#file.u64(at + 8))
      found.set(tag, values)
    }
    return found
  }

  // Where the address under a tag lies in the file.
  #offsetUnder(tag: number): number | undefined {
    const address = this.entries(tag)[0]
    if (address === undefined) return undefined
    const segment = this.#loaded.find((each) => address >= each.address && address < each.address + each.size)
    if (segment === undefined) throw this.#file.damaged('an address outside of all segments')
    return address - segment.address + segment.offset
  }
}

function gnuHash(name: string): number {
  let hash = 5381
  for (const byte of Buffer.from(name, 'latin1')) hash = (Math.imul(hash, 33) + byte) >>> 0
  return hash
}

function oldHash(name: string): number {
  let hash = 0
  for (const byte of Buffer.from(name, 'latin1')) {
    hash = ((hash << 4) + byte) >>> 0
    hash = (hash ^ ((hash >>> 24) & 0xf0)) & 0x0f_ff_ff_ff
  }
  return hash
}

function withFile<T>(path: string, read: (file: ElfFile) => T): T {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    throw notALibrary(path, error instanceof Error ? error.message : String(error))
  }
  try {
    return read(new ElfFile(path, fd, fstatSync(fd).size))
  } finally {
    closeSync(fd)
  }
}

function notALibrary(path: string, why: string): ClosureError {
  return new ClosureError('ERR_OPENSSL_NOT_A_LIBRARY', `${path} is no libssl: ${why}`)
}
