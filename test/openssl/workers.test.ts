import { expect, test } from 'vitest'
import { builds } from './builds.js'
import { runEngineProgram } from './programs.js'

test.each(builds)(
  'workers are terminated in the middle of their calls, and the process goes on: $name ($openssl.version)',
  async ({ openssl }) => {
    const [facts] = await runEngineProgram('workers-in-calls.mjs', [openssl.libssl ?? '', '6'])
    expect(facts).toEqual({ terminated: 24, codes: [1], main: 'SSL_ERROR_ZERO_RETURN' })
  },
)
