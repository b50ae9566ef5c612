import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { runCommand } from '../../../lib/lab/assess/run-command.js'
import { temporaryFolder } from '../../cli/run.js'
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

  test.each([
    { next: 'exit 3', exitCode: 3, isHung: false },
    { next: 'sleep 1000', exitCode: null, isHung: true },
  ])('ends though its output is held by what has left its process group: $next', async ({ next, exitCode, isHung }) => {
    const { script, pid } = leaving(next)
    const run = await runCommand(['sh', '-c', script], { ...options, ...(isHung && { timeout: 3000 }) })
    expect(run).toMatchObject({ exitCode, isHung })
    await vi.waitFor(() => expect(commandOf(pid())).toBe('sleep 1000'))
  })

  test('is ended by its signal where something has left its process group', async () => {
    const { script, pid } = leaving('sleep 1000')
    const controller = new AbortController()
    const running = runCommand(['sh', '-c', script], { ...options, signal: controller.signal })
    await vi.waitFor(() => expect(commandOf(pid())).toBe('sleep 1000'), { timeout: 20_000 })
    controller.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
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

/** A script that goes on once something has left its process group, and the number of that process; 0 before. */
function leaving(next: string) {
  const file = path.join(temporaryFolder(), 'pid')
  const pid = () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0)
  onTestFinished(() => {
    if (pid() > 0) process.kill(pid(), 'SIGKILL')
  })
  const leaver = `setsid sh -c 'echo $$ > ${file}; exec sleep 1000'`
  return { script: `${leaver} & until [ -s ${file} ]; do sleep 0.01; done; ${next}`, pid }
}
