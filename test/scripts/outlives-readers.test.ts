// The programs of this repository end as usual where the reader of their output has gone: `npm run study -- --list | head`.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

test.each([
  ['benchmarks/study/main.js', '--list'],
  ['benchmarks/study/overhead/bench.js', '--help'],
  ['test/drivers/main.js', '--list'],
  ['test/field/main.js', '--list'],
])('%s %s', async (program, option) => {
  const child = spawn(process.execPath, [path.join(root, 'dist', program), option], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  // It goes before the program has started.
  child.stdout.destroy()
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect({ code, said }).toEqual({ code: 0, said: '' })
})
