// Loading: what is loaded, and a real file for every cause of failure.
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectFacts } from '../support/error-facts.js'
import { loadOpenSSL } from '../../lib/openssl/index.js'
import { presentBuilds } from '../support/builds.js'
import { runEngineProgram } from './programs.js'
import { thrown, untyped } from './thrown.js'

const system = '/usr/lib/x86_64-linux-gnu'
const [libssl, libcrypto] = [realpathSync(`${system}/libssl.so.3`), realpathSync(`${system}/libcrypto.so.3`)]

type LoadArguments = readonly [file: string, options?: { readonly crypto: string }]

let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'close-notify-load-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('loadOpenSSL', () => {
  test("without a path gives the process's own, the same object each time", () => {
    const own = loadOpenSSL()
    expect(own.kind).toBe('OpenSSL')
    expect(own.version).toMatch(/^OpenSSL 3\./)
    expect(own.version).toContain(process.versions.openssl.replace(/\+quic$/, ''))
    expect(own.versionNumber >>> 28).toBe(3)
    expect([own.libssl, own.libcrypto]).toEqual([undefined, undefined])
    expect(loadOpenSSL()).toBe(own)
    expect(thrown(() => loadOpenSSL(undefined, { crypto: libcrypto }))).toMatch(
      /^ERR_OPENSSL_LIBCRYPTO .*needs the path/,
    )
  })

  test('gives the same object for the same file, by whatever path', () => {
    const openssl = loadOpenSSL(libssl)
    expect([openssl.libssl, openssl.libcrypto]).toEqual([libssl, libcrypto])
    expect(openssl).not.toBe(loadOpenSSL())
    const link = path.join(folder, 'link')
    execFileSync('ln', ['-s', libssl, link])
    expect(loadOpenSSL(link)).toBe(openssl)
    expect(loadOpenSSL(path.relative(process.cwd(), libssl))).toBe(openssl)
    expect(loadOpenSSL(libssl, { crypto: libcrypto })).toBe(openssl)
    expect(thrown(() => loadOpenSSL(libssl, { crypto: libssl }))).toMatch(/^ERR_OPENSSL_LIBCRYPTO .*was loaded with/)
  })

  test('says which calls a build lacks', () => {
    const openssl = loadOpenSSL(libssl)
    expect(openssl.versionNumber).toBeLessThan(0x30200000)
    expect(openssl.lacking).toEqual(['SSL_shutdown_ex'])
    expect([openssl.has('SSL_shutdown_ex'), openssl.has('SSL_key_update')]).toEqual([false, true])
    // A macro there, a function elsewhere.
    expect(openssl.has('SSL_CTX_set1_groups_list')).toBe(true)
    // @ts-expect-error: no such call
    expect(thrown(() => openssl.has('SSL_shutdown_EX'))).toMatch(
      /^ERR_CLOSURE_INVALID_ARGUMENT .*received 'SSL_shutdown_EX'/,
    )
  })

  test.each([
    [1, undefined, 'for libssl but received 1'],
    ['', undefined, 'it is no file'],
    ['a\0b', undefined, 'a string without a zero'],
    [libssl, { crypt: '' }, "one of the keys crypto for options but received 'crypt'"],
    [libssl, { crypto: 7 }, 'for crypto but received 7'],
    [libssl, 3, 'an object for options'],
  ])('checks its arguments: %j %j', (file, options, message) => {
    expect(thrown(() => untyped(loadOpenSSL)(file, options))).toContain(message)
  })
})

test('two copies of the package in a thread share what the addon knows of it', async () => {
  const copy = path.join(folder, 'copy-of-package/dist')
  cpSync(fileURLToPath(new URL('../../dist/lib', import.meta.url)), path.join(copy, 'lib'), { recursive: true })
  const env = { CLOSE_NOTIFY_BINARY: fileURLToPath(new URL('../../build/Release/close_notify.node', import.meta.url)) }
  const hello = [-1, 'SSL_ERROR_WANT_READ', 22, 0]
  expect(await runEngineProgram('two-copies.mjs', [copy], { env })).toEqual([
    { areTwo: true, randoms: 4, results: [hello, hello, hello, hello] },
  ])
})

