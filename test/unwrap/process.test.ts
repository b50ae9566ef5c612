// unwrap() leaves nothing that keeps a process or a worker alive.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test.each(['main', 'worker'])('a program that has unwrapped ends by itself: %s', async (where) => {
  const program = fileURLToPath(new URL('programs/unwraps-in-turn.mjs', import.meta.url))
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, where], { timeout: 50_000 })
  const facts = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  const none = [0, 0, 0]
  const unwrapped = { verdicts: ['clean'], data: 'clear', counts: [none, none], timers: 0 }
  expect(facts).toEqual(where === 'main' ? [unwrapped] : [unwrapped, { workerCode: 0 }])
  expect(stderr).toBe('')
})
