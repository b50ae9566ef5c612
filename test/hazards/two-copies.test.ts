import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { factsOfProgram } from './child.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const binary = 'build/Release/close_notify.node'
// The one that this run is about, which need not be the local build.
const tested = process.env['CLOSE_NOTIFY_BINARY'] ?? path.join(root, binary)

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'two-copies-'))
  await Promise.all(['first', 'second'].map((name) => copyPackage(path.join(folder, name))))
})

afterAll(() => rm(folder, { recursive: true }))

const oneAlert = { alertRecords: 1, fin: true }

describe.each(['two binaries', 'one binary'])('two copies of the package in a process, %s', (which) => {
  test.each([
    ['neither closes', 'uncontrolled', 'uncontrolled'],
    ['the first closes', 'bidirectional', 'uncontrolled'],
    ['the second closes', 'uncontrolled', 'bidirectional'],
    ['both close', 'bidirectional', 'bidirectional'],
    ['the first closes, the second sends the alert', 'bidirectional', 'uncontrolled'],
  ])('both see the same evidence, and one alert is on the wire: %s', async (who, firstMode, secondMode) => {
    const [loaded, first, second, wire] = await run(who)
    expect(loaded).toEqual({ copies: 2, separate: true })
    const seen = { verdict: 'clean', alerts: ['sent close_notify', 'received close_notify'] }
    expect(first).toEqual({ copy: 'first', mode: firstMode, ...seen })
    expect(second).toEqual({ copy: 'second', mode: secondMode, ...seen })
    expect(wire).toEqual(oneAlert)
  })

  // It is the binary that tracks: one that is shared has tracked since the first copy was loaded.
  test('a copy that is loaded in mid-connection finds what its binary has seen being made', async () => {
    const facts = await run('the second is loaded late')
    expect(facts).toEqual([
      which === 'one binary' ? { early: 'open', verdict: 'clean' } : { early: 'untracked', verdict: 'unobserved' },
      { late: 'open', verdict: 'clean' },
      { first: 'clean' },
    ])
  })

  function run(who: string): Promise<readonly unknown[]> {
    const shared = which === 'one binary' ? tested : undefined
    return factsOfProgram('two-copies.mjs', [folder, who], { env: { CLOSE_NOTIFY_BINARY: shared } })
  }
})

async function copyPackage(to: string): Promise<void> {
  await cp(path.join(root, 'dist/lib'), path.join(to, 'dist/lib'), { recursive: true })
  await cp(tested, path.join(to, binary))
  await writeFile(path.join(to, 'package.json'), JSON.stringify({ name: 'close-notify', type: 'module' }))
}
