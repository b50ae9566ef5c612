/** The C++ side of the engine's benchmarks: benchmarks/speed/engine/native, compiled for this run against the system's OpenSSL. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { realpathSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { certificate, key } from '../../support/certificate.js'
import { CannotRun } from '../program.js'

const run = promisify(execFile)
// From dist/benchmarks/speed/engine.
const root = fileURLToPath(new URL('../../../../', import.meta.url))

const sources = [
  'benchmarks/speed/engine/native/loop.cc',
  'benchmarks/speed/engine/native/plain.cc',
  'benchmarks/speed/engine/native/engine.cc',
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
  readonly #folder: string

  private constructor(folder: string, libssl: string) {
    this.#folder = folder
    this.libssl = libssl
  }

  static async compile(): Promise<Loop> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'close-notify-loop-'))
    const program = path.join(folder, 'loop')
    try {
      const options = ['-O2', '-std=c++20', '-I.', '-o', program, ...sources, '-lssl', '-lcrypto', '-ldl']
      await run('g++', options, { cwd: root })
      const { stdout } = await run('ldd', [program])
      const libssl = /libssl\S* => (\S+)/.exec(stdout)?.[1]
      if (libssl === undefined) throw new Error(`Expected a libssl in ${stdout}`)
      await writeFile(path.join(folder, 'certificate.pem'), certificate)
      await writeFile(path.join(folder, 'key.pem'), key)
      return new Loop(folder, realpathSync(libssl))
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      const why = error instanceof Error ? error.message : String(error)
      throw new CannotRun(`The C++ side needs g++ and OpenSSL's headers (g++ and libssl-dev on Debian): ${why}`)
    }
  }

  /** Returns the numbers that it prints. */
  async run(side: 'plain' | 'checked' | 'engine', what: string, ...counts: readonly number[]): Promise<number[]> {
    const files = ['certificate.pem', 'key.pem'].map((name) => path.join(this.#folder, name))
    const { stdout } = await run(path.join(this.#folder, 'loop'), [side, what, ...files, ...counts.map(String)])
    return stdout.trim().split(' ').map(Number)
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true })
  }
}
