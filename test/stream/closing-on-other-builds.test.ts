// The closing of a TlsStream on other libraries than the process's own, with the same cases.
import { expect, test } from 'vitest'
import { streamClosingCases } from './closing-cases.js'
import { libraries, streamWays } from './pair.js'

const others = streamWays.filter(({ name }) => !name.endsWith('own'))

streamClosingCases(others)

test('each of them has its cases, one way of each version', () => {
  const names = libraries.map(({ name }) => name).filter((name) => name !== 'own')
  const expected = names.flatMap((name) => [`TlsStream, ${name} TLSv1.2`, `TlsStream, ${name} TLSv1.3`])
  expect(others.map(({ name, version }) => `${name} ${version}`).sort()).toEqual(expected.sort())
})
