import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Build, commandFor, findBuilds } from '../../lib/lab/builds.js'
import { presentBuilds } from '../support/builds.js'

const own = { name: `node-${process.versions.node}` }

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'close-notify-builds-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('findBuilds', () => {
  test('is the build of Node itself where nothing is named', () => {
    expect(findBuilds()).toEqual([own])
  })

  test('reads every build.json of a folder, by name, and makes its paths absolute', () => {
    const plain = describeBuild('plain', { libssl: 'lib/libssl.so.3' })
    const newer = describeBuild('newer', {
      libssl: 'lib/libssl.so.4',
      libcrypto: 'lib/libcrypto.so.4',
      loader: 'lib/ld.so.2',
      libraryPath: ['lib', 'more'],
    })
    mkdirSync(path.join(folder, 'no-build'))
    expect(findBuilds({ folders: [folder, path.join(folder, 'absent')] })).toEqual([
      own,
      {
        name: 'newer',
        libssl: path.join(newer, 'lib/libssl.so.4'),
        libcrypto: path.join(newer, 'lib/libcrypto.so.4'),
        loader: path.join(newer, 'lib/ld.so.2'),
        libraryPath: [path.join(newer, 'lib'), path.join(newer, 'more')],
      },
      { name: 'plain', libssl: path.join(plain, 'lib/libssl.so.3') },
    ])
  })

  test.each([
    ['{', 'it cannot be read as JSON'],
    ['7', 'expected an object'],
    ['{"libssl":"libssl.so"}', 'expected a text for name'],
    ['{"name":"x"}', 'expected a text for libssl'],
    ['{"name":"x","libssl":"absent.so"}', 'libssl names absent.so, which is not there'],
    ['{"name":"x","libssl":"libssl.so","loader":"ld.so"}', 'loader names ld.so, which is not there'],
    ['{"name":"x","libssl":"libssl.so","libraryPath":"lib"}', 'expected a list of folders for libraryPath'],
  ])('refuses the build.json %s: %s', (text, reason) => {
    put('x/libssl.so')
    const file = put('x/build.json', text)
    expect(() => findBuilds({ folders: [folder] })).toThrow(
      expect.objectContaining({ code: 'ERR_LAB_BUILD', message: `${file} does not describe a build: ${reason}` }),
    )
  })

  test('takes a file by its path, and a described libssl with all that it needs', () => {
    const file = put('libssl.so.1.1')
    const build = describeBuild('newer', { libssl: 'lib/libssl.so.4', loader: 'lib/ld.so.2' })
    const described = {
      name: 'newer',
      libssl: path.join(build, 'lib/libssl.so.4'),
      loader: path.join(build, 'lib/ld.so.2'),
    }
    const other = put('newer/lib/libssl.so.3')
    symlinkSync('libssl.so.4', path.join(build, 'lib/libssl.so'))

    expect(findBuilds({ libraries: [file] })).toEqual([own, { name: file, libssl: file }])
    expect(findBuilds({ libraries: [described.libssl] })).toEqual([own, described])
    expect(findBuilds({ libraries: [path.join(build, 'lib/libssl.so')] })).toEqual([own, described])
    expect(findBuilds({ libraries: [build] })).toEqual([own, described])
    expect(findBuilds({ libraries: [other] })).toEqual([own, { name: other, libssl: other }])
  })

  test("ignores a build.json above a file where it is another tool's", () => {
    put('build.json', '{"scripts":{}}')
    const file = put('lib/libssl.so.3')
    expect(findBuilds({ libraries: [file] })).toEqual([own, { name: file, libssl: file }])
  })

  test('refuses a path with nothing there, or a folder that describes nothing', () => {
    const absent = path.join(folder, 'libssl.so.3')
    expect(() => findBuilds({ libraries: [absent] })).toThrow(
      expect.objectContaining({
        code: 'ERR_LAB_BUILD',
        message: `Expected a libssl at ${absent}: there is no such file`,
      }),
    )
    expect(() => findBuilds({ libraries: [folder] })).toThrow(expect.objectContaining({ code: 'ERR_LAB_BUILD' }))
  })

  test('asks a Node executable for its version, and refuses what is none', () => {
    const node = put('node', '#!/bin/sh\necho 99.1.2\n')
    chmodSync(node, 0o755)
    expect(findBuilds({ nodes: [node, process.execPath] })).toEqual([own, { name: 'node-99.1.2', node }])
    expect(() => findBuilds({ nodes: [put('text')] })).toThrow(expect.objectContaining({ code: 'ERR_LAB_BUILD' }))
  })

  test('names another Node of the same version by its path, and counts each Node once', () => {
    const other = put('other', `#!/bin/sh\necho ${process.versions.node}\n`)
    chmodSync(other, 0o755)
    const link = path.join(folder, 'link')
    symlinkSync(process.execPath, link)
    expect(findBuilds({ nodes: [link, other, other, process.execPath] })).toEqual([own, { name: other, node: other }])
  })

  test('counts a library once, and refuses one name for two', () => {
    const build = describeBuild('one', { libssl: 'libssl.so.3' })
    const libssl = path.join(build, 'libssl.so.3')
    expect(findBuilds({ folders: [folder, folder], libraries: [libssl, libssl] })).toEqual([
      own,
      { name: 'one', libssl },
    ])

    const elsewhere = path.join(folder, 'elsewhere')
    describeBuild('elsewhere/one', { name: 'one', libssl: 'libssl.so.3' })
    expect(() => findBuilds({ folders: [folder, elsewhere] })).toThrow(
      expect.objectContaining({
        code: 'ERR_LAB_BUILD',
        message: 'Two different builds have the name one',
        detail: [libssl, path.join(elsewhere, 'one/libssl.so.3')],
      }),
    )
  })

  test("finds the system's libssl files only when asked, each once", () => {
    const files = findBuilds({ system: true }).slice(1)
    expect(files.every(({ name, libssl }) => name === libssl && existsSync(name))).toBe(true)
    expect(new Set(files.map(({ libssl }) => libssl)).size).toBe(files.length)
    const there = '/usr/lib/x86_64-linux-gnu/libssl.so.3'
    expect(files.map(({ libssl }) => libssl).includes(there)).toBe(existsSync(there))
  })

  test('refuses an option that it does not know', () => {
    const misspelt = { folder: ['x'] }
    // @ts-expect-error: a program without types may pass it
    expect(() => findBuilds(misspelt)).toThrow(expect.objectContaining({ code: 'ERR_CLOSURE_INVALID_ARGUMENT' }))
  })
})

