/** The time of a profile belongs to whose code it was in. */
import { expect, test } from 'vitest'
import {
  type Kind,
  kinds,
  summarizeAllocations,
  summarizeProfile,
  totalOf,
} from '../../../../benchmarks/study/overhead/policy/profile-summary.js'

const nodes = [
  node(1, '(root)', '', [2, 3, 4, 6]),
  node(2, '(idle)', ''),
  node(3, '(garbage collector)', ''),
  node(4, 'emit', 'node:events', [5, 7]),
  node(5, 'take', 'file:///somewhere/dist/lib/policy/control.js', [8]),
  node(6, 'handler', 'file:///somewhere/dist/benchmarks/study/overhead/policy/server.js'),
  node(7, 'writev', ''),
  node(8, 'findSsl', ''),
]

test('each sample lasts until the next, and counts for the code that it was in', () => {
  const samples = [4, 5, 8, 7, 3, 6, 2, 4]
  const timeDeltas = [5, 100, 200, 300, 400, 500, 600, 700]
  const sums = summarizeProfile({ nodes, samples, timeDeltas })
  const expected: Record<Kind, number> = {
    node: 100,
    ours: 200,
    'ours native': 300,
    native: 400,
    gc: 500,
    program: 600,
    outside: 0,
    threads: 0,
  }
  for (const kind of kinds) expect(totalOf(sums, kind), kind).toBe(expected[kind])
  expect([...(sums.get('ours') ?? [])]).toEqual([['policy/control.js:8 take', 200]])
  expect([...(sums.get('ours native') ?? [])]).toEqual([['findSsl < policy/control.js:8 take', 300]])
})

test('a sample that outlasts every other is a process that was kept from running', () => {
  const sums = summarizeProfile({ nodes, samples: [5, 2], timeDeltas: [0, 50_000] })
  expect(totalOf(sums, 'ours')).toBe(1000)
})

test('what was allocated counts for the function that did it, and without one for native code', () => {
  const take = { callFrame: frame('take', 'file:///somewhere/dist/lib/policy/control.js'), selfSize: 30, children: [] }
  const emit = { callFrame: frame('emit', 'node:events'), selfSize: 20, children: [take] }
  const sums = summarizeAllocations({ callFrame: frame('(root)', ''), selfSize: 10, children: [emit] })
  expect(kinds.map((kind) => totalOf(sums, kind))).toEqual([30, 0, 20, 0, 0, 10, 0, 0])
})

function frame(functionName: string, url: string) {
  return { functionName, url, lineNumber: 7 }
}

function node(id: number, functionName: string, url: string, children: readonly number[] = []) {
  return { id, callFrame: frame(functionName, url), children }
}
