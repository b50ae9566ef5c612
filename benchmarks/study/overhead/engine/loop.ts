/** The C++ side of the engine's benchmarks, in native/, compiled for this run against the system's OpenSSL. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { certificate, key } from '../../../support/certificate.js'
import { type Compiled, compileCxx } from '../../../support/compile.js'
import { CannotRun } from '../program.js'

const run = promisify(execFile)

const sources = [
  'benchmarks/study/overhead/engine/native/loop.cc',
  'benchmarks/study/overhead/engine/native/plain.cc',
  'benchmarks/study/overhead/engine/native/engine.cc',
  'native/engine/event_log.cc',
  'native/engine/session.cc',
  'native/engine/ssl.cc',
  'native/engine/ssl_context.cc',
  'native/engine/transport.cc',
  'native/openssl/engine_functions.cc',
  'native/openssl/error_queue.cc',
  'native/openssl/library.cc',
  'native/platform/dynamic.cc',
]

export class Loop {
  /** The file that the program is bound to: JavaScript loads the same. */
  readonly libssl: string
  readonly #compiled: Compiled

  private constructor(compiled: Compiled) {
    this.#compiled = compiled
    this.libssl = compiled.libssl
  }

  static async compile(): Promise<Loop> {
    let compiled: Compiled
    try {
      compiled = await compileCxx(sources)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new CannotRun(`The C++ side needs g++ and OpenSSL's headers (g++ and libssl-dev on Debian): ${why}`)
    }
    await writeFile(path.join(compiled.folder, 'certificate.pem'), certificate)
    await writeFile(path.join(compiled.folder, 'key.pem'), key)
    return new Loop(compiled)
  }

  /** Returns the numbers that it prints. */
  async run(side: 'plain' | 'checked' | 'engine', what: string, ...counts: readonly number[]): Promise<number[]> {
    const files = ['certificate.pem', 'key.pem'].map((name) => path.join(this.#compiled.folder, name))
    const { stdout } = await run(this.#compiled.program, [side, what, ...files, ...counts.map(String)])
    return stdout.trim().split(' ').map(Number)
  }

  remove(): Promise<void> {
    return this.#compiled.remove()
  }
}
