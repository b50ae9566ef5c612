import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { run } from './run.js'

describe('the program close-notify', () => {
  test.each([[['--version']], [['-V']], [['compare', '--version']]])('prints its version with %j', async (args) => {
    const content: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    const { exitCode, stdout } = await run(...args)
    expect(content).toMatchObject({ version: stdout.trim() })
    expect(exitCode).toBe(0)
  })

  test('names its commands', async () => {
    const { exitCode, stdout } = await run('--help')
    expect(stdout).toMatch(/^Usage: close-notify .*\n(.*\n)* {2}compare /)
    expect(exitCode).toBe(0)
  })

  test.each([
    { args: [], says: 'Usage: close-notify' },
    { args: ['nonsense'], says: "unknown command 'nonsense'" },
  ])('refuses $args, says why, and does nothing', async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await run(...args)
    expect(stderr).toContain(says)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })
})