test('a file is loaded where the process has no OpenSSL that can be controlled', async () => {
  // This function makes the package take the host for one with BoringSSL.
  const preload = compiled('grease', 'void SSL_CTX_set_grease_enabled(void *context, int enabled) {}')
  const program = await runEngineProgram('loads.mjs', [JSON.stringify([libssl])], { env: { LD_PRELOAD: preload } })
  expect(program).toMatchObject([{ libssl, kind: 'OpenSSL' }])
})

describe('a file that cannot be loaded', () => {
  const faults: readonly (readonly [fault: string, args: () => LoadArguments, code: string, message: RegExp])[] = [
    ['is not there', () => ['/no/such/libssl.so.3'], 'ERR_OPENSSL_NOT_A_LIBRARY', /There is no libssl at .*ENOENT/],
    ['is a folder', () => [system], 'ERR_OPENSSL_NOT_A_LIBRARY', /it is no file/],
    ['is a device', () => ['/dev/zero'], 'ERR_OPENSSL_NOT_A_LIBRARY', /it is no file/],
    ['is empty', () => [write('empty.so', '')], 'ERR_OPENSSL_NOT_A_LIBRARY', /it is no ELF file/],
    [
      'is a text file',
      () => [write('text.so', 'INPUT(libssl.so.3)\n'.repeat(100))],
      'ERR_OPENSSL_NOT_A_LIBRARY',
      /it is no ELF file/,
    ],
    [
      'is a program',
      () => [write('program', patched(libssl, 16, 2))],
      'ERR_OPENSSL_NOT_A_LIBRARY',
      /it is no shared library/,
    ],
    [
      'is cut in its header',
      () => [write('header.so', readFileSync(libssl).subarray(0, 40))],
      'ERR_OPENSSL_NOT_A_LIBRARY',
      /damaged or cut short/,
    ],
    [
      'is cut in half',
      () => [write('half.so', readFileSync(libssl).subarray(0, 4096))],
      'ERR_OPENSSL_NOT_A_LIBRARY',
      /damaged or cut short/,
    ],
    [
      'is for another machine',
      () => [write('machine.so', patched(libssl, 18, 183))],
      'ERR_OPENSSL_WRONG_ARCHITECTURE',
      /64-bit AArch64, little-endian, and this process is 64-bit x86-64/,
    ],
    [
      'is for another byte order',
      () => [write('order.so', patched(libssl, 5, 2))],
      'ERR_OPENSSL_WRONG_ARCHITECTURE',
      /big-endian/,
    ],
    [
      'has 32 bits',
      () => [write('bits.so', patched(libssl, 4, 1))],
      'ERR_OPENSSL_WRONG_ARCHITECTURE',
      /made for 32-bit x86-64/,
    ],
    [
      'is another library',
      () => [realpathSync(`${system}/libz.so.1`)],
      'ERR_OPENSSL_NOT_A_LIBRARY',
      /it has no SSL_shutdown/,
    ],
    ['is the libcrypto', () => [libcrypto], 'ERR_OPENSSL_NOT_A_LIBRARY', /it has no SSL_shutdown/],
    [
      'has no libcrypto next to it',
      () => [alone('alone')],
      'ERR_OPENSSL_LIBCRYPTO',
      /needs libcrypto\.so\.3, which is not next to it/,
    ],
    [
      'is given something else as libcrypto',
      () => [alone('wrong'), { crypto: realpathSync(`${system}/libz.so.1`) }],
      'ERR_OPENSSL_LIBCRYPTO',
      /is no libcrypto: it has no OpenSSL_version/,
    ],
    [
      'is given a libcrypto of another name',
      () => [
        alone('other'),
        {
          crypto: compiled('named', 'const char *OpenSSL_version(int t) { return "x"; }', [
            '-Wl,-soname,libcrypto.so.77',
          ]),
        },
      ],
      'ERR_OPENSSL_LIBCRYPTO',
      /needs libcrypto\.so\.3, and .* is libcrypto\.so\.77/,
    ],
    [
      'is given a libcrypto that is not there',
      () => [alone('gone'), { crypto: '/no/such/libcrypto.so.3' }],
      'ERR_OPENSSL_NOT_A_LIBRARY',
      /no such/,
    ],
    [
      'needs a newer glibc',
      () => [
        write('glibc/libssl.so.3', renamed(libssl), () =>
          copyFileSync(libcrypto, path.join(folder, 'glibc/libcrypto.so.3')),
        ),
      ],
      'ERR_OPENSSL_NEEDS_NEWER_GLIBC',
      /libssl\.so\.3 needs glibc 9\.\d+, and this process has 2\.\d+: run Node under the loader/,
    ],
    [
      'has a libcrypto that needs a newer glibc',
      () => [
        write('glibc2/libssl.so.3', readFileSync(libssl), () =>
          writeFileSync(path.join(folder, 'glibc2/libcrypto.so.3'), renamed(libcrypto)),
        ),
      ],
      'ERR_OPENSSL_NEEDS_NEWER_GLIBC',
      /libcrypto\.so\.3 needs glibc 9\.\d+/,
    ],
    [
      'lacks functions',
      () => [compiled('lacks', stub)],
      'ERR_OPENSSL_LACKS_FUNCTION',
      /\.so lacks ERR_get_error, .*, SSL_CTX_new, SSL_CTX_free/,
    ],
    [
      'lacks functions, with a hash table of the old kind',
      () => [compiled('lacks-old', stub, ['-Wl,--hash-style=sysv'])],
      'ERR_OPENSSL_LACKS_FUNCTION',
      /-old\.so lacks .*SSL_CTX_new/,
    ],
    [
      'has the old kind of hash table and is no libssl',
      () => [compiled('old', 'int other(void) { return 1; }', ['-Wl,--hash-style=sysv'])],
      'ERR_OPENSSL_NOT_A_LIBRARY',
      /it has no SSL_shutdown/,
    ],
    [
      'needs a function that is nowhere',
      () => [compiled('undefined', `${stub} extern int nowhere(void); int call(void) { return nowhere(); }`)],
      'ERR_OPENSSL_LOAD_FAILED',
      /undefined symbol: nowhere/,
    ],
    [
      'stands on a library that needs a newer glibc',
      () => [compiled('stands', `${stub} extern int used(void); int use(void) { return used(); }`, [newerLibrary()])],
      'ERR_OPENSSL_NEEDS_NEWER_GLIBC',
      /What it stands on needs glibc 9\.\d+, and this process has 2\.\d+/,
    ],
    [
      'holds its libcrypto and is given another',
      () => [compiled('holds', stub), { crypto: libcrypto }],
      'ERR_OPENSSL_LIBCRYPTO',
      /holds its libcrypto in itself/,
    ],
    [
      'is not bound to the libcrypto next to it',
      () => [unbound()],
      'ERR_OPENSSL_LIBCRYPTO',
      /is bound to the libcrypto/,
    ],
  ]

  test.each(faults)('%s', async (_fault, args, code, message) => {
    const [outcome] = await runEngineProgram('loads.mjs', [JSON.stringify(args())])
    expect(outcome).toMatchObject({ name: 'ClosureError', code, origin: 'environment' })
    expect(messageOf(outcome)).toMatch(message)
    expectFacts(outcome ?? {})
  })

  test.each(presentBuilds().filter(({ loader }) => loader !== undefined))(
    'is $name, and says so before the loader does',
    async ({ libssl: newer }) => {
      const [outcome] = await runEngineProgram('loads.mjs', [JSON.stringify([newer])])
      expect(outcome).toMatchObject({ code: 'ERR_OPENSSL_NEEDS_NEWER_GLIBC' })
      expect(messageOf(outcome)).toMatch(/libcrypto\.so\.\d needs glibc 2\.3\d, and this process has 2\.3\d/)
    },
  )

  test('has a SONAME that another file has here, whichever came first', async () => {
    const copy = path.join(folder, 'copy')
    mkdirSync(copy)
    copyFileSync(libssl, path.join(copy, 'libssl.so.3'))
    copyFileSync(libcrypto, path.join(copy, 'libcrypto.so.3'))
    const calls = [[libssl], [path.join(copy, 'libssl.so.3')]].map((call) => JSON.stringify(call))
    for (const turned of [calls, calls.toReversed()]) {
      const [first, second] = await runEngineProgram('loads.mjs', turned)
      expect(first).toMatchObject({ kind: 'OpenSSL' })
      expect(second).toMatchObject({ code: 'ERR_OPENSSL_SONAME_IN_USE' })
      expectFacts(second ?? {})
      expect(messageOf(second)).toContain('has the SONAME libcrypto.so.3, under which this process has loaded')
    }
  })

  test.each(presentBuilds().flatMap(({ libssl, ...build }) => (libssl === undefined ? [] : [{ libssl, ...build }])))(
    'is $name, cut at any length, or has a libcrypto that is',
    async (build) => {
      const real = realpathSync(build.libssl)
      for (const [cut, how] of [
        ['libssl', 'beside'],
        ['libcrypto', 'beside'],
        ['libcrypto', 'named'],
      ]) {
        const place = mkdtempSync(path.join(folder, 'cut-'))
        const [outcomes, whole] = await runEngineProgram('loads-cut.mjs', [real, place, cut ?? '', how ?? ''], {
          build,
        })
        const codes = typeof outcomes === 'object' && outcomes !== null ? Object.keys(outcomes) : []
        expect(codes, `${cut}, ${how}`).toEqual(['ERR_OPENSSL_NOT_A_LIBRARY'])
        expect(whole).toHaveProperty('version')
        rmSync(place, { recursive: true })
      }
    },
  )

  test('is refused no more once its libcrypto is named', async () => {
    const file = alone('named-later')
    const calls = [[file], [file, { crypto: libcrypto }], [file]].map((call) => JSON.stringify(call))
    const loaded = { libssl: file, libcrypto }
    const outcomes = await runEngineProgram('loads.mjs', calls)
    expect(outcomes).toMatchObject([{ code: 'ERR_OPENSSL_LIBCRYPTO' }, loaded, loaded])
  })
})

