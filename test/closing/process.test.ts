// A closing keeps a process alive for the few turns that it takes by itself.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('what TLS gives the socket a few turns later is waited for by a process that has nothing else', async () => {
  const program = fileURLToPath(new URL('programs/flushes-alone.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 50_000 })
  expect(stdout).toBe('{"isFlushed":true,"looks":5}')
})
