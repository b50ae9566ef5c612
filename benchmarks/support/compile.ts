/** The C and C++ sides of benchmarks: compiled for a run, against the OpenSSL of the system, into a folder of its own. */
import { execFile } from 'node:child_process'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Need } from '../study/question.js'
import { sourceFile } from './source-file.js'

const run = promisify(execFile)

export interface Compiled {
  readonly program: string
  /** The folder that the program stands in, and that `remove()` removes; there is room for more. */
  readonly folder: string
  /** The file that the program is bound to. */
  readonly libssl: string
  /** Its version: '3.0.19'. */
  readonly libsslVersion: string
  remove(): Promise<void>
}

/** A C compiler, and OpenSSL's headers and libraries. */
export const cCompiler: Need = {
  name: "cc and OpenSSL's headers",
  async missing() {
    try {
      await (await compileForRun('cc', [], [])).remove()
      return undefined
    } catch (error) {
      const [why = ''] = /.*(?:error|ENOENT).*/.exec(String(error)) ?? []
      return `no C program can be compiled against OpenSSL: apt-get install gcc libc6-dev libssl-dev (${why.trim()})`
    }
  },
}

/** Compiles a C program of one file, by its path from the root of the repository. */
export function compileC(source: string, options: readonly string[] = []): Promise<Compiled> {
  return compileForRun('cc', [sourceFile(source)], ['-O2', '-std=c11', ...options])
}

/** Compiles a C++ program; includes are from the root of the repository, as the sources are. */
export function compileCxx(sources: readonly string[], options: readonly string[] = []): Promise<Compiled> {
  const files = sources.map(sourceFile)
  return compileForRun('g++', files, ['-O2', '-std=c++20', `-I${sourceFile('.')}`, ...options])
}

/** Which OpenSSL a program is bound to, only another one that was linked alike can tell. */
const versionSource = `
#include <openssl/ssl.h>
#include <stdio.h>
int main(void) { SSL_CTX_free(SSL_CTX_new(TLS_method())); puts(OpenSSL_version(OPENSSL_VERSION)); }
`

async function compileForRun(
  compiler: 'cc' | 'g++',
  sources: readonly string[],
  options: readonly string[],
): Promise<Compiled> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'close-notify-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const link = async (name: string, files: readonly string[]): Promise<string> => {
    const program = path.join(folder, name)
    await run(compiler, [...options, '-o', program, ...files, '-lssl', '-lcrypto', '-ldl'])
    return program
  }
  try {
    const versionFile = path.join(folder, 'version.c')
    await writeFile(versionFile, versionSource)
    const version = await link('version', [versionFile])
    const program = sources.length === 0 ? version : await link('program', sources)
    const [, libssl] = /libssl\S* => (\S+)/.exec((await run('ldd', [program])).stdout) ?? []
    if (libssl === undefined) throw new Error(`Expected ${program} to be bound to a libssl`)
    const [, libsslVersion = 'unknown'] = /^\w+ (\S+)/.exec((await run(version)).stdout) ?? []
    return { program, folder, libssl: await realpath(libssl), libsslVersion, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
