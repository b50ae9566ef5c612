/**
 * Instructions that a process retires, counted by the processor through `perf stat`: a measure that hardly moves with
 * what else the machine does. Virtual machines often have no such counter, and then there is none.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { attachPerf } from './perf.js'

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
    const perf = await attachPerf(['stat', '-x', ',', '-e', this.#event], pid)
    return {
      stop: async () => {
        const text = await perf.stop()
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
