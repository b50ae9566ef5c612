/**
 * Instructions that a process retires, counted by the processor through `perf stat`: a measure that hardly moves with
 * what else the machine does. Virtual machines often have no such counter, and then there is none.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Counting {
  /** Ends the counting; returns how many there were. */
  stop(): Promise<number>
}

/** Counts one event of the processes of this machine. */
export class EventCounter {
  readonly #event: string

  private constructor(event: string) {
    this.#event = event
  }

  /** Returns the counter, or for people why there is none. */
  static async open(event = 'instructions'): Promise<EventCounter | string> {
    try {
      const { stderr } = await run('perf', ['stat', '-x', ',', '-e', event, process.execPath, '--version'])
      return countIn(stderr) === undefined ? 'this machine does not count them' : new EventCounter(event)
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      return isMissing ? 'perf is not installed' : 'perf may not be used here'
    }
  }

  /** Counts a process, with all its threads, from the moment at which this resolves. */
  async start(pid: number): Promise<Counting> {
    // Perf takes a while to attach, and says when it has: events are off until it is told to enable them.
    const args = ['stat', '-x', ',', '-e', this.#event, '-p', String(pid), '-D', '-1', '--control', 'fd:3,4']
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
        const count = countIn(text)
        if (count === undefined) throw new Error(`Expected a count of perf, it wrote: ${text}`)
        return count
      },
    }
  }
}

/** The first field of the line that is about an event; where there is no counter it is a text. */
function countIn(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?),/m.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

function isWritable(stream: unknown): stream is Writable {
  return typeof stream === 'object' && stream !== null && 'write' in stream
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'read' in stream
}
