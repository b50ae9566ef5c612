/**
 * Runs a command within a time limit. What it has started ends with it: all of its process group. What has left the group goes
 * on, and nobody reads its output.
 */
import { spawn } from 'node:child_process'

export interface CommandRun {
  /** Null where a signal ended it. */
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly ms: number
  /** The time limit ended it. */
  readonly isHung: boolean
  readonly stdout: Buffer
  readonly stderr: string
}

export interface CommandOptions {
  /** ms that it may take. */
  readonly timeout: number
  /** Bytes of its output that are kept. */
  readonly maxOutput: number
  /** Variables to be added to its environment. */
  readonly env: Readonly<Record<string, string>>
  /** Kills it. */
  readonly signal?: AbortSignal
}

/** @throws the system's error where it cannot be started; the signal's reason */
export async function runCommand(command: readonly string[], options: CommandOptions): Promise<CommandRun> {
  const [file = '', ...args] = command
  const { timeout, maxOutput, env, signal } = options
  signal?.throwIfAborted()
  const began = performance.now()
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    // A process group of its own, so that all of it can be killed.
    detached: true,
  })
  const stdout = new Kept(maxOutput)
  const stderr = new Kept(maxOutput)
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes))
  child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes))
  let isHung = false
  const kill = (): void => killGroup(child.pid)
  let timer = setTimeout(() => {
    isHung = true
    kill()
  }, timeout)
  signal?.addEventListener('abort', kill, { once: true })
  let ms = 0
  child.once('exit', () => {
    ms = Math.round(performance.now() - began)
    // Its own children may outlive it, and would keep its output open; those in another process group do so for ever.
    kill()
    clearTimeout(timer)
    timer = setTimeout(() => {
      child.stdout.destroy()
      child.stderr.destroy()
    }, afterwards)
  })
  try {
    const ended = await new Promise<Pick<CommandRun, 'exitCode' | 'signal'>>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exitCode, by) => resolve({ exitCode, signal: by }))
    })
    signal?.throwIfAborted()
    return { ...ended, ms, isHung, stdout: stdout.bytes, stderr: stderr.bytes.toString() }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', kill)
  }
}

/** ms for output that is on its way when the command ends. */
const afterwards = 1000

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // None of it is left.
  }
}

/** The first bytes of an output. */
class Kept {
  readonly #most: number
  readonly #chunks: Buffer[] = []
  #length = 0

  constructor(most: number) {
    this.#most = most
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  push(bytes: Buffer): void {
    const kept = bytes.subarray(0, this.#most - this.#length)
    if (kept.length === 0) return
    this.#chunks.push(kept)
    this.#length += kept.length
  }
}
