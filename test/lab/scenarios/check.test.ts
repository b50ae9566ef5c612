// Scenarios from outside: what is taken, and that a refusal says file, scenario, step, what was expected and what came.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkScenarios } from '../../../lib/lab/scenarios/check.js'
import { readScenarios } from '../../../lib/lab/scenarios/read.js'

const step = { do: 'SSL_shutdown', by: 'client' }
const least = { name: 'mine', steps: [step] }

const withStep = (one: unknown) => ({ ...least, steps: [{ do: 'handshake' }, one] })
const withRecord = (record: unknown) => withStep({ do: 'forge', from: 'client', record })

function refusal(part: string): object {
  const message: unknown = expect.stringContaining(part)
  return { code: 'ERR_LAB_SCENARIO', message }
}

describe('a scenario of a file', () => {
  test('needs a name and a step; its title is its name, and it is for both versions', () => {
    expect(checkScenarios(least, 'f')).toEqual([{ ...least, title: 'mine', versions: ['TLSv1.2', 'TLSv1.3'] }])
  })

  test('is one of a list, or alone', () => {
    expect(checkScenarios([least, { ...least, name: 'other' }], 'f').map(({ name }) => name)).toEqual(['mine', 'other'])
  })

  test.each<[unknown, string]>([
    [7, `f, scenario 1: expected an object but received 7`],
    [[], 'f: expected at least one scenario but received []'],
    [
      { steps: [] },
      'f, scenario 1, name: expected a name of letters, digits, dots, dashes and underscores but received undefined',
    ],
    [
      { ...least, nome: 1 },
      "f, scenario 'mine': expected one of the keys name, title, versions, client, server, steps, differs but received 'nome'",
    ],
    [{ ...least, steps: [] }, "f, scenario 'mine', steps: expected at least one step but received []"],
    [
      { ...least, versions: ['TLSv1.1'] },
      "f, scenario 'mine', versions, entry 1: expected 'TLSv1.2', 'TLSv1.3' but received 'TLSv1.1'",
    ],
    [
      [least, least],
      "f, scenario 'mine', name: expected a name that no other scenario of the file has but received 'mine'",
    ],
    [
      { ...least, client: { maxOutput: 0 } },
      "f, scenario 'mine', client, maxOutput: expected a whole number, 1 or more but received 0",
    ],
    [withStep({ do: 'SSL_nonsense' }), "f, scenario 'mine', step 2 (SSL_nonsense), do: expected handshake, transfer, "],
    [
      withStep({ do: 'SSL_read' }),
      "f, scenario 'mine', step 2 (SSL_read), by: expected 'client', 'server' but received undefined",
    ],
    [
      withStep({ do: 'SSL_read', by: 'client', byte: 1 }),
      "step 2 (client SSL_read): expected one of the keys do, as, expect, by, bytes but received 'byte'",
    ],
    [
      withStep({ do: 'SSL_write', by: 'client', data: 7 }),
      'step 2 (client SSL_write), data: expected a text but received 7',
    ],
    [
      withStep({ ...step, expect: { value: '0' } }),
      "step 2 (client SSL_shutdown), expect, value: expected a whole number, -1 or more but received '0'",
    ],
    [
      withStep({ ...step, expect: { error: 'SSL' } }),
      "expect, error: expected a text that begins with 'SSL_ERROR_' but received 'SSL'",
    ],
    [
      withRecord({ type: 'handshake', hex: '1' }),
      "record, hex: expected two hexadecimal digits for each byte but received '1'",
    ],
    [withRecord({ type: 256, hex: '' }), 'record, type: expected a whole number, from 0 to 255 but received 256'],
    [
      withRecord({ type: 'alerts', hex: '' }),
      "record, type: expected 'change_cipher_spec', 'alert', 'handshake', 'data' but received 'alerts'",
    ],
    [
      withRecord({ type: 'alert', level: 'fatal', name: 'close' }),
      "record, name: expected the name of an alert, or a raw record but received 'close'",
    ],
    [
      withRecord({ type: 'raw' }),
      "record, type: expected alert, fragmented-alert, data, handshake, plaintext, or a record with hex but received 'raw'",
    ],
    [
      {
        name: 'mine',
        steps: [
          { ...step, as: 'x' },
          { ...step, as: 'x' },
        ],
      },
      "f, scenario 'mine': expected a name of its own for each step but received 'x'",
    ],
    [
      { ...least, differs: [{ because: 'It does.' }] },
      "differs, entry 1: expected either expect or lacks but received [ 'because' ]",
    ],
    [
      { ...least, differs: [{ because: 'It does.', expect: { 'server SSL_read': {} } }] },
      "differs: expected one of the steps client SSL_shutdown but received 'server SSL_read'",
    ],
    [
      {
        name: 'mine',
        steps: [step, step],
        differs: [{ because: 'It does.', expect: { 'client SSL_shutdown #2': {} } }],
      },
      "differs: expected a step that has `as`, for it is not the only one but received 'client SSL_shutdown #2'",
    ],
  ])('is refused: %j', (value, message) => {
    expect(() => checkScenarios(value, 'f')).toThrow(expect.objectContaining(refusal(message)))
  })
})

describe('a file of scenarios', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'scenarios-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function put(name: string, text: string): string {
    const file = path.join(folder, name)
    writeFileSync(file, text)
    return file
  }

  test.each([
    ['a.json', JSON.stringify([least])],
    ['b.mjs', `export const scenarios = ${JSON.stringify([least])}`],
    ['c.mjs', `export default ${JSON.stringify(least)}`],
  ])('%s is read', async (name, text) => {
    expect((await readScenarios(put(name, text))).map((one) => one.name)).toEqual(['mine'])
  })

  test.each([
    ['d.json', '{', 'it cannot be read: '],
    ['e.mjs', 'throw new Error("as the test wants it")', 'it cannot be read: as the test wants it'],
    ['f.ts', '', 'expected a file that ends with .json, .mjs, .js'],
    ['g.mjs', 'export const other = 1', 'expected an object but received undefined'],
  ])('%s is refused', async (name, text, message) => {
    const file = put(name, text)
    await expect(readScenarios(file)).rejects.toMatchObject(refusal(message))
    await expect(readScenarios(file)).rejects.toMatchObject(refusal(file))
  })

  test('that is not there is refused', async () => {
    await expect(readScenarios(path.join(folder, 'absent.json'))).rejects.toMatchObject({ code: 'ERR_LAB_SCENARIO' })
  })
})
