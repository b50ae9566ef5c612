// The C library of this process, and which of the prebuilt binaries is for it.
import { readFileSync } from 'node:fs'

export type Libc = 'glibc' | 'musl'

/** What this process has loaded: undefined where it has neither, or cannot be asked. */
export function libcOfProcess(): Libc | undefined {
  // Deno would ask its user for leave, and is there for glibc only.
  if (process.platform !== 'linux' || process.versions['deno'] !== undefined) return undefined
  try {
    return libcOf(readFileSync('/proc/self/maps', 'latin1'))
  } catch {
    return undefined
  }
}

/** The one among the files that a process has mapped. */
export function libcOf(maps: string): Libc | undefined {
  if (/\/libc(?:\.so\.6|-2\.\d+\.so)$/m.test(maps)) return 'glibc'
  return /(?:\/ld-musl-[\w-]+\.so\.1|\/libc\.musl-[\w-]+\.so\.1|musl\/libc\.so)$/m.test(maps) ? 'musl' : undefined
}

/**
 * The binary beside this one that belongs to the C library of this process. node-gyp-build, which has found it, goes by the
 * system, and knows Alpine alone for musl: without this a Node of glibc on Alpine would load a second C library, and one of
 * musl elsewhere nothing. LIBC, which node-gyp-build obeys, stays in force.
 */
export function forThisLibc(file: string): string {
  const libc = process.env['LIBC'] === undefined ? libcOfProcess() : undefined
  return libc === undefined ? file : file.replace(/\.(?:glibc|musl)\.node$/, `.${libc}.node`)
}
