/**
 * What this package stands on, looked at on the machine that it runs on: the runtime, the addon, OpenSSL, the undocumented
 * members of Node, and closings in memory, over loopback and under a policy.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { packageVersion } from '../lab/version.js'
import { type Check, groups } from './check.js'
import { examine } from './examine.js'
import { type Runtime, thisRuntime } from './runtime.js'

/** What `close-notify doctor --json` prints. */
export interface Examination {
  readonly format: 1
  /** The version of this package. */
  readonly closeNotify: string
  readonly runtime: Pick<Runtime, 'name' | 'version'>
  /** `linux-x64`, for example. */
  readonly platform: string
  /** Whether no check fails. */
  readonly works: boolean
  readonly checks: readonly Check[]
}

/** Runs every check. It throws nothing: what cannot be looked at fails. */
export async function examination(): Promise<Examination> {
  const runtime = thisRuntime()
  const checks = (runtime.name === 'Node' ? await inProcess() : undefined) ?? (await here(runtime))
  return {
    format: 1,
    closeNotify: packageVersion(),
    runtime: { name: runtime.name, version: runtime.version },
    platform: `${process.platform}-${process.arch}`,
    works: checks.every(({ status }) => status === 'works' || status === 'note'),
    checks,
  }
}

/** In ms. All of it takes about a second. */
const patience = 120_000

/** In a process of its own; undefined where this one may not start any. */
async function inProcess(): Promise<readonly Check[] | undefined> {
  const child = start()
  if (child === undefined) return undefined
  let said = ''
  child.stderr.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(0, 2000)
  })
  const checks: Check[] = []
  let isDone = false
  createInterface({ input: child.stdout }).on('line', (line) => {
    const value = parsed(line)
    if (isCheck(value)) checks.push(value)
    else if (typeof value === 'object' && value !== null && 'done' in value) isDone = true
  })
  // 'error' too: a process that could not be started.
  const how = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`before it began: ${error.message}`))
    child.on('close', (code, signal) => resolve(signal === null ? `with exit code ${code}` : `by ${signal}`))
  })
  if (!isDone) checks.push(endedBy(how, said))
  return checks
}

// With the options and the environment of this process, so that it has the same preloads; but for a policy for all of its
// connections, which is no fault where the checks close otherwise.
function start(): ChildProcessByStdio<null, Readable, Readable> | undefined {
  const program = fileURLToPath(new URL('examine-process.js', import.meta.url))
  try {
    return spawn(process.execPath, [...process.execArgv, program], {
      env: { ...process.env, CLOSE_NOTIFY_POLICY: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: patience,
      killSignal: 'SIGKILL',
    })
  } catch {
    return undefined
  }
}

function endedBy(how: string, said: string): Check {
  const words = said.split('\n').find((line) => /error|assert|fatal/i.test(line)) ?? said.split('\n', 1)[0] ?? ''
  const detail = `the process that ran the checks ended ${how} before they were done${words === '' ? '' : `: ${words.trim()}`}`
  const toDo = 'close-notify cannot be relied on here; please report it with this output'
  return { group: 'runtime', name: 'the checks', status: 'fails', detail, toDo }
}

async function here(runtime: Runtime): Promise<readonly Check[]> {
  const checks: Check[] = []
  await examine(runtime, (check) => void checks.push(check))
  return checks
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function isCheck(value: unknown): value is Check {
  return typeof value === 'object' && value !== null && 'group' in value && Object.hasOwn(groups, String(value.group))
}
