// A stand-in for Node and its libssl plays the builds that real ones are not: it speaks the protocol of a build's
// process, and crashes where a test wants it.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Build } from '../../../lib/lab/builds.js'
import { runBuild } from '../../../lib/lab/compare/build-run.js'
import type { BuildOutcome } from '../../../lib/lab/compare/build-run.js'
import type { Run } from '../../../lib/lab/compare/messages.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'build-run-'))
})
afterAll(() => rm(folder, { recursive: true }))

const names = ['one', 'two', 'three']
const runs: readonly Run[] = names.map((name) => ({
  scenario: { name, title: 'Not run', versions: ['TLSv1.3'], steps: [] },
  tls: 'TLSv1.3',
}))
const loaded = { type: 'loaded', kind: 'OpenSSL', version: 'OpenSSL 9.0.0', versionNumber: 0x9000_0000, lacking: [] }
const saysLoaded = `process.send(${JSON.stringify(loaded)})`
const ranScenario = (name: string) => ({ kind: 'lacking', calls: [name] })

/** Answers `run` with its name, unless the code before does something else about it. */
const answers = (before = '') => `
  ${saysLoaded}
  for (const run of order.runs) {
    ${before}
    process.send({ type: 'result', result: { kind: 'lacking', calls: [run.scenario.name] } })
  }
  setImmediate(() => process.disconnect())`

describe('the results of a build', () => {
  test('come in order', async () => {
    const progress: number[] = []
    const outcome = await outcomeOf(answers(), () => progress.push(progress.length + 1))
    expect(outcome).toEqual({ load: loaded, results: names.map(ranScenario) })
    expect(progress).toEqual([1, 2, 3])
  })

  test('have the crash of a scenario in its place, and go on behind it in a new process', async () => {
    const before = `if (run.scenario.name === 'two') { console.error('two is too much'); process.kill(process.pid, 'SIGSEGV') }`
    const { load, results } = await outcomeOf(answers(before))
    expect(load).toEqual(loaded)
    expect(results).toEqual([
      ranScenario('one'),
      { kind: 'crashed', crash: { how: 'SIGSEGV', said: 'two is too much' } },
      ranScenario('three'),
    ])
  })

  test('are crashes when every scenario crashes, the last one too', async () => {
    const { results } = await outcomeOf(answers('process.exit(7)'))
    const crash = { kind: 'crashed', crash: { how: 'exit code 7', said: '' } }
    expect(results).toEqual([crash, crash, crash])
  })

  test('do not hide a crash at exit', async () => {
    const outcome = await outcomeOf(`process.on('exit', () => process.abort())\n${answers()}`)
    expect(outcome.results).toHaveLength(3)
    expect(outcome.crashedAtExit?.how).toBe('SIGABRT')
  })

  test('are none for a build that is not loaded', async () => {
    const report = { type: 'not-loaded', code: 'ERR_OPENSSL_NOT_A_LIBRARY', message: 'no libssl' }
    const outcome = await outcomeOf(`process.send(${JSON.stringify(report)}); setImmediate(() => process.disconnect())`)
    expect(outcome).toEqual({ load: report, results: [] })
  })

  test('are none for a build that crashes while it is loaded', async () => {
    const outcome = await outcomeOf('process.abort()')
    expect(outcome).toMatchObject({ load: { type: 'crashed', crash: { how: 'SIGABRT' } }, results: [] })
  })

  test('are none for a process that cannot be started', async () => {
    const { load } = await runBuild({ name: 'none', node: path.join(folder, 'none') }, runs, never, ignore)
    expect(load.type === 'crashed' && load.crash.how).toMatch('ENOENT')
  })
})

test('an abort ends a process that hangs, and rejects with its reason', async () => {
  const controller = new AbortController()
  const reason = new Error('as the test wants it')
  const hangs = await build(`${saysLoaded}; process.send({ type: 'result', result: { kind: 'pid', pid: process.pid } })
    for (;;) {}`)
  let pid = 0
  const outcome = runBuild(hangs, runs, controller.signal, (result) => {
    if ('pid' in result) pid = Number(result.pid)
    controller.abort(reason)
  })
  await expect(outcome).rejects.toBe(reason)
  expect(pid).toBeGreaterThan(0)
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

const never = new AbortController().signal
const ignore = () => undefined

async function outcomeOf(code: string, onResult: () => void = ignore): Promise<BuildOutcome> {
  return runBuild(await build(code), runs, never, onResult)
}

/** A build whose Node runs this code for each order, whatever module it is told to run. */
async function build(code: string): Promise<Build> {
  const program = path.join(folder, 'program.mjs')
  await writeFile(program, `process.once('message', (order) => { ${code} })`)
  const node = path.join(folder, 'node.sh')
  await writeFile(node, `#!/bin/sh\nexec '${process.execPath}' '${program}'\n`)
  await chmod(node, 0o755)
  return { name: 'stand-in', node }
}
