/** Runs a command against every server profile, and says what it made of each. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  checkAll,
  checkCount,
  checkText,
  choicesOf,
  invalid,
  milliseconds,
  type OptionRules,
  signalOption,
} from '../../options.js'
import { type TlsVersion, tlsVersions } from '../../tls/versions.js'
import { bytesOfBody } from '../peers/http.js'
import { checkContent, lengthOfBody } from '../peers/options.js'
import { type Peer, startPeer } from '../peers/peer.js'
import { checkServerProfiles, profileOf, type ServerProfileName } from '../peers/profiles.js'
import { packageVersion } from '../version.js'
import { type PlannedRun, planOf } from './plan.js'
import { type Assessment, type AssessedRun, summaryOf, verdictOf } from './result.js'
import { runCommand } from './run-command.js'
import { caVariables, commandFor } from './words.js'

/** Options of {@link assess}. Unknown keys are refused by name. */
export interface AssessOptions {
  /** @default all profiles of servers */
  readonly profiles?: readonly ServerProfileName[]
  /**
   * Versions of TLS that the servers offer. Profiles that are for none of them are left out.
   * @default both; a few profiles are for one alone
   */
  readonly versions?: readonly TlsVersion[]
  /** ms that a run may take. @default 10000 */
  readonly timeout?: number
  /** Bytes of a response's body. @default 20000 */
  readonly body?: number
  /** What a response's body is, for clients that take no other; `body` is left out then. @default numbered lines */
  readonly content?: Uint8Array
  /** Ends it at once, and kills what runs. */
  readonly signal?: AbortSignal
  /** Gets each run when it is done. */
  readonly onRun?: (run: AssessedRun, done: number, total: number) => void
}

const assessRules = {
  profiles: { check: checkServerProfiles, unit: '', default: 'all profiles of servers' },
  versions: choicesOf(tlsVersions, tlsVersions, 'both'),
  timeout: milliseconds(10_000),
  body: { check: checkBody, unit: 'bytes', default: '20000' },
  content: { check: checkContent, unit: '', default: 'numbered lines' },
  signal: signalOption,
  onRun: { check: checkListener, unit: '', default: 'none' },
} satisfies OptionRules<AssessOptions>

/**
 * Runs a command once against each way in which a server can close. In its words `{url}`, `{host}`, `{port}` and `{ca}`
 * (a file, PEM) stand for those of the server; the certificate is also named by SSL_CERT_FILE, CURL_CA_BUNDLE,
 * REQUESTS_CA_BUNDLE, GIT_SSL_CAINFO and NODE_EXTRA_CA_CERTS. It is expected to print the response's body, and to exit
 * with 0 where it takes that for whole.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT; the system's error where the command cannot be started; the
 * signal's reason
 */
