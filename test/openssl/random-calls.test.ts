// Random calls in every state of a connection, on every build, each in a process of its own that has to live. For all
// builds together a few seconds; for longer, which begins elsewhere each time:
//   CLOSE_NOTIFY_RANDOM_SECONDS=7200 npx vitest run test/openssl/random-calls.test.ts
// A failure names the seed, which CLOSE_NOTIFY_SEED repeats from there on, and the last calls.
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { presentBuilds } from '../support/builds.js'
import { runEngineProgram } from './programs.js'

const asked = process.env['CLOSE_NOTIFY_RANDOM_SECONDS']
const ownOnly = process.env['CLOSE_NOTIFY_TEST_BUILDS'] === 'own'
const builds = presentBuilds().slice(0, ownOnly ? 1 : undefined)
// BoringSSL has no SSL_dup(3).
const cases = builds.flatMap((build) => [
  { build, name: build.name, isCopied: false, where: build.name },
  ...(build.name.startsWith('boringssl')
    ? []
    : [{ build, name: build.name, isCopied: true, where: `${build.name} beside copies by SSL_dup` }]),
])
const seconds = Number(asked ?? 8) / cases.length
const first = process.env['CLOSE_NOTIFY_SEED'] ?? (asked === undefined ? '1' : `${Math.floor(Math.random() * 1e9)}`)
const folder = mkdtempSync(path.join(tmpdir(), 'random-calls-'))

const copier = path.join(folder, 'ssl-dup.node')

beforeAll(async () => {
  const source = fileURLToPath(new URL('../hazards/programs/ssl-dup.c', import.meta.url))
  // nodelete: Node unloads what turns out to be no addon.
  const options = ['-shared', '-fPIC', '-O1', '-pthread', '-Wl,-z,nodelete', '-o', copier, source, '-ldl']
  await promisify(execFile)('cc', options)
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

test.each(cases)(
  'on $where calls at random throw typed errors only, and the process lives',
  { timeout: Math.ceil(seconds + 60) * 1000 },
  async ({ build, name, isCopied, where }) => {
    const libssl = build.libssl ?? ''
    const lastCalls = path.join(folder, where)
    const args = [libssl, String(seconds), first, lastCalls, ...(isCopied ? [copier] : [])]
    const run = {
      build,
      execArgv: ['--expose-gc'],
      env: isCopied ? { SSL_DUP_IN: libssl } : {},
      timeout: Math.ceil(seconds + 50) * 1000,
    }
    const [counts, ...others] = await runEngineProgram('calls-at-random.mjs', args, run).catch((cause: unknown) => {
      throw new Error(`It died. The last calls, each behind its seed:\n${inOrder(lastCalls)}`, { cause })
    })
    if (asked !== undefined) console.info(`${where}: ${seconds} s from seed ${first}: ${JSON.stringify(counts)}`)
    expect(statesOf(counts).toSorted()).toEqual(
      [...everyState, ...(name.startsWith('boringssl') ? [] : ['renegotiating'])].toSorted(),
    )
    expect(others).toEqual(isCopied ? [{ counted: true }] : [])
  },
)

// BoringSSL renegotiates only where a program has told it to.
const everyState = [
  ...['fresh', 'handshake', 'connected', 'sent close_notify', 'received close_notify', 'closed'],
  ...['failed', 'ended', 'quiet', 'freed'],
]

function statesOf(counts: unknown): readonly string[] {
  const isRecord = typeof counts === 'object' && counts !== null && 'states' in counts
  return isRecord && typeof counts.states === 'object' && counts.states !== null ? Object.keys(counts.states) : []
}

/** A ring of lines, each with its seed and its number. */
function inOrder(file: string): string {
  const lines = (existsSync(file) ? readFileSync(file, 'utf8') : '').split('\n')
  const numbered = lines.filter((line) => line !== '').map((line) => ({ line, number: Number(line.split(' ')[1]) }))
  return numbered
    .toSorted((a, b) => a.number - b.number)
    .map(({ line }) => line.trimEnd())
    .join('\n')
}