const stub = 'int SSL_shutdown(void *s) { return 0; } const char *OpenSSL_version(int t) { return "a stub"; }'

function write(name: string, content: string | Uint8Array, before: () => void = () => undefined): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  before()
  writeFileSync(file, content)
  return file
}

function patched(file: string, at: number, byte: number): Buffer {
  const bytes = readFileSync(file)
  bytes[at] = byte
  return bytes
}

// The newest version of glibc that it asks for becomes one that nobody has.
function renamed(file: string): Buffer {
  const bytes = readFileSync(file)
  const at = bytes.indexOf('GLIBC_2.')
  expect(at).toBeGreaterThan(0)
  bytes.write('9', at + 'GLIBC_'.length)
  return bytes
}

/** The system's libssl in a folder where nothing else is. */
function alone(name: string): string {
  return write(`${name}/libssl.so.3`, readFileSync(libssl))
}

function compiled(name: string, source: string, flags: readonly string[] = []): string {
  const file = path.join(folder, `${name}.so`)
  execFileSync('cc', [
    '-shared',
    '-fPIC',
    '-w',
    '-x',
    'c',
    write(`${name}.c`, source),
    '-o',
    file,
    '-x',
    'none',
    ...flags,
  ])
  return file
}

// A library like any other, that asks for a glibc which nobody has.
function newerLibrary(): string {
  const source = 'extern int puts(const char *); int used(void) { return puts("x"); }'
  const file = compiled('newer', source, ['-Wl,-soname,' + path.join(folder, 'newer.so')])
  writeFileSync(file, renamed(file))
  return file
}

// Has a function of libcrypto itself, although it asks for a libcrypto.
function unbound(): string {
  const name = path.join(folder, 'libcrypto.so.78')
  const crypto = compiled(
    'crypto78',
    'const char *OpenSSL_version(int t) { return "x"; } int used(void) { return 1; }',
    ['-Wl,-soname,libcrypto.so.78'],
  )
  copyFileSync(crypto, name)
  return compiled('ssl78', `${stub} extern int used(void); int use(void) { return used(); }`, [name])
}

function messageOf(outcome: unknown): unknown {
  return typeof outcome === 'object' && outcome !== null ? Reflect.get(outcome, 'message') : undefined
}
