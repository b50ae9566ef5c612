/** A process of a benchmark that answers questions with numbers. It ends with its parent, however that ended. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { credentialsEnvironment } from '../support/certificate.js'

export interface Worker {
  readonly pid: number
  /** Asks and waits for the numbers; rejects when the process ends before. */
  ask(question: string): Promise<readonly number[]>
  stop(): Promise<void>
}

export type Answers = Readonly<Record<string, () => Promise<readonly number[]> | readonly number[]>>

/** Starts a compiled module, which calls `answerParent`. */
export function startWorker(module: URL, args: readonly string[], execArgv: readonly string[] = []): Worker {
  const name = module.pathname.split('/').slice(-2).join('/')
  const child = fork(module, [...args], {
    env: { ...process.env, ...credentialsEnvironment },
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exit = once(child, 'exit')
  let ended = false
  void exit.then(() => {
    ended = true
  })
  if (child.pid === undefined) throw new Error(`${name} could not be started`)
  return {
    pid: child.pid,
    ask: (question) =>
      new Promise((resolve, reject) => {
        const onExit = (code: unknown): void => reject(new Error(`${name} ended with ${String(code)}`))
        if (ended) onExit(child.exitCode)
        child.once('exit', onExit)
        child.once('message', (message) => {
          child.off('exit', onExit)
          const numbers = Array.isArray(message) ? message.filter((value) => typeof value === 'number') : []
          resolve(numbers)
        })
        child.send(question, () => undefined)
      }),
    stop: async () => {
      if (ended) return
      if (child.connected) child.disconnect()
      const force = setTimeout(() => child.kill('SIGKILL'), 5000)
      await exit
      clearTimeout(force)
    },
  }
}

/** CPU time of this process so far, user and system, in microseconds. */
export function cpuTime(): readonly number[] {
  const { user, system } = process.cpuUsage()
  return [user + system]
}

/** The worker's half: one question at a time. */
export function answerParent(answers: Answers): void {
  process.on('disconnect', () => process.exit(0))
  // Ctrl-C reaches the whole process group; the parent decides when a worker goes.
  process.on('SIGINT', () => undefined)
  process.on('message', (question) => {
    const answer = typeof question === 'string' ? answers[question] : undefined
    if (answer === undefined) throw new Error(`Unknown question ${String(question)}`)
    void Promise.resolve(answer()).then((numbers) => process.send?.(numbers))
  })
}
