// native/close_notify.gypi builds what is shipped, CMakeLists.txt the special builds: both must name every source, once.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)

const gyp = read('native/close_notify.gypi')
const shipped = namesIn(block(gyp, '"sources": [', ']'))
const cmake = read('CMakeLists.txt')
const special = namesIn(block(cmake, 'set(SOURCES', ')'), 'native/')
const checksOnly = namesIn(block(cmake, 'set(CHECK_SOURCES', ')'), 'native/')

test('close_notify.gypi and CMakeLists.txt list the same sources in the same order', () => {
  expect(shipped.length).toBeGreaterThan(0)
  expect(special).toEqual(shipped)
})

test('every C++ source under native/ is listed once, as shipped or as a check', () => {
  const files = readdirSync(new URL('native/', root), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.cc'))
  expect([...shipped, ...checksOnly].sort()).toEqual(files.sort())
})

test('both builds ask for the same version of Node-API', () => {
  const version = /NAPI_VERSION=\d+/
  expect(cmake.match(version)?.[0]).toBe(gyp.match(version)?.[0])
})

function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, root)), 'utf8')
}

function block(text: string, from: string, to: string): string {
  const start = text.indexOf(from)
  const end = text.indexOf(to, start + from.length)
  if (start < 0 || end < 0) throw new Error(`expected a list from ${from} to ${to}`)
  return text.slice(start + from.length, end)
}

/** Relative to native/. */
function namesIn(list: string, before = ''): string[] {
  return (list.match(/[\w/]+\.cc/g) ?? []).map((name) => name.slice(before.length))
}
