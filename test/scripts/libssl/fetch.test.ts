// scripts/libssl/fetch.mjs against an archive of our own, which apt reaches as its proxy: what it fetches, what it says
// when it cannot, and that it never leaves half a build. In a copy of the scripts, with packages made here.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBuilds } from '../../../lib/lab/builds.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const scripts = [
  ...['libssl/fetch.mjs', 'libssl/builds.mjs'],
  ...['debian-packages.mjs', 'fetch-command.mjs', 'fetching.mjs', 'pinned-folders.mjs'].map(
    (name) => `support/${name}`,
  ),
]

let copy: string
let archive: Archive
let pins: Record<string, Pin>

beforeEach(async () => {
  copy = mkdtempSync(path.join(tmpdir(), 'close-notify-libssl-'))
  for (const folder of ['libssl', 'support']) mkdirSync(path.join(copy, 'scripts', folder), { recursive: true })
  for (const name of scripts) copyFileSync(path.join(root, 'scripts', name), path.join(copy, 'scripts', name))
  archive = await startArchive()
  const old = makePackage('libssl1.1', '1.1.1w-1', ['libssl.so.1.1', 'libcrypto.so.1.1'])
  const boring = makePackage('android-libboringssl', '14.0.0+r45-2', ['android/libssl.so.0', 'android/libcrypto.so.0'])
  for (const { pin, bytes } of [old, boring]) archive.files.set(pin.path, bytes)
  pins = { 'bullseye/libssl1.1': old.pin, 'trixie/android-libboringssl': boring.pin }
  writePins()
})

afterEach(async () => {
  await archive.close()
  rmSync(copy, { recursive: true, force: true })
})

test('fetches once, and describes what it unpacked so that the lab finds it', async () => {
  const first = await fetchLibssl('openssl-1.1.1')
  expect(first).toMatchObject({ code: 0, stdout: `openssl-1.1.1 1.1.1w fetched: ${libssl()}\n` })
  expect(archive.asked).toHaveLength(1)
  expect(findBuilds({ folders: [buildsFolder()] }).slice(1)).toEqual([
    { name: 'openssl-1.1.1', libssl: libssl(), libcrypto: libssl().replace('libssl.so', 'libcrypto.so') },
  ])
  expect(JSON.parse(readFileSync(path.join(buildsFolder(), 'openssl-1.1.1/build.json'), 'utf8'))).toMatchObject({
    kind: 'OpenSSL',
    version: '1.1.1w',
    release: 'bullseye',
  })

  const second = await fetchLibssl('openssl-1.1.1')
  expect(second).toMatchObject({ code: 0, stdout: `openssl-1.1.1 1.1.1w is there: ${libssl()}\n`, stderr: '' })
  expect(archive.asked).toHaveLength(1)
})

test('unpacks a build again that was changed, from the package kept, and asks anew where that was changed too', async () => {
  await fetchLibssl('openssl-1.1.1')
  const unpacked = readFileSync(libssl(), 'utf8')

  writeFileSync(libssl(), 'changed')
  expect(await fetchLibssl('openssl-1.1.1')).toMatchObject({ code: 0 })
  expect(readFileSync(libssl(), 'utf8')).toBe(unpacked)
  expect(archive.asked).toHaveLength(1)

  writeFileSync(libssl(), 'changed')
  const [kept = ''] = readdirSync(path.join(buildsFolder(), '.packages'))
  writeFileSync(path.join(buildsFolder(), '.packages', kept), 'changed')
  expect(await fetchLibssl('openssl-1.1.1')).toMatchObject({ code: 0 })
  expect(readFileSync(libssl(), 'utf8')).toBe(unpacked)
  expect(archive.asked).toHaveLength(2)
})

test('replaces a build when its pin is another', async () => {
  await fetchLibssl('openssl-1.1.1')
  const newer = makePackage('libssl1.1', '1.1.1x-1', ['libssl.so.1.1', 'libcrypto.so.1.1'])
  archive.files.set(newer.pin.path, newer.bytes)
  pins['bullseye/libssl1.1'] = newer.pin
  writePins()
  const { code, stdout } = await fetchLibssl('openssl-1.1.1')
  expect({ code, stdout }).toEqual({ code: 0, stdout: `openssl-1.1.1 1.1.1x fetched: ${libssl()}\n` })
  expect(readFileSync(libssl(), 'utf8')).toContain('1.1.1x-1')
})

test('a package that is not the one that was pinned is refused, with exit code 1', async () => {
  const { path: place, sha256 } = pinOf('bullseye/libssl1.1')
  archive.files.set(place, Buffer.from('another package'))
  const { code, stderr } = await fetchLibssl('openssl-1.1.1')
  expect(code).toBe(1)
  expect(stderr).toContain('NOT WHAT WAS PINNED, or a broken package: openssl-1.1.1')
  expect(stderr).toContain(`${place}: expected SHA-256 ${sha256}, found ${hashOf(Buffer.from('another package'))}`)
  expect(leftovers()).toEqual([])
})