describe('commandFor', () => {
  test('runs the Node that runs, or the one of the build', () => {
    expect(commandFor(own, ['-p', '1'])).toEqual({ command: process.execPath, args: ['-p', '1'] })
    expect(commandFor({ name: 'node-99', node: '/opt/node' }, ['x'])).toEqual({ command: '/opt/node', args: ['x'] })
  })

  test("runs Node under the build's loader", () => {
    const build = { name: 'newer', libssl: '/new/libssl.so.4', loader: '/new/lib/ld.so.2' }
    const { command, args } = commandFor({ ...build, libraryPath: ['/new/lib', '/new/more'] }, ['x'])
    expect(command).toBe('/new/lib/ld.so.2')
    expect(args).toEqual(['--library-path', '/new/lib:/new/more', process.execPath, 'x'])
    expect(commandFor(build, ['x']).args).toEqual(['--library-path', '/new/lib', process.execPath, 'x'])
  })
})

// The names tell which builds were there. CI fetches them all first.
describe.each(presentBuilds())('for $name', (build) => {
  test('Node starts, loads the library that the name promises, and its child starts another', () => {
    const facts = factsOf(build, 'under-loader.mjs')
    const seen = { ...described(build), glibc: glibcOf(build), node: process.versions.node }
    expect(facts).toEqual([seen, seen])
  })
})

/** The version that the library has to report. */
function described({ libssl, name }: Build): { kind: unknown; version: unknown } {
  if (libssl === undefined) {
    const [own] = (process.versions.openssl ?? '').split('+')
    return { kind: 'OpenSSL', version: expect.stringMatching(`^OpenSSL ${own} `) }
  }
  const file = fileURLToPath(new URL(`../../.cache/libssl/${name}/build.json`, import.meta.url))
  const description: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const entries = new Map<string, unknown>(Object.entries(description ?? {}))
  const kind = entries.get('kind')
  // BoringSSL has no version of its own to tell.
  const version: unknown =
    kind === 'OpenSSL' ? expect.stringMatching(`^OpenSSL ${String(entries.get('version'))} `) : kind
  return { kind, version }
}

/** The version of the C library: the loader says it of itself, where the build has one. */
function glibcOf({ loader }: Build): string | undefined {
  const said = execFileSync(loader ?? 'ldd', ['--version'], { encoding: 'utf8' })
  return /(\d+\.\d+)\.?$/m.exec(said)?.[1]
}

function factsOf(build: Build, program: string): unknown[] {
  const file = fileURLToPath(new URL(`programs/${program}`, import.meta.url))
  const { command, args } = commandFor(build, [file, JSON.stringify(build)])
  const printed = execFileSync(command, args, { encoding: 'utf8', timeout: 50_000 })
  return printed
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
}

/** A folder below ours with a build.json and every file that it names. */
function describeBuild(place: string, description: Record<string, string | string[]>): string {
  for (const [key, value] of Object.entries(description)) {
    if (key === 'libraryPath') for (const item of value) mkdirSync(path.join(folder, place, item), { recursive: true })
    else if (key !== 'name' && typeof value === 'string') put(path.join(place, value))
  }
  put(path.join(place, 'build.json'), JSON.stringify({ name: path.basename(place), ...description }))
  return path.join(folder, place)
}

function put(place: string, text = ''): string {
  const file = path.join(folder, place)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}
