/**
 * The clients, each in a process of its own: Node's and Python's answer one request after the other, curl and wget are
 * started for each.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { moduleCommand, startChild } from '../../support/child.js'
import { sourceFile } from '../../support/source-file.js'
import { command } from '../needs.js'
import type { Need } from '../question.js'
import { nodeClients, type Client as ClientName, type Policy, programClients, type ProgramClient } from './cells.js'
import type { Framing } from './responses.js'

/** How a request ended, as the client tells it. */
export type Answer =
  | { readonly kind: 'accepted'; readonly bytes: number }
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'hang' }
  | { readonly kind: 'crash'; readonly how: string }

export interface Client {
  /** The program's own words. */
  readonly version: string
  get(port: number, framing: Framing): Promise<Answer>
  stop(): Promise<void>
}

export interface ClientOptions {
  readonly name: ClientName
  readonly policy: Policy
  /** The file of the certificate to trust. */
  readonly caFile: string
  /** After how many ms a request hangs. */
  readonly budget: number
}

const python = sourceFile('benchmarks/study/truncation/clients.py')
/** Fetched by scripts/peers/fetch.mjs, so that every machine asks the same one. */
const fetchedCurl = sourceFile('.cache/peers/curl')

export function needsOf(name: ClientName): readonly Need[] {
  if (nodeClients.some((one) => one === name)) return []
  if (name === 'curl' && existsSync(fetchedCurl)) return []
  if (name === 'curl' || name === 'wget') return [command(name)]
  const python3 = command('python3')
  return name === 'libcurl-gnutls' ? [python3, libcurlGnutls] : [python3]
}

const libcurlGnutls: Need = {
  name: 'libcurl-gnutls',
  missing() {
    return new Promise((resolve) => {
      execFile('python3', ['-c', 'import ctypes; ctypes.CDLL("libcurl-gnutls.so.4")'], (error) => {
        resolve(
          error === null ? undefined : 'libcurl-gnutls.so.4 cannot be loaded: apt-get install libcurl3-gnutls python3',
        )
      })
    })
  },
}

export async function startClient(options: ClientOptions): Promise<Client> {
  const program = programClients.find((name) => name === options.name)
  return program === undefined ? AskedClient.start(options) : startedForEach(program, options)
}

/** Node's and Python's. One that has crashed, or that was ended because it hung, is started again. */
class AskedClient implements Client {
  readonly #options: ClientOptions
  #running: Running
  #stopped = false

  private constructor(options: ClientOptions, running: Running) {
    this.#options = options
    this.#running = running
  }

  static async start(options: ClientOptions): Promise<AskedClient> {
    return new AskedClient(options, await run(options))
  }

  get version(): string {
    return this.#running.child.ready.join(' ')
  }

