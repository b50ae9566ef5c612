/** Of the binaries of the package, that of this process's C library is taken, whatever system it runs on. */
import { afterEach, describe, expect, test } from 'vitest'
import { forThisLibc, type Libc, libcOf, libcOfProcess } from '../../lib/native/libc.js'

const mapped = (files: readonly string[]) =>
  ['/usr/local/bin/node', ...files, '[stack]']
    .map((file, index) => `7f${index}000-7f${index}fff r-xp 00000000 fe:00 ${index} ${' '.repeat(20)}${file}\n`)
    .join('')

const cases: readonly { readonly libc: Libc | undefined; readonly files: readonly string[] }[] = [
  { libc: 'glibc', files: ['/usr/lib/x86_64-linux-gnu/libc.so.6', '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'] },
  { libc: 'glibc', files: ['/lib/x86_64-linux-gnu/libc-2.31.so', '/lib/x86_64-linux-gnu/ld-2.31.so'] },
  { libc: 'glibc', files: ['/usr/glibc-compat/lib/libc.so.6', '/lib/libcrypto.so.3'] },
  { libc: 'musl', files: ['/lib/ld-musl-x86_64.so.1', '/usr/lib/libstdc++.so.6.0.33'] },
  { libc: 'musl', files: ['/lib/ld-musl-aarch64.so.1'] },
  { libc: 'musl', files: ['/lib/libc.musl-x86_64.so.1'] },
  { libc: 'musl', files: ['/usr/lib/x86_64-linux-musl/libc.so'] },
  { libc: undefined, files: ['/usr/lib/libcurl.so', '/app/libc.so.6.node', '/app/musl/libcrypto.so'] },
  { libc: undefined, files: [] },
]

test.each(cases)('$libc: $files', ({ libc, files }) => {
  expect(libcOf(mapped(files))).toBe(libc)
})

describe('in this process', () => {
  const before = process.env['LIBC']
  afterEach(() => {
    if (before === undefined) delete process.env['LIBC']
    else process.env['LIBC'] = before
  })

  const report: unknown = process.report.getReport()
  const hasGlibc = JSON.stringify(report).includes('"glibcVersionRuntime"')
  const own = hasGlibc ? 'glibc' : 'musl'

  test('is what Node says of itself', () => {
    expect(libcOfProcess()).toBe(own)
  })

  test.each(['glibc', 'musl'])('where node-gyp-build has found the one of %s', (found) => {
    delete process.env['LIBC']
    expect(forThisLibc(`/package/prebuilds/linux-x64/close_notify.${found}.node`)).toBe(
      `/package/prebuilds/linux-x64/close_notify.${own}.node`,
    )
  })

  test('a binary of no C library in particular is left', () => {
    delete process.env['LIBC']
    expect(forThisLibc('/package/build/Release/close_notify.node')).toBe('/package/build/Release/close_notify.node')
  })

  test('LIBC stays in force', () => {
    const other = own === 'glibc' ? 'musl' : 'glibc'
    process.env['LIBC'] = other
    const file = `/package/prebuilds/linux-x64/close_notify.${other}.node`
    expect(forThisLibc(file)).toBe(file)
  })
})
