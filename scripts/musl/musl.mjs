// Where the C++ library for musl lies that `node scripts/musl/fetch.mjs` makes, and what is compiled and run with it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const muslFolder = fileURLToPath(new URL('../../.cache/musl/', import.meta.url))

/** libstdc++.so.6 and libgcc_s.so.1, which Alpine has of its own: what runs here on musl takes them from there. */
export const muslLibraries = join(muslFolder, 'lib')

/** C and C++ for musl on x64. */
export const muslCompilers = {
  CC: join(muslFolder, 'bin', 'x86_64-linux-musl-gcc'),
  CXX: join(muslFolder, 'bin', 'x86_64-linux-musl-g++'),
}

export const hasMusl = () => existsSync(muslCompilers.CXX)

/** What brings it where it is missing. */
export const howToGetMusl = 'apt-get install musl-tools, then: node scripts/musl/fetch.mjs'
