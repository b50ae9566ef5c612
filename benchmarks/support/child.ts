/**
 * A process of a benchmark, in any language. It is asked over its standard input and answers over its standard output,
 * in lines of words:
 *
 *     > 7 close 12 quiet          number, command, arguments
 *     < ready 40123               once, when it can be asked; a server names the ports that it listens on
 *     < 7 ok 1234.5 clean         or "7 error what went wrong"
 *
 * Questions may overlap, and their answers come in any order. A child ends when its input does, so that none outlives
 * its parent. Standard error is passed on. `child-side.ts` is the other half for Node.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { credentialsEnvironment } from './certificate.js'

/** A process of a benchmark, started and ready. */
export interface Child {
  readonly pid: number
  /** What it said when it was ready. */
  readonly ready: readonly string[]
  /** The same as numbers: the ports that it listens on, in the order that it was asked for. */
  readonly ports: readonly number[]
  /** Asks, and resolves with the answer; rejects when that is an error or the child ends before. */
  ask(command: string, ...words: readonly (string | number)[]): Promise<string>
  /** Ends the child, by force when it does not go by itself, and resolves when it is gone. */
  stop(): Promise<void>
}

/** A child, and who hears of its end. */
export interface ChildOptions {
  /** For messages: 'relay', 'peer'. */
  readonly name: string
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]]
  /** Called once if the child ends without being stopped; before it is ready the promise of start rejects instead. */
  readonly onDied?: (error: Error) => void
}

/** The command that runs a compiled module, which calls `serveParent`, in a Node of its own. */
export function moduleCommand(
  module: URL,
  args: readonly (string | number)[] = [],
  execArgv: readonly string[] = [],
): [string, ...string[]] {
  return [process.execPath, ...execArgv, fileURLToPath(module), ...args.map(String)]
}

/** Starts a process and resolves when it can be asked. */
export function startChild({ name, command, onDied = () => {} }: ChildOptions): Promise<Child> {
  return new Promise((resolve, reject) => {
    const [file, ...args] = command
    const child = spawn(file, args, {
      env: { ...process.env, ...credentialsEnvironment },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let state: 'starting' | 'ready' | 'stopping' = 'starting'
    let ended = false
    let questions = 0
    const open = new Map<string, Question>()

    // What is asked of one that is gone fails by its end, not by the pipe.
    child.stdin.on('error', () => {})
    child.on('error', (cause) => {
      ended = true
      reject(new Error(`The ${name} process could not be started: ${cause.message}`, { cause }))
    })
    // 'close' comes after the last line was read, 'exit' may come before.
    child.on('close', (code, signal) => {
      ended = true
      const error = new Error(
        `The ${name} process ended ${state === 'starting' ? 'before it was ready' : 'early'}, ` +
          (signal === null ? `with exit code ${code}` : `by ${signal}`),
      )
      for (const { command: asked, failed } of open.values()) failed(endedBefore(asked))
      open.clear()
      if (state === 'starting') reject(error)
      if (state === 'ready') onDied(error)
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [first = '', kind = '', ...words] = line.split(' ')
      if (state === 'starting') becomeReady(line)
      else {
        const question = open.get(first)
        open.delete(first)
        const text = words.join(' ')
        if (kind === 'ok') question?.done(text)
        else question?.failed(new Error(`The ${name} process failed to ${question.command}: ${text}`))
      }
    })

    function becomeReady(line: string): void {
      const [word, ...ready] = line.split(' ')
      if (word !== 'ready' || child.pid === undefined) {
        child.kill('SIGKILL')
        reject(new Error(`The ${name} process was expected to say "ready" but said "${line}"`))
        return
      }
      state = 'ready'
      resolve({ pid: child.pid, ready, ports: ready.map(Number), ask, stop })
    }

    function ask(asked: string, ...words: readonly (string | number)[]): Promise<string> {
      return new Promise((done, failed) => {
        if (ended) {
          failed(endedBefore(asked))
          return
        }
        questions += 1
        const number = String(questions)
        open.set(number, { command: asked, done, failed })
        child.stdin.write([number, asked, ...words].join(' ') + '\n')
      })
    }

    function endedBefore(asked: string): Error {
      return new Error(`The ${name} process ended before it answered to "${asked}"`)
    }

    async function stop(): Promise<void> {
      state = 'stopping'
      if (ended) return
      const closed = once(child, 'close')
      child.stdin.end()
      const force = setTimeout(() => child.kill('SIGKILL'), 2000)
      await closed
      clearTimeout(force)
    }
  })
}

interface Question {
  readonly command: string
  readonly done: (answer: string) => void
  readonly failed: (error: Error) => void
}
