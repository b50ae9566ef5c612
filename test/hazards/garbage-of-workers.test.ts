/**
 * Node empties its queue of finalizers in an immediate that may free the addon's environment before it uses it (24, and 26 until it
 * was mended there): a worker that was terminated with garbage of ours then ends the process. glibc hides that unless it is
 * told to overwrite what is freed; musl does not.
 */
import { expect, test } from 'vitest'
import { runEngineProgram } from '../openssl/programs.js'

test('workers that are terminated with garbage of ours leave the process alive', async () => {
  const facts = await runEngineProgram('workers-in-calls.mjs', ['', '20'], { env: { MALLOC_PERTURB_: '165' } })
  expect(facts).toEqual([{ terminated: 80, codes: [1], main: 'SSL_ERROR_ZERO_RETURN' }])
})
