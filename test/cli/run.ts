// The program, run as a user does, and libraries that are none.
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))

export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

export function start(args: readonly string[], command: readonly string[] = [process.execPath, program]): Started {
  const [file = '', ...before] = command
  const child = spawn(file, [...before, ...args], {
    env: environment(),
    // A process group of its own, as a shell gives it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString()
  })
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }))
  })
  return { child, ended }
}

export function run(...args: readonly string[]): Promise<Ended> {
  return start(args).ended
}

/** On a terminal of that many columns; both outputs come as one. */
export function runOnTerminal(
  columns: number,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const words = [...Object.entries(variables).map(([name, value]) => `${name}=${value}`), process.execPath, program]
  const line = [...words, ...args].map((word) => `'${word}'`).join(' ')
  return start([`stty cols ${columns} rows 50; env ${line}`, '/dev/null'], ['script', '-qec']).ended
}

/** The same on every terminal that the tests run on; in CI Node takes every terminal for one without colours. */
function environment(): NodeJS.ProcessEnv {
  const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, COLUMNS: _columns, ...others } = process.env
  return { ...others, TERM: 'xterm-256color' }
}

/** Those of a process that are still there, however deep below it. */
export function descendantsOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  return children.flatMap((child) => [child, ...descendantsOf(child)])
}

/** A shared library that seems to be a libssl, and does this when it is loaded. */
export function libraryThat(statement: string): string {
  const folder = temporaryFolder()
  const source = path.join(folder, 'library.c')
  const library = path.join(folder, 'libssl.so.99')
  writeFileSync(
    source,
    `#include <signal.h>
    #include <unistd.h>
    int SSL_shutdown(void *ssl) { return 0; }
    const char *OpenSSL_version(int what) { return "none"; }
    __attribute__((constructor)) static void loaded(void) { ${statement} }\n`,
  )
  execFileSync('cc', ['-shared', '-fPIC', '-Wl,-soname,libssl.so.99', source, '-o', library])
  return library
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'close-notify-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}
