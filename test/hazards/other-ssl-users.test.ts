import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { factsOfProgram } from './child.js'

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'other-ssl-users-'))
})

afterAll(() => rm(folder, { recursive: true }))

describe('other users of OpenSSL in the process', () => {
  test("a lookup of one thread never finds another thread's SSL, though the Finished messages are known", async () => {
    const facts = await factsOfProgram('threads-look-up.mjs')
    expect(facts).toEqual([
      { thread: 'main', finds: { own: 20, others: 0 }, live: 40 },
      { thread: 'worker', finds: { own: 20, others: 0 }, live: 40 },
      { closedInMain: 'clean' },
    ])
  })

  test("Node's own sockets that nobody controls close as before beside those that are controlled", async () => {
    const facts = await factsOfProgram('uncontrolled-beside.mjs', [50])
    expect(facts).toEqual([
      { controlled: 50, uncontrolled: 50, bytes: 50 * 2 * 100_000, verdicts: { clean: 50 }, live: 0 },
    ])
  })

  test('SSLs of other native code, also freed by another thread, are left alone while ours are found', async () => {
    const facts = await factsOfProgram('beside-foreign-ssl.mjs', [await compile('foreign-ssl')])
    expect(facts).toContainEqual({ foreign: 'done', handshakes: 400, infoCallbacksTouched: 0 })
    expect(facts).toContainEqual({ tracked: 100, verdicts: { clean: 60 } })
    expect(facts.at(-1)).toEqual({ live: 0 })
  })

  test("copies that other native code makes of Node's SSLs by SSL_dup live and die beside them", async () => {
    const facts = await factsOfProgram('beside-ssl-dup.mjs', [await compile('ssl-dup')])
    expect(facts).toEqual([
      ...['main', 'worker'].flatMap((thread) =>
        ['TLSv1.2', 'TLSv1.3'].map((version) => ({ thread, version, verdicts: { clean: 20 } })),
      ),
      { copied: true },
    ])
  })
})

async function compile(name: string): Promise<string> {
  const library = path.join(folder, `${name}.node`)
  const source = fileURLToPath(new URL(`programs/${name}.c`, import.meta.url))
  // nodelete: Node unloads what turns out to be no addon.
  const options = ['-shared', '-fPIC', '-O1', '-pthread', '-Wl,-z,nodelete', '-o', library, source, '-ldl']
  await promisify(execFile)('cc', options)
  return library
}
