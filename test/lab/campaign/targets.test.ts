import { describe, expect, test } from 'vitest'
import { hostNameOf, keyOf } from '../../../lib/lab/campaign/targets.js'

describe('the host name of a target', () => {
  test.each([
    ['example.org', 'example.org'],
    ['example.org:443', 'example.org'],
    ['Example.ORG.:443', 'example.org'],
    ['b\u00fccher.example', 'xn--bcher-kva.example'],
    ['B\u00dcCHER.example:443', 'xn--bcher-kva.example'],
    ['192.0.2.1:443', '192.0.2.1'],
    ['[2001:DB8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['example.org/a', 'example.org/a'],
    ['[broken', '[broken'],
    ['.', '.'],
    ['', ''],
    ['\u00a0', '\u00a0'],
  ])('of %s is %s', (target, host) => {
    expect(hostNameOf(target)).toBe(host)
  })
})

test('targets have one key where only the writing of the host name differs', () => {
  expect(keyOf('Example.org:443')).toBe(keyOf('example.org.:443'))
  expect(keyOf('[::1]')).toBe(keyOf('::1'))
  expect(keyOf('example.org:443')).not.toBe(keyOf('example.org:444'))
  expect(keyOf('example.org:443')).not.toBe(keyOf('example.org'))
  expect(keyOf('a:11')).not.toBe(keyOf('a1:1'))
})
