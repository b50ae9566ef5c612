/**
 * The child's half of `child.ts`, for children in Node: says that it is ready, runs commands by name, and ends with the
 * parent, however that ended. A command may return a text, or a promise of one; a command without a function answers
 * with nothing, so that anything can be asked for a sign of life.
 */
import { createInterface } from 'node:readline'

export function serveParent(ready: readonly (string | number)[], commands: Commands = {}): void {
  if (process.stdin.isTTY) throw new Error('Expected to be started by a parent process, see child.ts')
  // Ctrl-C reaches the whole process group; the parent decides when a child goes.
  process.on('SIGINT', () => {})
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const [number = '', command = '', ...words] = line.split(' ')
      void answer(commands[command], words).then((text) => process.stdout.write(`${number} ${text}\n`))
    })
    .on('close', () => process.exit(0))
  process.stdout.write(['ready', ...ready].join(' ') + '\n')
}

export type Commands = Readonly<Record<string, Command>>
/** What it returns, or what that promises, is the answer where it is a text or a number. */
type Command = (...words: string[]) => unknown

async function answer(command: Command | undefined, words: string[]): Promise<string> {
  try {
    const value: unknown = await command?.(...words)
    return typeof value === 'string' || typeof value === 'number' ? `ok ${value}` : 'ok'
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return `error ${text.replaceAll('\n', ' ')}`
  }
}
