/**
 * `loopback-only.c`, compiled: preloaded into a server that can only listen on every address, it binds it to 127.0.0.1
 * and has it print "bound to 127.0.0.1:PORT". It is compiled once, into `.cache`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { sourceFile } from '../../../benchmarks/support/source-file.js'

// Kept between runs: the processes of tests are ended without a word, and could not clean up. Renamed into place, so
// that nobody loads half of one.
export function loopbackOnly(): string {
  const source = sourceFile('test/support/peers/loopback-only.c')
  const library = sourceFile('.cache/loopback-only.so')
  if (existsSync(library) && statSync(library).mtimeMs >= statSync(source).mtimeMs) return library
  mkdirSync(path.dirname(library), { recursive: true })
  const aside = `${library}.${process.pid}`
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', aside, source])
  } catch (cause) {
    throw new Error('Expected cc on the PATH; on Debian: apt-get install gcc', { cause })
  }
  renameSync(aside, library)
  return library
}
