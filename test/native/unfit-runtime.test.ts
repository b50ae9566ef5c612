import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'

const entry = fileURLToPath(new URL('../../dist/lib/index.js', import.meta.url))

// BoringSSL is told by a function that only it has. Hosts that have it and export it are not to be had here, so that
// this process gets that one function before its own.
it('says on a host with BoringSSL that it is one, in a typed error, and loads all the same', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'close-notify-boringssl-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  const source = path.join(folder, 'grease.c')
  const library = path.join(folder, 'grease.so')
  writeFileSync(source, 'void SSL_CTX_set_grease_enabled(void *context, int enabled) {}\n')
  execFileSync('cc', ['-shared', '-fPIC', '-w', source, '-o', library])
  const program = `
    import { closureOf, createSecureContext, runtimeSupport } from ${JSON.stringify(entry)}
    import { TLSSocket } from 'node:tls'
    import { Duplex } from 'node:stream'
    const codes = [() => closureOf(new TLSSocket(new Duplex())), () => createSecureContext({ quietShutdown: true })].map((call) => {
      try { call() } catch (error) { return [error.name, error.code, error.origin, /BoringSSL/.test(error.message)] }
    })
    console.log(JSON.stringify([runtimeSupport().supported, ...codes]))`
  const run = (env: NodeJS.ProcessEnv): unknown =>
    JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { env, encoding: 'utf8' }))
  const error = ['ClosureError', 'ERR_CLOSURE_UNSUPPORTED_RUNTIME', 'environment', true]
  expect(run({ ...process.env, LD_PRELOAD: library })).toEqual([false, error, error])
  expect(run(process.env)).toEqual([true, null, null])
})
