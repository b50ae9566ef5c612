import { expect, test } from 'vitest'
import { FingerprintSet } from '../../../lib/lab/campaign/fingerprints.js'

// So many that some pair of them has 32 bits in common.
test('a set tells what is in it from what is not, however much it has grown', () => {
  const set = new FingerprintSet()
  const names = Array.from({ length: 200_000 }, (_, index) => `host-${index}.example`)
  expect(names.filter((name) => !set.add(name))).toEqual([])
  expect(set.size).toBe(names.length)
  expect(names.filter((name) => !set.has(name) || set.add(name))).toEqual([])
  expect(set.size).toBe(names.length)
  expect(names.slice(0, 10_000).filter((name) => set.has(`${name}.`))).toEqual([])
})
