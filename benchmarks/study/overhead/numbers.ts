/** The processes of these programs, which answer with numbers: child.ts and child-side.ts, whose answers are text. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Commands, serveParent } from '../../support/child-side.js'
import { moduleCommand, startChild } from '../../support/child.js'

export interface Worker {
  readonly pid: number
  /** Asks and waits for the numbers; rejects when the process ends before. */
  ask(question: string): Promise<readonly number[]>
  stop(): Promise<void>
}

export type Answers = Readonly<Record<string, () => Promise<readonly number[]> | readonly number[]>>

/** Starts a compiled module, which calls `answerParent`. */
export async function startWorker(
  module: URL,
  args: readonly string[],
  execArgv: readonly string[] = [],
): Promise<Worker> {
  const name = module.pathname.split('/').slice(-2).join('/')
  const child = await startChild({ name, command: moduleCommand(module, args, execArgv) })
  return {
    pid: child.pid,
    ask: async (question) => numbersOf(await child.ask(question)),
    stop: () => child.stop(),
  }
}

/** The numbers of an answer. */
export function numbersOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(' ').map(Number)
}

/** CPU time of this process so far, user and system, in microseconds. */
export function cpuTime(): readonly number[] {
  const { user, system } = process.cpuUsage()
  return [user + system]
}

/** Memory of this process when all that can go is gone. What waits for finalisers needs a turn between two collections. */
export async function memoryAtRest(): Promise<NodeJS.MemoryUsage> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.()
    await sleep(50)
  }
  return process.memoryUsage()
}

/** The worker's half. */
export function answerParent(answers: Answers): void {
  const commands: Record<string, Commands[string]> = {}
  for (const [name, answer] of Object.entries(answers)) commands[name] = async () => (await answer()).join(' ')
  serveParent([], commands)
}