export async function assess(command: readonly string[], options?: AssessOptions): Promise<Assessment> {
  const words = checkCommand(command)
  const { profiles, versions, timeout, content, signal, onRun, ...checked } = checkAll(assessRules, options)
  const body = checkLength(lengthOfBody({ body: checked.body, content }))
  const fitting = profilesFor(versions, profiles, options?.profiles !== undefined)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'close-notify-'))
  const settings: Settings = {
    words,
    folder,
    versions,
    timeout,
    body,
    content,
    ...(signal !== undefined && { signal }),
  }
  try {
    const date = new Date().toISOString()
    const polite: PlannedRun = { profile: 'polite', framing: 'content-length', sent: { kind: 'whole' } }
    const control = await runAgainst(polite, settings)
    const planned = planOf(fitting, body)
    const runs: AssessedRun[] = []
    for (const plan of planned) {
      const isControl = plan.profile === polite.profile
      const run = isControl ? control : await runAgainst(plan, settings, control)
      runs.push(run)
      onRun?.(run, runs.length, planned.length)
    }
    return {
      format: 1,
      kind: 'assessment',
      date,
      madeBy: { 'close-notify': packageVersion(), node: process.versions.node },
      command: words,
      settings: { versions, timeout, body },
      control,
      runs,
      summary: summaryOf(control, runs),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Settings {
  readonly words: readonly string[]
  /** For the certificates. */
  readonly folder: string
  readonly versions: readonly TlsVersion[]
  readonly timeout: number
  readonly body: number
  readonly content: Buffer | undefined
  readonly signal?: AbortSignal
}

/** A client that asks nothing is sent bytes after so many ms: it has to have time to print them. */
const patience = 500

/** ms for the end of a connection to be seen behind the end of the command. */
const afterwards = 1000

async function runAgainst(plan: PlannedRun, settings: Settings, control?: AssessedRun): Promise<AssessedRun> {
  const { profile, framing, sent } = plan
  const { words, folder, versions, timeout, body, content, signal } = settings
  const peer = await startPeer(profile, {
    framing,
    versions,
    ...(content === undefined ? { body } : { content }),
    patience: Math.min(patience, timeout),
    hold: timeout + afterwards,
    ...(sent.kind === 'cut' && { cut: sent.at }),
  })
  try {
    const ca = path.join(folder, 'ca.pem')
    await writeFile(ca, peer.ca)
    const { stdout, stderr, ...ended } = await runCommand(commandFor(words, { port: peer.port, ca }), {
      timeout,
      maxOutput: body + 1024 * 1024,
      env: Object.fromEntries(caVariables.map((name) => [name, ca])),
      ...(signal !== undefined && { signal }),
    })
    await allEnded(peer, signal)
    await peer.close()
    const { exitCode, signal: by, ms, isHung } = ended
    const printed = printedOf(stdout, bytesOfBody(content)(0, body))
    const facts = { profile, framing, sent, exitCode, signal: by, ms, printed, stderr: endOf(stderr) }
    const run = { ...facts, connections: [...peer.log] }
    return { ...run, verdict: verdictOf({ ...run, isHung }, control) }
  } finally {
    await peer.close()
  }
}

/** A command's sockets end with it, and the peer sees that a moment later. */
async function allEnded(peer: Peer, signal: AbortSignal | undefined): Promise<void> {
  const end = performance.now() + afterwards
  while (peer.open > 0 && performance.now() < end) await delay(5)
  signal?.throwIfAborted()
}

/** How much of the body is in an output, which may have more before and behind it. */
function printedOf(output: Buffer, expected: Buffer): AssessedRun['printed'] {
  const start = output.indexOf(expected.subarray(0, firstLine))
  if (start === -1) return { bytes: 0, body: 'nothing' }
  let bytes = 0
  while (bytes < expected.length && output[start + bytes] === expected[bytes]) bytes += 1
  return { bytes, body: bytes === expected.length ? 'whole' : 'cut' }
}

/** Of the body: no other output begins so. */
const firstLine = 32

function endOf(text: string): string {
  return text.trim().slice(-500)
}

/** Those that can be played in one of the versions at least; one that was asked for by its name has to be. */
function profilesFor(
  versions: readonly TlsVersion[],
  profiles: readonly ServerProfileName[],
  areNamed: boolean,
): readonly ServerProfileName[] {
  return profiles.filter((name) => {
    const { versions: own } = profileOf(name)
    const isFor = own.some((version) => versions.includes(version))
    if (!isFor && areNamed) throw invalid('versions', `${own.join(' or ')}, which ${name} is for`, versions)
    return isFor
  })
}

function checkCommand(command: unknown): readonly string[] {
  if (!Array.isArray(command) || command.length === 0) throw invalid('command', 'an array of words', command)
  const words = command.map((word: unknown) => checkText('command', word))
  if (!words.some((word) => /\{(url|port)\}/.test(word))) {
    throw invalid('command', 'a word with {url} or {port} in it', words.join(' '))
  }
  return words
}

/** So that there is a middle, and what it begins with is in no other output. */
const leastBody = 64

function checkBody(name: string, value: unknown): number | undefined {
  return value === undefined ? undefined : checkCount(name, 'bytes', value, 0)
}

function checkLength(body: number): number {
  if (body < leastBody) throw invalid('body', `at least ${leastBody} bytes`, body)
  return body
}

type Listener = NonNullable<AssessOptions['onRun']>

function checkListener(name: string, value: unknown): Listener | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'function') throw invalid(name, 'a function', value)
  return (...told) => void Reflect.apply(value, undefined, told)
}