test('a package that lacks the library is broken, with exit code 1', async () => {
  const empty = makePackage('libssl1.1', '1.1.1w-2', ['libcrypto.so.1.1'])
  archive.files.set(empty.pin.path, empty.bytes)
  pins['bullseye/libssl1.1'] = empty.pin
  writePins()
  const { code, stderr } = await fetchLibssl('openssl-1.1.1', 'boringssl')
  expect(code).toBe(1)
  expect(stderr).toContain('broken package: openssl-1.1.1')
  expect(stderr).toContain('usr/lib/x86_64-linux-gnu/libssl.so.1.1')
  expect(leftovers()).toEqual(['boringssl'])
})

test('a package that the archive replaced is gone: told apart, with what to do, and exit code 75', async () => {
  const { path: place } = pinOf('bullseye/libssl1.1')
  archive.files.delete(place)
  const { code, stdout, stderr } = await fetchLibssl('openssl-1.1.1', 'boringssl')
  expect(stderr).toContain('FETCH FAILED, which is not a failed test: openssl-1.1.1')
  expect(stderr).toContain('Gone: the archive replaced a pinned package by a newer revision.')
  expect(stderr).toContain(`bullseye libssl1.1: expected ${place}, the archive has now none that is known`)
  expect(stderr).toContain('Its index could not be read: ')
  expect(stderr).toContain('To pin what it has now: node scripts/libssl/fetch.mjs --update-pins openssl-1.1.1')
  expect(code).toBe(75)
  expect(stdout).toContain('boringssl 14.0.0+r45 fetched')
  expect(leftovers()).toEqual(['boringssl'])
})

test('an archive that cannot be reached is tried once, with exit code 75', async () => {
  await archive.close()
  const { code, stderr } = await fetchLibssl('openssl-1.1.1', 'boringssl')
  expect(code).toBe(75)
  expect(stderr).toMatch(/FETCH FAILED, which is not a failed test: openssl-1\.1\.1\n.*Could not connect/)
  expect(stderr).toMatch(/FETCH FAILED, which is not a failed test: boringssl\n +not tried/)
  expect(leftovers()).toEqual([])
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s in the middle of a package leaves nothing behind', async (signal) => {
  const halfSent = archive.stallInTheMiddle()
  const running = startFetch(['openssl-1.1.1', 'boringssl'])
  await halfSent
  running.child.kill(signal)
  expect(await running.ended).toMatchObject({ code: signal === 'SIGINT' ? 130 : 143, stdout: '' })
  expect(leftovers()).toEqual([])
})

test('the leftovers of a killed process are removed by the next', async () => {
  const halfSent = archive.stallInTheMiddle()
  const running = startFetch(['openssl-1.1.1'])
  await halfSent
  running.child.kill('SIGKILL')
  await running.ended
  expect(leftovers()).not.toEqual([])
  archive.flow()
  expect(await fetchLibssl('openssl-1.1.1')).toMatchObject({ code: 0 })
  expect(leftovers()).toEqual(['openssl-1.1.1'])
})

test('two at a time both succeed, also where one overtakes the other', async () => {
  const halfSent = archive.stallInTheMiddle()
  const slow = startFetch(['openssl-1.1.1'])
  await halfSent
  archive.flow()
  expect(await fetchLibssl('openssl-1.1.1')).toMatchObject({ code: 0 })
  archive.sendRest()
  expect(await slow.ended).toMatchObject({ code: 0 })
  expect(leftovers()).toEqual(['openssl-1.1.1'])
})

test('a package that is not the pinned one decides the exit code, whatever else could not be had', async () => {
  archive.files.set(pinOf('bullseye/libssl1.1').path, Buffer.from('another package'))
  archive.files.delete(pinOf('trixie/android-libboringssl').path)
  expect(await fetchLibssl('openssl-1.1.1', 'boringssl')).toMatchObject({ code: 1 })
})

test('a wrong call is exit code 2', async () => {
  const unknown = await fetchLibssl('openssl-0.9')
  expect(unknown.code).toBe(2)
  expect(unknown.stderr).toContain('unknown build: openssl-0.9')
  expect(await fetchLibssl('--fast')).toMatchObject({ code: 2 })
})

test('every build of the real table is pinned, in the series that its name promises', () => {
  const script = path.join(root, 'scripts/libssl/fetch.mjs')
  const usage = execFileSync(process.execPath, [script, '--help'], { encoding: 'utf8' })
  const rows = [...usage.matchAll(/^ +(\S+) +(\S+) +from Debian (\S+)$/gm)].map(([, ...row]) => row.join(' '))
  expect(rows).toEqual([
    expect.stringMatching(/^openssl-1\.1\.1 1\.1\.1[a-z]-\S+ bullseye$/),
    expect.stringMatching(/^openssl-3\.0 3\.0\.\d+-\S+ bookworm$/),
    expect.stringMatching(/^openssl-3\.5 3\.5\.\d+-\S+ trixie$/),
    expect.stringMatching(/^openssl-3\.6 3\.6\.\d+-\S+ sid$/),
    expect.stringMatching(/^openssl-4\.0 4\.0\.\d+-\S+ experimental$/),
    expect.stringMatching(/^boringssl 14\.\S+ trixie$/),
  ])
})

