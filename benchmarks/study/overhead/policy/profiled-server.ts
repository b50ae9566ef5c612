/** The servers that are profiled: each sample has a fresh one, and a client of its own. */
import { rmSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { reportsOfAll } from './reports.js'
import { startWorker, type Worker } from '../numbers.js'

export class ProfiledServers {
  readonly #folder: string
  readonly #size: number
  readonly #execArgv: readonly string[]
  #workers: Worker[] = []

  private constructor(folder: string, size: number, execArgv: readonly string[]) {
    this.#folder = folder
    this.#size = size
    this.#execArgv = execArgv
  }

  static async open(size: number, execArgv: readonly string[] = []): Promise<ProfiledServers> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'close-notify-profile-'))
    // After Ctrl-C too.
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    return new ProfiledServers(folder, size, execArgv)
  }

  /** The file to which a server writes what it saw of itself. */
  get file(): string {
    return path.join(this.#folder, 'profile.json')
  }

  async readFile(): Promise<unknown> {
    const value: unknown = JSON.parse(await readFile(this.file, 'utf8'))
    return value
  }

  /** Warms up a server of that side, and calls `measure` with what does as much again. */
  async run<Measured>(
    side: string,
    measure: (server: Worker, load: () => Promise<void>) => Promise<Measured>,
  ): Promise<Measured> {
    // V8 may write a log of what it is told to profile: not into the working directory, and not to standard output.
    const log = ['--no-logfile-per-isolate', `--logfile=${path.join(this.#folder, 'v8.log')}`]
    const flags = [...this.#execArgv, ...log]
    const server = await startWorker(new URL('./profile-process.js', import.meta.url), [side, this.file], flags)
    this.#workers.push(server)
    const [port = 0] = await server.ask('port')
    const args = [String(port), String(this.#size), 'close']
    const client = await startWorker(new URL('./client-process.js', import.meta.url), args)
    this.#workers.push(client)
    let connections = 0
    const ask = async (question: string): Promise<void> => {
      const [, made = 0] = await client.ask(question)
      connections += made
    }
    await ask('warm-up')
    const measured = await measure(server, () => ask('go'))
    await client.stop()
    await reportsOfAll(side, server, connections)
    await this.close()
    return measured
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()))
    this.#workers = []
  }
}
