/** A program of the round, run to its end in one of the ways. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { type Driver, policies, type Way } from './driver.js'
import type { Closing } from './record.js'

/** What a program has left behind. */
export interface Ended {
  /** Of the process; null where a signal ended it. */
  readonly exitCode: number | null
  readonly steps: readonly Step[]
  /** Without the process's id in warnings of Node's. */
  readonly stderr: string
  readonly closings: readonly Closing[]
}

interface Step {
  readonly step: string
  readonly got: unknown
}

export interface ProgramOptions {
  /** Where the packages are installed, and the programs lie. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

export function runProgram({ name }: Driver, way: Way, { env, ...options }: ProgramOptions): Promise<Ended> {
  const policy = way.kind === 'stock' ? undefined : JSON.stringify(policies[way.policy])
  const isRegistered = way.kind === 'register'
  const preloads = [...(isRegistered ? ['close-notify/register'] : []), './watch.mjs']
  const args = [...preloads.flatMap((each) => ['--import', each]), `./${name}.mjs`]
  const given = policy !== undefined && { [isRegistered ? 'CLOSE_NOTIFY_POLICY' : 'DRIVERS_POLICY']: policy }
  return runNode(args, { ...options, env: { ...env, ...given } })
}

/** A Node of its own, with these arguments. */
export async function runNode(args: readonly string[], options: ProgramOptions): Promise<Ended> {
  const { folder, env, signal } = options
  signal.throwIfAborted()
  // Those of whoever runs the round are not for the programs.
  const { NODE_OPTIONS: _options, CLOSE_NOTIFY_POLICY: _policy, NODE_DEBUG: _debug, ...others } = process.env
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...others, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // With the clients that it starts it is a group, which ends as one.
    detached: true,
  })
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // None of them is left.
    }
  }
  process.once('exit', kill)
  signal.addEventListener('abort', kill, { once: true })
  try {
    const closed = once(child, 'close')
    const [, stdout, stderr, record] = child.stdio
    const [said, complained, reports] = await Promise.all([textOf(stdout), textOf(stderr), textOf(record)])
    await closed
    signal.throwIfAborted()
    return {
      exitCode: child.exitCode,
      steps: linesOf(said).filter(isStep),
      stderr: complained.replaceAll(/\(node:\d+\)/g, '(node)'),
      closings: linesOf(reports).filter(isClosing),
    }
  } finally {
    kill()
    process.off('exit', kill)
    signal.removeEventListener('abort', kill)
  }
}

function textOf(stream: unknown): Promise<string> {
  if (!(stream instanceof Readable)) throw new Error('Expected a pipe')
  return text(stream)
}

function linesOf(text: string): readonly unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
}

function isStep(value: unknown): value is Step {
  return typeof value === 'object' && value !== null && 'step' in value && 'got' in value
}

function isClosing(value: unknown): value is Closing {
  return typeof value === 'object' && value !== null && 'verdict' in value && 'received' in value
}
