/** Campaigns as tests run them. */
import { setImmediate as immediate } from 'node:timers/promises'
import { runCampaign } from '../../../lib/lab/campaign/campaign.js'
import type { CampaignOutcome, CampaignPlan } from '../../../lib/lab/campaign/campaign.js'
import { listOf } from './support.js'

export interface Result {
  readonly target: string
  readonly failure?: unknown
}

export type Plan = CampaignPlan<Result>

export const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `host-${index}.example`)

/** A campaign that is quick, unless a test wants something else of it. */
export async function campaign(targets: Iterable<string> | AsyncIterable<string>, other: Partial<Plan> = {}) {
  const results: Result[] = []
  const outcome = await runCampaign<Result>({
    targets: Symbol.asyncIterator in targets ? targets : listOf(targets),
    run: async (target) => {
      await immediate()
      return { target }
    },
    failed: (target, reason) => ({ target, failure: reason }),
    concurrency: 4,
    timeout: 30_000,
    signal: new AbortController().signal,
    onResult: (result) => results.push(result),
    ...other,
  })
  return { outcome, results, targets: results.map(({ target }) => target) }
}

export const complete = (counts: Partial<CampaignOutcome>): CampaignOutcome => ({
  ...{ ended: 'complete', done: 0, failed: 0, skipped: 0, aborted: 0, left: 0 },
  ...counts,
})

/** Settles when the signal aborts, in the way that is asked of a run. */
export const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
