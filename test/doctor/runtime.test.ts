import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkRuntime, thisRuntime, triedLines } from '../../lib/doctor/runtime.js'

test.each([
  [{ node: '20.20.2' }, 'works', /every test/],
  [{ node: '26.0.0' }, 'works', /every test/],
  [{ node: '28.1.0' }, 'note', /^newer than the lines .*20, 22, 24, 26/],
  [{ node: '23.1.0' }, 'note', /^not of the lines/],
  [{ node: '20.18.3' }, 'fails', /^older than 20\.19/],
  [{ node: '18.20.4' }, 'fails', /^older than 20\.19/],
  [{ node: '24.3.0', bun: '1.4.5' }, 'fails', /^TLS of Bun is not OpenSSL/],
  [{ node: '24.3.0', deno: '2.9.6' }, 'fails', /^TLS of Deno is not OpenSSL/],
])('%j: %s', (versions, status, detail) => {
  const check = checkRuntime(thisRuntime(versions))
  expect(check.status).toBe(status)
  expect(check.detail).toMatch(detail)
  expect('toDo' in check).toBe(status !== 'works')
})

test('the lines that were tried are those that CI runs on, and the oldest is that of package.json', () => {
  const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
  const fetched = [...read('scripts/runtimes/runtimes.mjs').matchAll(/name: 'node(\d+)'/g)].map(([, line]) =>
    Number(line),
  )
  expect(triedLines.slice(1)).toEqual(fetched)
  expect(read('package.json')).toContain(`"node": ">=${triedLines[0]}.19"`)
})
