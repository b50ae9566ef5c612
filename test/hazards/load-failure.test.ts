import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { factsOfProgram } from './child.js'

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'load-failure-'))
  await writeFile(path.join(folder, 'garbage.node'), 'not a shared object')
  await writeFile(path.join(folder, 'empty.node'), '')
})

afterAll(() => rm(folder, { recursive: true }))

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission'

describe('a process that may load no addon', () => {
  test.each([
    { name: '--no-addons', execArgv: ['--no-addons'], refusedBy: '--no-addons', advice: 'without --no-addons' },
    {
      name: 'the permission model',
      execArgv: [permission, '--allow-fs-read=*', '--no-warnings'],
      refusedBy: 'permission model',
      advice: 'with --allow-addons',
    },
  ])('$name: importing works, and the error says which option', async ({ execArgv, refusedBy, advice }) => {
    const facts = await factsOfProgram('addons-refused.mjs', [advice], { execArgv })
    const remedy = { kind: 'allow-addons', refusedBy }
    expect(facts).toEqual([{ code: 'ERR_CLOSURE_LOAD_FAILED', places: 1, remedy, hasAdvice: true }])
  })

  test('and which does where the permission model allows it', async () => {
    const execArgv = [permission, '--allow-fs-read=*', '--allow-addons', '--no-warnings']
    expect(await factsOfProgram('addons-refused.mjs', [], { execArgv })).toEqual([{ supported: true }])
  })
})

describe('a binary that cannot be loaded', () => {
  test.each(['missing.node', 'garbage.node', 'empty.node'])(
    '%s: importing works, and every call says why',
    async (name) => {
      const place = path.join(folder, name)
      const facts = await factsOfProgram('without-addon.mjs', [], { env: { CLOSE_NOTIFY_BINARY: place } })
      const failure = { name: 'ClosureError', code: 'ERR_CLOSURE_LOAD_FAILED', origin: 'environment', places: [place] }
      expect(facts).toEqual([
        { imported: true, supported: false },
        { call: 'runtimeSupport', ...failure },
        { call: 'closureOf', ...failure },
        { call: 'createSecureContext', ...failure },
        { call: 'createSecureContext without quietShutdown', made: true },
        { stock: 'closed', message: { place: true, advice: true, platform: true } },
      ])
    },
  )
})
