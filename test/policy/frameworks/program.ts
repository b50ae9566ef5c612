/**
 * Runs one of the programs in a process of its own, with or without a policy, and tells what it printed and what was on
 * the wire. The relay between its two ends is in this process; the keys come from Node's own `--tls-keylog`.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClosurePolicy } from '../../../lib/policy/policy.js'
import type { TlsVersion } from '../../support/pair.js'
import { type Relay, startRelay } from '../../support/relay.js'
import { readingsOf } from './closing.js'

export interface Observed {
  /** The program's own account of its work. */
  readonly facts: unknown
  /** Of the reports of the controlled connections. */
  readonly verdicts: readonly string[]
  /** How each connection closed, or may have: see `closing.ts`. */
  readonly wires: readonly (readonly string[])[]
}

export interface ProgramOptions {
  readonly program: string
  readonly scenario: string
  readonly version: TlsVersion
  readonly policy: ClosurePolicy | undefined
  readonly env: Readonly<Record<string, string>>
}

// ms each way, so that a side's own acts are over before the other one answers them.
const delay = 20
// ms within which what a side sends goes on together: a last message and the alert behind it are one act, and what the
// other side does between them is chance.
const window = 20
const hangGuard = 50_000

export async function observe(options: ProgramOptions): Promise<Observed> {
  const folder = await mkdtemp(path.join(tmpdir(), 'close-notify-frameworks-'))
  const relays: Relay[] = []
  try {
    const keyFile = path.join(folder, 'keys')
    const printed = await run(options, keyFile, async (port) => {
      const relay = await startRelay({ port, delay })
      relays.push(relay)
      void mergeAll(relay)
      return relay.port
    })
    const keys = await readFile(keyFile, 'utf8')
    for (const relay of relays) relay.keys.add(keys)
    const wires = relays.flatMap((relay) => relay.wires)
    await Promise.all(wires.map((wire) => wire.closed))
    return { ...printed, wires: wires.map(readingsOf) }
  } finally {
    await Promise.all(relays.map((relay) => relay.close()))
    await rm(folder, { recursive: true })
  }
}

async function mergeAll(relay: Relay): Promise<void> {
  const wire = await relay.nextWire()
  wire.merge('client', window)
  wire.merge('server', window)
  await mergeAll(relay)
}

type Printed = Pick<Observed, 'facts' | 'verdicts'>

function run(
  { program, scenario, version, policy, env }: ProgramOptions,
  keyFile: string,
  relayTo: (port: number) => Promise<number>,
): Promise<Printed> {
  const file = fileURLToPath(new URL(`programs/${program}.mjs`, import.meta.url))
  const argv = [file, scenario, ...(policy === undefined ? [] : [JSON.stringify(policy)])]
  const { NODE_OPTIONS: _options, ...inherited } = process.env
  const limit = version === 'TLSv1.2' ? '--tls-max-v1.2' : '--tls-min-v1.3'
  const child = spawn(process.execPath, ['--no-warnings', `--tls-keylog=${keyFile}`, limit, ...argv], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    timeout: hangGuard,
    killSignal: 'SIGKILL',
  })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.on('message', (message) => {
    void relayTo(relayTarget(message)).then((port) => child.send({ port }))
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      process.removeListener('exit', kill)
      if (code === 0 && stderr === '') resolve(parsed(stdout))
      else reject(new Error(`${program}, ${scenario}: ended with ${code ?? signal ?? 'nothing'}: ${stdout} ${stderr}`))
    })
  })
}

function relayTarget(message: unknown): number {
  if (typeof message === 'object' && message !== null && 'relay' in message && typeof message.relay === 'number')
    return message.relay
  throw new TypeError(`Expected a port to relay to but received ${JSON.stringify(message)}`)
}

function parsed(stdout: string): Printed {
  const printed: unknown = JSON.parse(stdout)
  if (typeof printed !== 'object' || printed === null || !('facts' in printed) || !('verdicts' in printed))
    throw new TypeError(`Expected facts and verdicts but received ${stdout}`)
  const { facts, verdicts } = printed
  if (!Array.isArray(verdicts)) throw new TypeError(`Expected verdicts but received ${stdout}`)
  return { facts, verdicts: verdicts.map(String) }
}
