import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { cCompiler, compileC } from '../../../benchmarks/support/compile.js'
import { requireTool } from '../../support/peers/child.js'

const lack = await cCompiler.missing()
if (lack !== undefined) console.warn(`\nNO TEST COMPILES AGAINST OPENSSL: ${lack}\n`)

test('without a compiler the need says so, and what to install', async () => {
  vi.stubEnv('PATH', '')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await cCompiler.missing()).toMatch(/apt-get install gcc libc6-dev libssl-dev \(.*ENOENT\)$/)
})

test('without OpenSSL the need says so, and what to install', async () => {
  requireTool('cc', 'gcc')
  const folder = await mkdtemp(path.join(os.tmpdir(), 'compile-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  // A compiler that knows no headers, not even those of C.
  const compiler = execFileSync('sh', ['-c', 'command -v cc'], { encoding: 'utf8' }).trim()
  await writeFile(path.join(folder, 'cc'), `#!/bin/sh\nexec ${compiler} -nostdinc "$@"\n`, { mode: 0o755 })
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await cCompiler.missing()).toMatch(/libssl-dev \(.*openssl\/ssl\.h.*\)$/)
})

test.skipIf(lack !== undefined)('a program is compiled into a folder of its own, which goes with it', async () => {
  const compiled = await compileC('benchmarks/study/latency/native/closer.c')
  expect(compiled.libssl).toMatch(/^\/.*libssl/)
  expect(compiled.libsslVersion).toMatch(/^\d+\.\d+\.\d+/)
  expect(spawnSync(compiled.program, { encoding: 'utf8' }).stderr).toContain('usage: closer')
  await compiled.remove()
  expect(existsSync(compiled.folder)).toBe(false)
})

test.skipIf(lack !== undefined)('a program that does not compile leaves no folder behind', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'compile-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  vi.stubEnv('TMPDIR', folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(compileC('benchmarks/study/latency/native/closer.c', ['-DSSL_read=nothing'])).rejects.toThrow('nothing')
  expect(readdirSync(folder)).toEqual([])
})
