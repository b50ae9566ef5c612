import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { credentialsEnvironment } from './certificate.js'

/** A process of a benchmark, started and ready. */
export interface Child {
  readonly pid: number
  /** The ports that it listens on, in the order that it was asked for. */
  readonly ports: readonly number[]
  /** Runs a command in the child and resolves when it has run; rejects when the child ends before. */
  command(name: string): Promise<void>
  /** Ends the child, by force when it does not go by itself, and resolves when it is gone. */
  stop(): Promise<void>
}

/** A child, and who hears of its end. */
export interface ChildOptions {
  /** For messages: 'relay', 'peer'. */
  readonly name: string
  /** The compiled module, which calls `serveParent` of `child-side.ts`. */
  readonly module: URL
  readonly args?: readonly string[]
  /** Called once if the child ends without being stopped; before it is ready the promise of start rejects instead. */
  readonly onDied: (error: Error) => void
}

/** Starts a module in a process of its own and resolves when it listens. */
export function startChild({ name, module, args = [], onDied }: ChildOptions): Promise<Child> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(module), args, {
      env: { ...process.env, ...credentialsEnvironment },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    })
    let state: 'starting' | 'ready' | 'stopping' = 'starting'
    let ended = false

    child.on('error', (error) => {
      reject(new Error(`The ${name} process could not be started`, { cause: error }))
    })
    child.on('exit', (code, signal) => {
      ended = true
      const error = new Error(
        `The ${name} process ended ${state === 'starting' ? 'before it listened' : 'early'}, ` +
          (signal === null ? `with exit code ${code}` : `by ${signal}`),
      )
      if (state === 'starting') reject(error)
      if (state === 'ready') onDied(error)
    })
    child.once('message', (message) => {
      const ports = portsOf(message)
      if (ports === undefined || child.pid === undefined) {
        child.kill('SIGKILL')
        reject(new Error(`The ${name} process sent no ports`))
        return
      }
      state = 'ready'
      resolve({ pid: child.pid, ports, command, stop })
    })

    function command(commandName: string): Promise<void> {
      return new Promise((done, failed) => {
        const settle = (): void => {
          child.off('message', onMessage)
          child.off('exit', onExit)
        }
        const onMessage = (message: unknown): void => {
          if (message !== commandName) return
          settle()
          done()
        }
        const onExit = (): void => {
          settle()
          failed(new Error(`The ${name} process ended before it answered to "${commandName}"`))
        }
        child.on('message', onMessage)
        child.on('exit', onExit)
        // Where it cannot be sent the child is ending, although its exit was not reported yet.
        if (ended) onExit()
        else child.send(commandName, () => {})
      })
    }

    async function stop(): Promise<void> {
      state = 'stopping'
      if (ended) return
      const exit = once(child, 'exit')
      if (child.connected) child.disconnect()
      const force = setTimeout(() => child.kill('SIGKILL'), 2000)
      await exit
      clearTimeout(force)
    }
  })
}

function portsOf(message: unknown): readonly number[] | undefined {
  if (typeof message !== 'object' || message === null || !('ports' in message)) return undefined
  const { ports } = message
  if (!Array.isArray(ports)) return undefined
  const numbers: number[] = []
  for (const port of ports) {
    if (typeof port !== 'number') return undefined
    numbers.push(port)
  }
  return numbers
}
