// Comparisons made by hand from what real builds give, for tests of how they are rendered.
import { differencesOf } from '../../../lib/lab/compare/differences.js'
import type {
  ComparedBuild,
  ComparedScenario,
  Comparison,
  Explanation,
  ScenarioResult,
} from '../../../lib/lab/compare/comparison.js'
import type { Observation } from '../../../lib/lab/scenarios/types.js'
import type { TlsVersion } from '../../../lib/tls/versions.js'

export function comparison(builds: readonly ComparedBuild[], scenarios: readonly ComparedScenario[]): Comparison {
  const madeBy = { 'close-notify': '0.0.0', node: '20.0.0', platform: 'linux-x64' }
  return { format: 1, date: '2026-01-02T03:04:05.678Z', madeBy, builds, scenarios }
}

export function build(id: string, label: string): ComparedBuild {
  const identity = { kind: 'OpenSSL', version: `${label} 1 Jan 2026`, versionNumber: 0x3000_0000, lacking: [] } as const
  return { id, label, libssl: `/builds/${id}/libssl.so.3`, status: 'loaded', ...identity }
}

export interface ScenarioParts {
  readonly tls?: TlsVersion
  readonly title?: string
  readonly explanations?: readonly Explanation[]
}

export function scenario(
  name: string,
  results: Readonly<Record<string, ScenarioResult>>,
  parts: ScenarioParts = {},
): ComparedScenario {
  const { tls = 'TLSv1.3', title = 'What is shown', explanations = [] } = parts
  return { name, title, tls, results, differences: differencesOf(results), explanations }
}

export function ran(...observations: readonly Observation[]): ScenarioResult {
  return { kind: 'ran', observations }
}

export const shutdown: Observation = {
  step: 'client SSL_shutdown',
  actor: 'client',
  call: 'SSL_shutdown',
  value: 0,
  error: 'SSL_ERROR_NONE',
  flags: 'SENT',
}

export const readEof: Observation = {
  step: 'client SSL_read',
  actor: 'client',
  call: 'SSL_read',
  value: -1,
  error: 'SSL_ERROR_SSL',
  reasons: ['unexpected eof while reading'],
  flags: 'SENT',
}

export const readEofOf111: Observation = {
  step: 'client SSL_read',
  actor: 'client',
  call: 'SSL_read',
  value: 0,
  error: 'SSL_ERROR_SYSCALL',
  flags: 'SENT',
}

/** Five builds of which two are unlike the others when the transport ends, and which are alike otherwise. */
export function fiveBuilds(): Comparison {
  const builds = [
    build('openssl-1.1.1', 'OpenSSL 1.1.1w'),
    build('openssl-3.0', 'OpenSSL 3.0.20'),
    build('openssl-3.5', 'OpenSSL 3.5.6'),
    build('openssl-4.0', 'OpenSSL 4.0.0'),
    build('boringssl', 'BoringSSL'),
  ]
  const eof = (read: Observation) => ran(shutdown, read)
  return comparison(builds, [
    scenario(
      'lab-bare-eof',
      {
        'openssl-1.1.1': eof(readEofOf111),
        'openssl-3.0': eof(readEof),
        'openssl-3.5': eof(readEof),
        'openssl-4.0': eof(readEof),
        boringssl: eof({ ...readEofOf111, flags: 'none' }),
      },
      {
        title: 'The transport ends without close_notify',
        explanations: [{ builds: ['openssl-1.1.1'], because: 'Before 3.0 a bare EOF is no error of TLS.' }],
      },
    ),
    scenario('lab-alike', Object.fromEntries(builds.map(({ id }) => [id, ran(shutdown)]))),
  ])
}
