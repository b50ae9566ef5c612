/** The result of a run, for programs: the file of `--json`, from which the table is made as well. */
import type { Machine, Versions } from '../../support/machine.js'
import { summarize } from '../../support/statistics.js'
import type { Summary } from '../../support/statistics.js'
import { silentHold, silentWait } from './measure.js'
import type { Row, Sample } from './measure.js'

export interface Result {
  readonly benchmark: 'closing-cost'
  readonly definitions: typeof definitions
  readonly machine: Machine
  readonly versions: Versions
  readonly protocol: 'TLSv1.3'
  readonly startedAt: string
  readonly command: readonly string[]
  readonly seed: number
  /** How long the run took, with warm-up. */
  readonly seconds: number
  /** `failed` and `interrupted` runs hold what was measured until then. */
  readonly outcome: 'complete' | 'interrupted' | 'failed'
  /** The relay's echo at each RTT, in ms. */
  readonly relays: readonly { readonly rtt: number; readonly echo: Summary | null }[]
  readonly rows: readonly RowResult[]
}

/** One kind of closing. All times in ms; null where nothing was measured. */
export interface RowResult {
  readonly rtt: number
  readonly peer: Row['peer']
  readonly closing: Row['closing']
  readonly limit: Limit
  readonly done: Summary | null
  readonly aboveLimit: Summary | null
  readonly released: Summary | null
  /** Sockets whose file descriptor was still open when that was given up; not part of `released`. */
  readonly stillOpen: number
  readonly verdicts: Readonly<Record<string, number>>
  readonly samples: readonly Sample[]
}

/** The least time that a closing can take, whoever implements it. */
export type Limit =
  | { readonly kind: 'rtt'; readonly count: 0 | 1 }
  | { readonly kind: 'wait-budget'; readonly ms: number }

export const definitions = {
  done:
    'ms from the call until our side has nothing left to send or to wait for: the event "finish" for end(), the ' +
    'promise of shutdown() for the modes',
  released:
    'ms from the call until the event "close": the file descriptor is gone. Node keeps it until the peer has ' +
    `ended TCP too; what a silent peer keeps open is destroyed by the benchmark after ${silentHold} ms`,
  limit:
    'what done cannot go below: 0 RTT for what waits for nobody, 1 RTT for bidirectional with a peer that answers, ' +
    `the wait budget (waitTimeout: ${silentWait} ms) for bidirectional with a silent one`,
  aboveLimit:
    'done minus the limit; 1 RTT is the echo that the same relay gave right before or right after that very ' +
    'closing',
  interval: '95 % interval of the median, by order statistics',
  p99: 'nearest rank: with fewer than 100 closings the largest one',
} as const

export function relayResults(rows: readonly Row[]): Result['relays'] {
  return [...new Set(rows.map((row) => row.rtt))].map((rtt) => {
    const echoes = rows.filter((row) => row.rtt === rtt).flatMap((row) => row.samples.flatMap(({ echo }) => echo ?? []))
    return { rtt, echo: summarize(echoes) ?? null }
  })
}

export function rowResult({ rtt, peer, closing, samples }: Row): RowResult {
  const limit: Limit =
    closing !== 'bidirectional'
      ? { kind: 'rtt', count: 0 }
      : peer === 'answers'
        ? { kind: 'rtt', count: 1 }
        : { kind: 'wait-budget', ms: silentWait }
  const verdicts: Record<string, number> = {}
  for (const { verdict } of samples) if (verdict !== undefined) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
  return {
    rtt,
    peer,
    closing,
    limit,
    done: summarize(samples.map(({ done }) => done)) ?? null,
    aboveLimit: summarize(samples.flatMap((sample) => aboveLimit(sample, limit) ?? [])) ?? null,
    released: summarize(samples.flatMap(({ released }) => released ?? [])) ?? null,
    stillOpen: samples.filter(({ released }) => released === null).length,
    verdicts,
    samples,
  }
}

function aboveLimit({ done, echo }: Sample, limit: Limit): number | undefined {
  if (limit.kind === 'wait-budget') return done - limit.ms
  if (limit.count === 0) return done
  return echo === undefined ? undefined : done - echo
}
