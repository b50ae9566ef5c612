/** Linux' `perf`, on a process that runs already. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

export interface Attached {
  /** Detaches it; returns the text that it has written to stderr. */
  stop(): Promise<string>
}

/** Runs a command of perf on a process with all its threads, from the moment at which this resolves. */
export async function attachPerf(command: readonly string[], pid: number): Promise<Attached> {
  // Perf takes a while to attach, and says when it has: events are off until it is told to enable them.
  const args = [...command, '-p', String(pid), '-D', '-1', '--control', 'fd:3,4']
  const perf = spawn('perf', args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] })
  let text = ''
  perf.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const closed = once(perf, 'close')
  const [, , , commands, answers] = perf.stdio
  if (!isWritable(commands) || !isReadable(answers)) throw new Error('Expected pipes to perf')
  commands.on('error', () => undefined)
  const answered = once(answers, 'data')
  commands.write('enable\n')
  await Promise.race([
    answered,
    closed.then(() => {
      throw new Error(`perf ended early: ${text}`)
    }),
  ])
  return {
    stop: async () => {
      perf.kill('SIGINT')
      await closed
      return text
    },
  }
}

function isWritable(stream: unknown): stream is Writable {
  return typeof stream === 'object' && stream !== null && 'write' in stream
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'read' in stream
}