// --- The archive ---

interface Archive {
  readonly files: Map<string, Buffer>
  /** Pool paths, as they were asked for. */
  readonly asked: string[]
  readonly port: number
  /** From now on half of each file is sent; resolves when the first half was. */
  stallInTheMiddle(): Promise<void>
  /** From now on files are sent whole. */
  flow(): void
  /** Sends the second halves. */
  sendRest(): void
  close(): Promise<void>
}

async function startArchive(): Promise<Archive> {
  const files = new Map<string, Buffer>()
  const asked: string[] = []
  const stalled: (() => void)[] = []
  let stall: ((response: ServerResponse, bytes: Buffer) => void) | undefined
  const server = createServer((request, response) => {
    const place = /pool\/.*/.exec(decodeURIComponent(request.url ?? ''))?.[0]
    const bytes = place === undefined ? undefined : files.get(place)
    if (place !== undefined) asked.push(place)
    if (bytes === undefined) response.writeHead(404).end()
    else if (stall !== undefined) stall(response.writeHead(200, { 'content-length': bytes.length }), bytes)
    else response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return {
    files,
    asked,
    port: address.port,
    stallInTheMiddle: () =>
      new Promise((resolve) => {
        stall = (response, bytes) => {
          const half = Math.floor(bytes.length / 2)
          response.write(bytes.subarray(0, half), () => resolve())
          stalled.push(() => response.end(bytes.subarray(half)))
        }
      }),
    flow: () => {
      stall = undefined
    },
    sendRest: () => {
      for (const send of stalled) send()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Pin {
  readonly version: string
  readonly architecture: string
  readonly path: string
  readonly sha256: string
}

/** A Debian package whose libraries are texts that tell the version. */
function makePackage(name: string, version: string, libraries: readonly string[]): { pin: Pin; bytes: Buffer } {
  const folder = path.join(copy, `${name}-${version}`)
  mkdirSync(path.join(folder, 'DEBIAN'), { recursive: true })
  const fields = {
    Package: name,
    Version: version,
    Architecture: 'amd64',
    Maintainer: 'none',
    Description: 'made here',
  }
  const control = Object.entries(fields).map(([field, value]) => `${field}: ${value}\n`)
  writeFileSync(path.join(folder, 'DEBIAN/control'), control.join(''))
  for (const library of libraries) {
    const file = path.join(folder, 'usr/lib/x86_64-linux-gnu', library)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, `${library} of ${version}\n`)
  }
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', folder, `${folder}.deb`], { stdio: 'ignore' })
  const bytes = readFileSync(`${folder}.deb`)
  const pool = `pool/main/o/openssl/${name}_${version}_amd64.deb`
  return { pin: { version, architecture: 'amd64', path: pool, sha256: hashOf(bytes) }, bytes }
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function pinOf(key: string): Pin {
  const pin = pins[key]
  if (pin === undefined) throw new Error(`expected a pin for ${key}`)
  return pin
}

function writePins(): void {
  writeFileSync(path.join(copy, 'scripts/libssl/pins.json'), JSON.stringify(pins))
}

// --- The script ---

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function fetchLibssl(...args: string[]): Promise<Ended> {
  return startFetch(args).ended
}

function startFetch(args: readonly string[]) {
  // Nothing else of this machine's apt: it may have a proxy of its own.
  const aptConfig = path.join(copy, 'apt.conf')
  const lines = [`Acquire::http::Proxy "http://127.0.0.1:${archive.port}/";`, 'Dir::Etc::parts "/dev/null";']
  writeFileSync(aptConfig, [...lines, 'Dir::Etc::main "/dev/null";'].join('\n'))
  const child = spawn(process.execPath, [path.join(copy, 'scripts/libssl/fetch.mjs'), ...args], {
    env: { ...process.env, APT_CONFIG: aptConfig },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 50_000,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
  return { child, ended }
}

function buildsFolder(): string {
  return path.join(copy, '.cache/libssl')
}

function libssl(): string {
  return path.join(buildsFolder(), 'openssl-1.1.1/usr/lib/x86_64-linux-gnu/libssl.so.1.1')
}

/** Everything in the builds' folder, and in that of packages all that is no package. */
function leftovers(): string[] {
  const inside = readdirSync(buildsFolder(), { recursive: true }).map(String)
  return inside
    .filter((name) => !/[/]/.test(name) && name !== '.packages')
    .concat(inside.filter((name) => name.startsWith('.packages/') && !name.endsWith('.deb')))
}
