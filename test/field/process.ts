/**
 * A server as a process: started, ready, and surely gone with all that it has started. It is in a process group of its
 * own, so that Ctrl-C in a terminal reaches this program alone, which then stops it; and it ends when this one dies.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import path from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Program } from './programs.js'

export interface User {
  readonly uid: number
  readonly gid: number
}

export interface ServerProcess {
  readonly program: Pick<Program, 'command' | 'env'>
  readonly args: readonly string[]
  readonly cwd: string
  /** It is ready when it has printed all of these, or when it accepts connections on the port. */
  readonly ready: readonly RegExp[] | { readonly port: number }
  /** Instead of whoever runs this. */
  readonly user?: User | undefined
  /** @default 'SIGTERM' */
  readonly stopWith?: NodeJS.Signals
}

export interface StartedProcess {
  /** What the first pattern of `ready` found; undefined where it is a port. */
  readonly match: RegExpExecArray | undefined
  readonly stop: () => Promise<void>
}

/** ms until a server has to be ready, and until one that was asked to end is killed. */
const startTime = 20_000
const stopTime = 3000

export async function startProcess(options: ServerProcess): Promise<StartedProcess> {
  const { program, args, cwd, ready, user, stopWith = 'SIGTERM' } = options
  const assignments = Object.entries(program.env).map(([name, value]) => `${name}=${value}`)
  // By env(1): libraries of the server's are not for setpriv.
  const words = ['--pdeathsig', 'TERM', '--', 'env', ...assignments, program.command, ...args]
  const child = spawn('setpriv', words, { cwd, detached: true, stdio: 'pipe', ...user })
  const output: string[] = []
  const listen = async (stream: Readable): Promise<void> => {
    for await (const line of createInterface({ input: stream })) output.push(line)
  }
  // A process that it has left behind may hold them open; its own end is what counts.
  void Promise.allSettled([listen(child.stdout), listen(child.stderr)])
  child.stdin.on('error', () => {})

  let ended: string | undefined
  const gone = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      ended = how
      resolve()
    }
    child.once('error', (error) => end(error.message))
    child.once('exit', (code, signal) => end(signal ?? `exit code ${code ?? 'unknown'}`))
  })
  const signalAll = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, signal)
    } catch {
      // None of them is left.
    }
  }
  const killAll = (): void => signalAll('SIGKILL')
  process.once('exit', killAll)
  const stop = async (): Promise<void> => {
    if (ended === undefined && child.pid !== undefined) {
      child.kill(stopWith)
      const patience = new AbortController()
      await Promise.race([gone, sleep(stopTime, undefined, { signal: patience.signal }).catch(() => {})])
      patience.abort()
    }
    killAll()
    await gone
    process.off('exit', killAll)
    child.stdout.destroy()
    child.stderr.destroy()
  }

  const deadline = performance.now() + startTime
  try {
    for (;;) {
      if ('port' in ready) {
        if (await accepts(ready.port)) return { match: undefined, stop }
      } else {
        const matches = ready.map((pattern) => firstMatch(output, pattern))
        if (!matches.includes(undefined)) return { match: matches[0], stop }
      }
      if (ended !== undefined) throw new Error(`it ended with ${ended}`)
      if (performance.now() > deadline) throw new Error(`it was not ready within ${startTime} ms`)
      await sleep(20)
    }
  } catch (error) {
    await stop()
    const said = output.slice(-20).join('\n')
    const what = `${path.basename(program.command)} could not be started`
    throw new Error(said === '' ? what : `${what}, and said:\n${said}\n`, { cause: error })
  }
}

/** For servers that refuse to be root: nobody, where this is root. */
export async function unprivileged(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const idOf = async (flag: string): Promise<number> =>
    Number((await promisify(execFile)('id', [flag, 'nobody'])).stdout.trim())
  return { uid: await idOf('-u'), gid: await idOf('-g') }
}

function firstMatch(lines: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  for (const line of lines) {
    const match = pattern.exec(line)
    if (match !== null) return match
  }
  return undefined
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
