import { describe, expect, test, vi } from 'vitest'
import { runCommand } from '../../../lib/lab/assess/run-command.js'
import { commandOf } from '../../support/processes.js'

const options = { timeout: 30_000, maxOutput: 1000, env: {} }

describe('runCommand()', () => {
  test('gives the exit code and both outputs, of which it keeps the beginning', async () => {
    const script = 'echo $WORD; echo problem >&2; exit 3'
    expect(await runCommand(['sh', '-c', script], { ...options, env: { WORD: 'said' } })).toMatchObject({
      exitCode: 3,
      signal: null,
      isHung: false,
      stdout: Buffer.from('said\n'),
      stderr: 'problem\n',
    })
    const many = await runCommand(['sh', '-c', 'yes | head -c 5000'], options)
    expect(many.stdout).toHaveLength(1000)
  })

  test('gives the signal that ended it', async () => {
    expect(await runCommand(['sh', '-c', 'kill -SEGV $$'], options)).toMatchObject({
      exitCode: null,
      signal: 'SIGSEGV',
    })
  })

  test('kills what hangs, and all that it has started', async () => {
    const script = 'sleep 1000 & echo $!; sleep 1000'
    const { isHung, signal, stdout } = await runCommand(['sh', '-c', script], { ...options, timeout: 300 })
    expect({ isHung, signal }).toEqual({ isHung: true, signal: 'SIGKILL' })
    await vi.waitFor(() => expect(commandOf(Number(stdout))).toBe(''))
  })

  test('kills what is left behind a command that has ended', async () => {
    const { exitCode, stdout } = await runCommand(['sh', '-c', 'sleep 1000 & echo $!'], options)
    expect(exitCode).toBe(0)
    await vi.waitFor(() => expect(commandOf(Number(stdout))).toBe(''))
  })

  test('is ended by its signal', async () => {
    const controller = new AbortController()
    const running = runCommand(['sleep', '1000'], { ...options, signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
  })

  test('rejects with the error of the system where there is no such program', async () => {
    await expect(runCommand(['/absent/program'], options)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
