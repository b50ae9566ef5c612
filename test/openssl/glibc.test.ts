import { expect, test } from 'vitest'
import { glibcOfProcess, isNewer, newestGlibc } from '../../lib/openssl/glibc.js'

test.each([
  [[], undefined],
  [['OPENSSL_3.0.0', 'CXXABI_1.3'], undefined],
  [['GLIBC_2.9', 'GLIBC_2.38', 'GLIBC_2.4', 'OPENSSL_3.0.0'], '2.38'],
  [['GLIBC_2.2.5'], '2.2'],
  [['GLIBC_PRIVATE', 'GLIBC_ABI_DT_RELR', 'GLIBC_2.14'], '2.14'],
  [['GLIBC_2.99', 'GLIBC_3.0'], '3.0'],
])('the newest of %j is %s', (versions, newest) => {
  expect(newestGlibc(versions)).toBe(newest)
})

test.each([
  ['2.38', '2.36', true],
  ['2.36', '2.36', false],
  ['2.4', '2.36', false],
  ['3.0', '2.99', true],
])('%s is newer than %s: %s', (version, than, is) => {
  expect(isNewer(version, than)).toBe(is)
})

test('the glibc of this process is what its program says', () => {
  const excludesNetwork: unknown = Reflect.get(process.report, 'excludeNetwork')
  expect(glibcOfProcess()).toMatch(/^2\.\d+$/)
  // Asked of the runtime in a way that leaves no trace.
  expect(Reflect.get(process.report, 'excludeNetwork')).toBe(excludesNetwork)
})
