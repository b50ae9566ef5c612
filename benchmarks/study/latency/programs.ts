/** The closers that are no JavaScript, made ready for a run. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { certificate } from '../../support/certificate.js'
import { compileC } from '../../support/compile.js'
import { sourceFile } from '../../support/source-file.js'

export { cCompiler } from '../../support/compile.js'

export interface CloserPrograms {
  readonly c: [string, ...string[]]
  readonly python: [string, ...string[]]
  remove(): Promise<void>
}

export async function prepareClosers(): Promise<CloserPrograms> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'close-notify-latency-'))
  try {
    const authority = path.join(folder, 'certificate.pem')
    await writeFile(authority, certificate)
    const compiled = await compileC('benchmarks/study/latency/native/closer.c')
    return {
      c: [compiled.program, authority],
      python: ['python3', sourceFile('benchmarks/study/latency/python/closer.py'), authority],
      async remove() {
        await compiled.remove()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}
