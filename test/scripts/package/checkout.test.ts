/** npm packs dist/ and prebuilds/ where they lie; behind it they are what they were. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

// An addon is compiled for each target each time.
vi.setConfig({ testTimeout: 300_000 })

// In place of ours, which takes minutes: what is packed is made by the same steps.
const smallAddon = `#include <napi.h>
static Napi::Object start(Napi::Env, Napi::Object exports) { return exports; }
NODE_API_MODULE(NODE_GYP_MODULE_NAME, start)
`

/** A checkout in small: one source of each language, an old output, a build and a prebuilt binary that is newer than every source. */
function smallCheckout(source = 'export const answer = 42\n'): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'close-notify-pack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const name of ['package.json', 'binding.gyp', 'tsconfig.json', 'tsconfig.build.json', 'scripts']) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  }
  // By a link, as pnpm has it: gyp writes the stamp of a target of somebody else's outside of the build then, so that the addon
  // depends on no target of node-addon-api, and names its folder and its flags.
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  const put = (file: string, content: string): void => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), content)
  }
  put('lib/index.ts', source)
  const gyp = readFileSync(path.join(root, 'native/close_notify.gypi'), 'utf8')
  put('native/close_notify.gypi', gyp.replace(/"sources": \[[^\]]*\]/, '"sources": ["binding/addon.cc"]'))
  put('native/binding/addon.cc', smallAddon)
  put('dist/lib/index.js', 'older\n')
  put('dist/lib/gone.js', 'of a source that is gone\n')
  put('build/Release/close_notify.node', 'built\n')
  put(`prebuilds/${process.platform}-${process.arch}/close_notify.node`, 'prebuilt\n')
  return folder
}

function filesOf(folder: string): ReadonlyMap<string, string> {
  const names = ['build', 'dist', 'lib', 'prebuilds', '.cache'].filter((name) => existsSync(path.join(folder, name)))
  const files = names.flatMap((name) =>
    readdirSync(path.join(folder, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  )
  return new Map(files.map((file) => [path.relative(folder, file), readFileSync(file, 'utf8')]))
}

function pack(folder: string) {
  const result = spawnSync('npm', ['pack', '--json', '--foreground-scripts=false', '--offline'], {
    cwd: folder,
    encoding: 'utf8',
  })
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  const listed =
    tarball === undefined ? '' : spawnSync('tar', ['-tzf', tarball], { cwd: folder, encoding: 'utf8' }).stdout
  return { ...result, packed: listed.split('\n').map((name) => name.replace(/^package\//, '')) }
}

test('what is packed is compiled anew, and the checkout is as it was', () => {
  const folder = smallCheckout()
  const before = filesOf(folder)
  const { status, stderr, packed } = pack(folder)
  expect(status, stderr).toBe(0)
  expect(packed).toContain('dist/lib/index.d.ts')
  expect(packed).toContain(`prebuilds/${process.platform}-${process.arch}/close_notify.node`)
  expect(packed).not.toContain('dist/lib/gone.js')
  expect(filesOf(folder)).toEqual(before)
})

test('so it is where the sources do not compile', () => {
  const folder = smallCheckout("export const answer: number = '42'\n")
  const before = filesOf(folder)
  const { status, packed } = pack(folder)
  expect(status).not.toBe(0)
  expect(packed).toEqual([''])
  expect(filesOf(folder)).toEqual(before)
})

test('what a packing that was cut off has left aside comes back with the next', () => {
  const folder = smallCheckout()
  const before = filesOf(folder)
  const script = (name: string) =>
    spawnSync(process.execPath, [path.join(folder, 'scripts/package', name)], { cwd: folder })
  script('prepack.mjs')
  expect(filesOf(folder)).not.toEqual(before)
  const { status, stderr } = pack(folder)
  expect(status, stderr).toBe(0)
  expect(filesOf(folder)).toEqual(before)
})