  async get(port: number, framing: Framing): Promise<Answer> {
    const { budget } = this.#options
    const running = this.#running
    // One that does not even say that it hangs is ended.
    let stalled = false
    const timer = setTimeout(() => {
      stalled = true
      process.kill(running.child.pid, 'SIGKILL')
    }, budget + 2000)
    try {
      return answerOf(await running.child.ask('get', port, framing, budget))
    } catch (error) {
      const died = running.died
      if (died === undefined || this.#stopped) throw error
      this.#running = await run(this.#options)
      // It was stopped meanwhile, and this one not yet.
      if (this.#isStopped()) await this.#running.child.stop()
      return stalled ? { kind: 'hang' } : { kind: 'crash', how: died.message }
    } finally {
      clearTimeout(timer)
    }
  }

  #isStopped(): boolean {
    return this.#stopped
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running.child.stop()
  }
}

interface Running {
  readonly child: Awaited<ReturnType<typeof startChild>>
  died: Error | undefined
}

async function run({ name, policy, caFile }: ClientOptions): Promise<Running> {
  const nodeClient = nodeClients.find((one) => one === name)
  const running: { died: Error | undefined } = { died: undefined }
  const child = await startChild({
    name,
    command:
      nodeClient === undefined
        ? ['python3', python, name, caFile]
        : [
            'env',
            `NODE_EXTRA_CA_CERTS=${caFile}`,
            ...moduleCommand(new URL('node-client-process.js', import.meta.url), [
              nodeClient,
              policy === 'none' ? 'none' : 'error',
            ]),
          ],
    onDied: (error) => {
      running.died = error
    },
  })
  return Object.assign(running, { child })
}

export function answerOf(text: string): Answer {
  const [word = '', detail = ''] = text.split(' ')
  const bytes = Number(detail)
  if (word === 'accepted' && detail !== '' && Number.isInteger(bytes)) return { kind: 'accepted', bytes }
  if (word === 'failed') return { kind: 'failed', code: detail }
  if (word === 'hang') return { kind: 'hang' }
  throw new Error(`Expected the answer of a client but received "${text}"`)
}

/** The first line, and wget's own words for its library of TLS. */
export function versionIn(text: string): string {
  const [library] = /[+]ssl\/\w+/.exec(text) ?? []
  return [text.split('\n')[0], library].filter((part) => part !== undefined).join(' ')
}

interface Program {
  readonly file: string
  readonly env: Readonly<Record<string, string>>
  readonly versionArgs: readonly string[]
  readonly args: (url: string, caFile: string) => readonly string[]
}

async function startedForEach(name: ProgramClient, { caFile, budget }: ClientOptions): Promise<Client> {
  const program = programs[name]
  const children = new AbortController()
  const { stdout } = await execute(program, program.versionArgs, 10_000, children.signal)
  return {
    version: versionIn(stdout.toString('latin1')),
    async get(port, framing) {
      const url = `https://127.0.0.1:${port}/${framing}`
      return programAnswer(await execute(program, program.args(url, caFile), budget, children.signal))
    },
    stop() {
      children.abort()
      return Promise.resolve()
    },
  }
}

const programs: Readonly<Record<ProgramClient, Program>> = {
  // .curlrc and .wgetrc are not read: they are this user's.
  curl: {
    ...(existsSync(fetchedCurl)
      ? {
          file: path.join(fetchedCurl, 'usr/bin/curl'),
          env: {
            LD_LIBRARY_PATH: ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu']
              .map((folder) => path.join(fetchedCurl, folder))
              .join(':'),
          },
        }
      : { file: 'curl', env: {} }),
    versionArgs: ['--version'],
    args: (url, caFile) => ['--disable', '--silent', '--noproxy', '*', '--cacert', caFile, url],
  },
  wget: {
    file: 'wget',
    env: {},
    versionArgs: ['--version'],
    // One try: a second one is another cut. The system's certificates are not read: that takes longer than the request.
    args: (url, caFile) => [
      '--no-config',
      '--quiet',
      '--no-proxy',
      '--no-hsts',
      '--tries=1',
      '--output-document=-',
      `--ca-certificate=${caFile}`,
      `--ca-directory=${path.dirname(caFile)}`,
      url,
    ],
  },
}

export interface Executed {
  readonly code: number | undefined
  readonly signal: string | undefined
  readonly timedOut: boolean
  readonly stdout: Buffer
}

export function programAnswer({ code, signal, timedOut, stdout }: Executed): Answer {
  if (timedOut) return { kind: 'hang' }
  if (signal !== undefined) return { kind: 'crash', how: signal }
  return code === 0 ? { kind: 'accepted', bytes: stdout.length } : { kind: 'failed', code: `exit-${code}` }
}

function execute(
  { file, env }: Program,
  args: readonly string[],
  timeout: number,
  signal: AbortSignal,
): Promise<Executed> {
  return new Promise((resolve, reject) => {
    let timedOut = false
    const options = { encoding: 'buffer', env: { ...process.env, ...env }, signal, killSignal: 'SIGKILL' } as const
    const child = execFile(file, args, options, (error, stdout) => {
      clearTimeout(timer)
      if (error !== null && (signal.aborted || child.pid === undefined))
        reject(new Error(`${file} was not run: ${error.message}`, { cause: error }))
      else resolve({ code: child.exitCode ?? undefined, signal: child.signalCode ?? undefined, timedOut, stdout })
    })
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
    }, timeout)
  })
}
