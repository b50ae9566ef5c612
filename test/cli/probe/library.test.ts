// `close-notify probe --library`: the probe by another libssl than Node's, which its results name.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { response, scriptedServer, type ScriptedServer } from '../../lab/probe/scripted-server.js'
import { presentBuilds } from '../../support/builds.js'
import { certificate } from '../../support/certificate.js'
import { run, temporaryFolder } from '../run.js'
import { checkedResult } from './schema.js'

/** Those that load beneath the system's C library, with the words by which OpenSSL_version(3) begins. */
const libraries = presentBuilds().flatMap(({ name, libssl, loader }) => {
  if (libssl === undefined || loader !== undefined) return []
  const upstream = versionOf(name)
  return [{ name, libssl, begins: name === 'boringssl' ? 'BoringSSL' : `OpenSSL ${upstream}` }]
})

const tooNew = presentBuilds().find(({ loader }) => loader !== undefined)?.libssl

let server: ScriptedServer
beforeAll(async () => {
  server = await scriptedServer(async ({ wire, whatComes }) => {
    await whatComes()
    if (wire.seen.bytes > 0) wire.write(response('hello'))
    wire.closeNotify()
    wire.fin()
  })
})
afterAll(() => server.close())

const probeWith = (library: string, ...more: readonly string[]) =>
  run('probe', '--library', library, '--wait', '500', '--ca', certificate.certFile, '--ipv4', ...more)
const host = () => `localhost:${server.port}`

describe.skipIf(libraries.length === 0)('the probe by another libssl', () => {
  test.each(libraries)('$name finds what is there, and is named', async ({ libssl, begins }) => {
    const { exitCode, stdout, stderr } = await probeWith(libssl, '--json', host())
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const answered = { ending: 'close_notify+fin' }
    expect(checkedResult(JSON.parse(stdout))).toMatchObject({
      madeBy: { library: begun(begins) },
      versions: ['TLSv1.2', 'TLSv1.3'].map((version) => ({
        ...{ version, kind: 'probed', certificate: { trusted: true } },
        answers: { afterResponse: { ...answered, response: { status: 200 } }, onCloseNotify: answered },
        resumption: { afterCloseNotify: 'resumed' },
      })),
    })
  })

  test('does not go on with a file of results of another one', async () => {
    const [first] = libraries
    if (first === undefined) throw new Error('Expected a library')
    const folder = temporaryFolder()
    const [list, output] = [path.join(folder, 'hosts.txt'), path.join(folder, 'results.ndjson')]
    writeFileSync(list, `${host()}\n`)
    const many = ['--question', 'onCloseNotify', '--hosts', list, '--output', output]
    expect(await probeWith(first.libssl, ...many)).toMatchObject({ exitCode: 0 })
    const before = readFileSync(output, 'utf8')
    const { exitCode, stderr } = await run('probe', '--wait', '500', '--ipv4', ...many)
    expect(stderr).toMatch(/library was "\w+SSL.*" and is "OpenSSL/)
    expect(exitCode).toBe(2)
    expect(readFileSync(output, 'utf8')).toBe(before)
  })
})

const libm = '/lib/x86_64-linux-gnu/libm.so.6'

test.each([
  { what: 'a file that is no library', library: certificate.certFile, says: /is no libssl: it is no ELF file/ },
  { what: 'another library', library: libm, says: /is no libssl: it has no SSL_shutdown/ },
  { what: 'a folder', library: '/tmp', says: /is no libssl: it is no file/ },
  { what: 'a path where nothing is', library: '/absent/libssl.so', says: /There is no such file/ },
  ...(tooNew === undefined ? [] : [{ what: 'one for a newer system', library: tooNew, says: /needs glibc/ }]),
])('refuses $what and says why', async ({ library, says }) => {
  // Not on every system does that one lie there.
  if (library === libm && !existsSync(libm)) return
  const before = server.connections
  const { exitCode, stdout, stderr } = await probeWith(library, host())
  expect(stderr).toMatch(says)
  expect(stderr).not.toContain('    at ')
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(server.connections).toBe(before)
})

function begun(words: string): unknown {
  return expect.stringMatching(new RegExp(`^${words.replaceAll('.', '\\.')}`))
}

/** As its package has it. */
function versionOf(build: string): string {
  const file = new URL(`../../../.cache/libssl/${build}/build.json`, import.meta.url)
  const description: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const isObject = typeof description === 'object' && description !== null
  return isObject && 'version' in description ? String(description.version) : ''
}
