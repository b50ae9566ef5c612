// Files of results: those that were printed, and those that somebody has changed.
import { expect, test } from 'vitest'
import { readResults } from '../../../lib/cli/probe/earlier.js'

const answer = { kind: 'observed', ending: 'fin', tcp: 'closed', userCanceled: false, bytes: 0 }
const resumption = { afterResponse: 'not-asked', afterCloseNotify: 'not-asked', afterFin: 'not-asked' }
const probed = { kind: 'probed', version: 'TLSv1.3', answers: { onFin: answer }, resumption }
const failed = { kind: 'failed', version: 'TLSv1.3', failure: { stage: 'connect', reason: 'refused' } }

function textOf(...versions: readonly object[]): string {
  return JSON.stringify({ format: 1, kind: 'probe', target: 'a', host: 'a', port: 443, versions })
}

test('results are read from JSON, lines of JSON, and behind a byte order mark', () => {
  expect(readResults(textOf(probed, failed))).toMatchObject([{ target: 'a' }])
  expect(readResults(`\uFEFF${textOf(probed)}`)).toHaveLength(1)
  const header = JSON.stringify({ format: 1, kind: 'close-notify-probe', settings: {} })
  expect(readResults(`\uFEFF${header}\n${textOf(probed)}\n${textOf(failed)}\n`)).toHaveLength(2)
  expect(readResults(`[${textOf(probed)},${textOf(failed)}]`)).toHaveLength(2)
})

test.each([
  ['nothing of ours', '{}', /expected results of close-notify probe/],
  ['no JSON', `${textOf(probed)}\n{`, /line 2 is no JSON/],
  ['another format', textOf(probed).replace('"format":1', '"format":2'), /have format 2/],
  ['a version without all', textOf({}), /number 1 is none/],
  ['a failure without a reason', textOf({ ...failed, failure: {} }), /number 1 is none/],
  ['an answer without an ending', textOf({ ...probed, answers: { onFin: { kind: 'observed' } } }), /is none/],
  ['no sessions', textOf({ ...probed, resumption: {} }), /is none/],
  ['a word for CCC', textOf({ ...probed, ccc: 'yes' }), /is none/],
  ['no host', textOf(probed).replace('"host"', '"name"'), /is none/],
])('a file with %s is refused', (_what, text, message) => {
  expect(() => readResults(text)).toThrow(message)
})
