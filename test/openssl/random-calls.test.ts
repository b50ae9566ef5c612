// Random calls in every state of a connection, on every build, each in a process of its own that has to live. For all
// builds together a few seconds; for longer, which begins elsewhere each time:
//   CLOSE_NOTIFY_RANDOM_SECONDS=7200 npx vitest run test/openssl/random-calls.test.ts
// A failure names the seed, which CLOSE_NOTIFY_SEED repeats from there on, and the last calls.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { presentBuilds } from '../support/builds.js'
import { runEngineProgram } from './programs.js'

const asked = process.env['CLOSE_NOTIFY_RANDOM_SECONDS']
const ownOnly = process.env['CLOSE_NOTIFY_TEST_BUILDS'] === 'own'
const builds = presentBuilds().slice(0, ownOnly ? 1 : undefined)
const seconds = Number(asked ?? 10) / builds.length
const first = process.env['CLOSE_NOTIFY_SEED'] ?? (asked === undefined ? '1' : `${Math.floor(Math.random() * 1e9)}`)
const folder = mkdtempSync(path.join(tmpdir(), 'random-calls-'))

afterAll(() => {
  rmSync(folder, { recursive: true })
})

test.each(builds)(
  'on $name calls at random throw typed errors only, and the process lives',
  { timeout: Math.ceil(seconds + 60) * 1000 },
  async (build) => {
    const lastCalls = path.join(folder, build.name)
    const args = [build.libssl ?? '', String(seconds), first, lastCalls]
    const run = { build, execArgv: ['--expose-gc'], timeout: Math.ceil(seconds + 50) * 1000 }
    const counts = await runEngineProgram('calls-at-random.mjs', args, run).catch((cause: unknown) => {
      throw new Error(`It died. The last calls, each behind its seed:\n${inOrder(lastCalls)}`, { cause })
    })
    if (asked !== undefined) console.info(`${build.name}, ${seconds} s from seed ${first}: ${JSON.stringify(counts)}`)
    expect(counts).toHaveLength(1)
    expect(statesOf(counts[0]).toSorted()).toEqual(
      [...everyState, ...(build.name.startsWith('boringssl') ? [] : ['renegotiating'])].toSorted(),
    )
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
