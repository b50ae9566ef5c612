/**
 * Peers that we did not write, each a child process: its lines of output, its end, and a sure death.
 *
 *     const peer = await opensslServer({ version: 'TLSv1.2' })
 *     onTestFinished(peer.stop)
 *     await peer.line(/ACCEPT/)      resolves with the match, past lines included
 *     peer.output                    all lines of stdout and stderr so far
 *     await peer.exit                { code, signal }
 *
 * The child dies with `stop()`, with this process, and on Linux with the thread that started it, however that one ends.
 * A tool of the base system that is missing is an error that names its Debian package, never a skipped test; programs
 * that the tests can do without are found by programs.ts.
 */
import { onTestFinished } from 'vitest'
import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { isExecutable } from './programs.js'

interface PeerExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** An alert as the peer itself tells of it: `sent` is from the peer. */
export interface PeerAlert {
  readonly direction: 'sent' | 'received'
  readonly level: string
  readonly name: string
}

export interface PeerProcess {
  readonly output: readonly string[]
  readonly exit: Promise<PeerExit>
  /** Rejects with the whole output when the process ends, or `timeout` ms pass, without such a line. */
  line(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>
  /** To its standard input. */
  write(text: string): void
  endInput(): void
  /** Kills it; resolves when it is gone. */
  readonly stop: () => Promise<void>
}

export interface PeerCommand {
  readonly command: string
  readonly args: readonly string[]
  /** Where the command is looked for on the PATH. */
  readonly debianPackage?: string
  readonly env?: Readonly<Record<string, string>>
}

export function startPeer({ command, args, debianPackage, env = {} }: PeerCommand): PeerProcess {
  if (debianPackage !== undefined) requireTool(command, debianPackage)
  // By env(1): what is preloaded into the peer, and its libraries, are not for setpriv.
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const [file, ...rest] = [...diesWithParent(), 'env', ...assignments, command, ...args]
  // A sanitizer that this process was started with is not for programs of others.
  const { LD_PRELOAD: _ours, ...inherited } = process.env
  const child = spawn(file ?? command, rest, { stdio: 'pipe', env: inherited })
  const output: string[] = []
  const watchers = new Set<() => void>()
  const notify = () => {
    for (const watcher of [...watchers]) watcher()
  }
  const listen = async (stream: Readable) => {
    for await (const line of createInterface({ input: stream })) {
      output.push(line)
      notify()
    }
  }
  // the process may go while it is written to
  child.stdin.on('error', () => {})
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)

  let ended: PeerExit | undefined
  const drained = Promise.all([listen(child.stdout), listen(child.stderr)])
  const exit = new Promise<PeerExit>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      process.off('exit', kill)
      void drained.then(() => {
        ended = { code, signal }
        resolve(ended)
        notify()
      })
    })
  })

  const line = (pattern: RegExp, timeout = 20_000) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      let next = 0
      const settle = () => {
        clearTimeout(timer)
        watchers.delete(check)
      }
      const fail = (why: string) => {
        settle()
        reject(new Error(`Expected ${command} to print ${pattern} but ${why}:\n${output.join('\n')}`))
      }
      const check = () => {
        for (; next < output.length; next++) {
          const match = pattern.exec(output[next] ?? '')
          if (match === null) continue
          settle()
          resolve(match)
          return
        }
        if (ended !== undefined) fail(`it ended with ${ended.code ?? ended.signal}`)
      }
      const timer = setTimeout(() => fail(`${timeout} ms passed`), timeout)
      watchers.add(check)
      check()
    })

  const stop = async () => {
    kill()
    await exit
  }
  return {
    output,
    exit,
    line,
    stop,
    write: (text) => void child.stdin.write(text),
    endInput: () => void child.stdin.end(),
  }
}

/** Throws where `command` is not on the PATH. */
export function requireTool(command: string, debianPackage: string): void {
  const found = (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, command)))
  if (!found) throw new Error(`Expected ${command} on the PATH; on Debian: apt-get install ${debianPackage}`)
}

function diesWithParent(): readonly string[] {
  if (process.platform === 'linux') requireTool('setpriv', 'util-linux')
  return process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', '--'] : []
}

/** Stops a peer when the test is over. */
export function stopAfter<T extends PeerProcess>(peer: T): T {
  onTestFinished(peer.stop)
  return peer
}
