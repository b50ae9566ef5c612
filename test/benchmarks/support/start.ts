import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Run {
  readonly pid: number
  readonly ended: Promise<Ended>
  stderr(): string
  stderrHas(text: string): Promise<void>
}

/** Starts a program of benchmarks, compiled. */
export function start(program: string, args: readonly string[]): Run {
  // A process group of its own, to be interrupted as a whole.
  const child = spawn(process.execPath, [program, ...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const { pid } = child
  if (pid === undefined) throw new Error('Expected the program to start')
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr })
    })
  })
  return {
    pid,
    ended,
    stderr: () => stderr,
    async stderrHas(text) {
      while (!stderr.includes(text)) {
        const [more] = await Promise.race([once(child.stderr, 'data'), ended.then(() => [])])
        if (more === undefined) throw new Error(`The program ended without "${text}": ${stderr}`)
      }
    },
  }
}
