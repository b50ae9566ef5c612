/**
 * The package as a program has it: packed, unpacked into an empty folder, and started from there with the programs of
 * this folder beside it.
 *
 *     const { stdout, code } = await run(['--import', 'close-notify/register', 'ways.mjs'])
 *
 * The binary is that of the checkout, or the one that CLOSE_NOTIFY_BINARY names.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { ended } from '../hazards/child.js'
import { certificate } from '../support/certificate.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a program has left behind. */
export interface Ended {
  readonly code: number | null
  /** The JSON values that it printed, one on each line. */
  readonly facts: readonly unknown[]
  readonly stderr: string
}

interface RunOptions {
  /** The value of CLOSE_NOTIFY_POLICY. */
  readonly policy?: object | string | undefined
  readonly env?: Readonly<Record<string, string>>
}

export interface Installed {
  /** The folder that the programs run in. */
  readonly folder: () => string
  readonly write: (name: string, text: string) => void
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Ended>
}

/** Installs the package once for the tests of a file. */
export function installedPackage(): Installed {
  let folder = ''
  const children = new Set<ChildProcess>()
  beforeAll(() => {
    folder = install()
  })
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })
  return {
    folder: () => folder,
    write: (name, text) => {
      writeFileSync(path.join(folder, name), text)
    },
    run: (args, options = {}) => start(folder, children, args, options),
  }
}

function install(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'close-notify-process-'))
  const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  execFileSync('npm', packing, { cwd: root, stdio: ['ignore', 'ignore', 'ignore'] })
  const [tarball = ''] = readdirSync(folder)
  const modules = path.join(folder, 'node_modules')
  const target = path.join(modules, 'close-notify')
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', target], { cwd: folder })
  rmSync(path.join(folder, tarball))
  // What npm would install with it, and what the programs use.
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  }
  cpSync(fileURLToPath(new URL('programs', import.meta.url)), folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  return folder
}

async function start(
  folder: string,
  children: Set<ChildProcess>,
  args: readonly string[],
  { policy, env }: RunOptions,
): Promise<Ended> {
  // The runner's own options are not for the children.
  const { NODE_OPTIONS: _options, CLOSE_NOTIFY_POLICY: _policy, ...others } = process.env
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: {
      CLOSE_NOTIFY_BINARY: path.join(root, 'build/Release/close_notify.node'),
      ...others,
      KEY_FILE: certificate.keyFile,
      CERT_FILE: certificate.certFile,
      NODE_EXTRA_CA_CERTS: certificate.certFile,
      ...(policy === undefined ? {} : { CLOSE_NOTIFY_POLICY: textOf(policy) }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  const { code, facts, stderr } = await ended(child).finally(() => children.delete(child))
  // In warnings of Node's there is the process's id.
  return { code, facts, stderr: stderr.replaceAll(/\(node:\d+\)/g, '(node)') }
}

function textOf(policy: object | string): string {
  return typeof policy === 'string' ? policy : JSON.stringify(policy)
}
