/**
 * A program with this package in it, made one file by a bundler: where the package is installed for the bundle, and where
 * it is not. The package that is bundled is gone when the bundles run, as on the machine that they are deployed to.
 */
import { spawn } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { build as buildWithVite } from 'vite'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import webpack from 'webpack'
import { type Ended, ended } from '../hazards/child.js'
import { certificate } from '../support/certificate.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const binary = process.env['CLOSE_NOTIFY_BINARY'] ?? path.join(root, 'build/Release/close_notify.node')
const works = { verdicts: ['clean', 'clean'], library: 'OpenSSL' }

/** Where bundles are made, where the package is not installed, and where it is. */
let folders: { readonly made: string; readonly alone: string; readonly installed: string }
let folder = ''

const forms = [
  { name: 'esbuild.mjs', external: false },
  { name: 'esbuild.cjs', external: false },
  { name: 'webpack.mjs', external: false },
  { name: 'webpack.cjs', external: false },
  { name: 'vite.mjs', external: false },
  { name: 'vite.cjs', external: false },
  { name: 'esbuild-external.mjs', external: true },
  { name: 'esbuild-external.cjs', external: true },
  { name: 'webpack-external.mjs', external: true },
  { name: 'webpack-external.cjs', external: true },
  { name: 'vite-external.mjs', external: true },
  { name: 'vite-external.cjs', external: true },
]

const bundlers = [
  ['esbuild', withEsbuild],
  ['webpack', withWebpack],
  ['vite', withVite],
] as const

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'close-notify-bundles-'))
  folders = {
    made: path.join(folder, 'made'),
    alone: path.join(folder, 'alone'),
    installed: path.join(folder, 'installed'),
  }
  installIn(folders.made)
  for (const { name, external } of forms) {
    const [, bundle] = bundlers.find(([bundler]) => name.startsWith(bundler)) ?? []
    await bundle?.(name, external)
  }
  mkdirSync(folders.alone)
  for (const { name } of forms) copyFileSync(path.join(folders.made, name), path.join(folders.alone, name))
  renameSync(folders.made, folders.installed)
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

const bundled = forms.filter(({ external }) => !external)

test.each(forms)('$name finds the package that is installed for it', async ({ name }) => {
  expect(await run(folders.installed, name)).toMatchObject({ code: 0, facts: [works] })
})

test.each(bundled)('$name says what to do where it is not installed', async ({ name }) => {
  const { facts } = await run(folders.alone, name)
  expect(facts).toMatchObject([{ code: 'ERR_CLOSURE_LOAD_FAILED' }])
  const said = JSON.stringify(facts)
  expect(said).toContain('--external:close-notify')
  expect(said).toContain("externals: ['close-notify']")
  expect(said).toContain('CLOSE_NOTIFY_BINARY')
  expect(said).not.toContain('Tried')
})

test.each(bundled)('$name takes the binary that it is given', async ({ name }) => {
  const environment = { CLOSE_NOTIFY_BINARY: binary }
  expect(await run(folders.alone, name, environment)).toMatchObject({ code: 0, facts: [works] })
})

async function withEsbuild(name: string, external: boolean): Promise<void> {
  const format = name.endsWith('.mjs') ? 'esm' : 'cjs'
  const { warnings } = await build({
    entryPoints: ['closes.mjs'],
    absWorkingDir: folders.made,
    bundle: true,
    platform: 'node',
    format,
    outfile: name,
    external: external ? ['close-notify'] : [],
    logLevel: 'silent',
  })
  expect(warnings).toEqual([])
}

async function withWebpack(name: string, external: boolean): Promise<void> {
  const module = name.endsWith('.mjs')
  const compiler = webpack({
    mode: 'production',
    target: 'node20',
    context: folders.made,
    entry: './closes.mjs',
    experiments: { outputModule: module },
    output: { path: folders.made, filename: name, module },
    externals: external ? [/^close-notify/] : [],
    externalsType: module ? 'module' : 'node-commonjs',
  })
  const problems = await new Promise<unknown>((resolve, reject) => {
    compiler?.run((error, stats) => {
      if (error) reject(error)
      else resolve(stats?.toJson({ all: false, errors: true, warnings: true }))
    })
  })
  expect(problems).toMatchObject({ errors: [], warnings: [] })
}

async function withVite(name: string, external: boolean): Promise<void> {
  const warnings: string[] = []
  const warn = (text: string) => void warnings.push(text)
  const nothing = () => undefined
  await buildWithVite({
    configFile: false,
    root: folders.made,
    logLevel: 'warn',
    customLogger: {
      info: nothing,
      warn,
      warnOnce: warn,
      error: warn,
      clearScreen: nothing,
      hasErrorLogged: () => false,
      hasWarned: false,
    },
    ssr: external ? { external: ['close-notify'] } : { noExternal: true },
    build: {
      ssr: 'closes.mjs',
      outDir: 'by-vite',
      rolldownOptions: { output: { format: name.endsWith('.mjs') ? 'es' : 'cjs', entryFileNames: name } },
    },
  })
  expect(warnings).toEqual([])
  renameSync(path.join(folders.made, 'by-vite', name), path.join(folders.made, name))
}

/** What the package carries of what a bundle needs. */
function installIn(project: string): void {
  const target = path.join(project, 'node_modules/close-notify')
  const prebuilds = path.join(target, `prebuilds/${process.platform}-${process.arch}`)
  for (const made of [prebuilds, path.join(target, 'native')]) mkdirSync(made, { recursive: true })
  cpSync(path.join(root, 'dist/lib'), path.join(target, 'dist/lib'), { recursive: true })
  copyFileSync(path.join(root, 'native/close_notify.gypi'), path.join(target, 'native/close_notify.gypi'))
  copyFileSync(path.join(root, 'package.json'), path.join(target, 'package.json'))
  copyFileSync(binary, path.join(prebuilds, 'close_notify.node'))
  symlinkSync(path.join(root, 'node_modules/node-gyp-build'), path.join(project, 'node_modules/node-gyp-build'))
  copyFileSync(fileURLToPath(new URL('programs/closes.mjs', import.meta.url)), path.join(project, 'closes.mjs'))
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }')
}

function run(place: string, name: string, environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { NODE_OPTIONS: _options, CLOSE_NOTIFY_BINARY: _binary, ...others } = process.env
  const child = spawn(process.execPath, [name, certificate.keyFile, certificate.certFile], {
    cwd: place,
    env: { ...others, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return ended(child)
}
