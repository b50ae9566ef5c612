/** A client's account of each response, and what was wrong with it. */
import type { TlsVersion } from '../../support/pair.js'
import { type Cut, remainsOf } from './messages.js'

export interface Outcome {
  /** The body that the reader got. */
  body: string
  /** The reader was told that this is all. */
  passed: boolean
  /** 'end' was emitted. */
  ended: boolean
  /** `complete` of an IncomingMessage. */
  complete?: boolean
  /** Codes: of what the reader was told, and of what the request emitted. */
  error?: string
  requestError?: string
}

export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? code : error.message
}

/** Of a line that a program printed. */
export function isOutcome(fact: unknown): fact is Outcome & { readonly host: string } {
  return typeof fact === 'object' && fact !== null && 'host' in fact && 'passed' in fact
}

/** Runs `get` for each cut, many at a time. */
export async function outcomesOf(
  cuts: readonly Cut[],
  get: (cut: Cut) => Promise<Outcome>,
): Promise<ReadonlyMap<Cut, Outcome>> {
  const outcomes = new Map<Cut, Outcome>()
  const waiting = [...cuts]
  const worker = async () => {
    for (let cut = waiting.pop(); cut !== undefined; cut = waiting.pop()) outcomes.set(cut, await get(cut))
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return outcomes
}

const atOnce = 32

/** A cut that is to fail where the body had begun, and where it had not. */
export interface Expected {
  readonly inBody: (outcome: Outcome, cut: Cut) => boolean
  readonly inHead: (outcome: Outcome, cut: Cut) => boolean
  /**
   * The reader is given what comes before the cut.
   * @default true
   */
  readonly readsInParts?: boolean
}

/** Each outcome that is not what it should be, as a line; the first few. */
export function wrongOutcomes(
  outcomes: ReadonlyMap<Cut, Outcome>,
  version: TlsVersion,
  { inBody, inHead, readsInParts = true }: Expected,
): readonly string[] {
  const wrong = [...outcomes].filter(([cut, outcome]) => {
    const { head, body, isWhole } = remainsOf(cut, version)
    if (isWhole) return !passedAsWhole(outcome, body)
    if (outcome.passed || outcome.ended || outcome.complete === true) return true
    if (head !== 'whole') return !inHead(outcome, cut)
    return outcome.body !== (readsInParts ? body : '') || !inBody(outcome, cut)
  })
  return wrong
    .slice(0, 8)
    .map(([cut, outcome]) => `${wrong.length} such as ${describe(cut)}: ${JSON.stringify(outcome)}`)
}

/** The cut bodies that a client took for whole ones. */
export function takenForWhole(outcomes: ReadonlyMap<Cut, Outcome>, version: TlsVersion): readonly Cut[] {
  return [...outcomes].filter(([cut, { passed }]) => passed && !remainsOf(cut, version).isWhole).map(([cut]) => cut)
}

function passedAsWhole({ body, passed, error, requestError }: Outcome, expected: string): boolean {
  return passed && body === expected && error === undefined && requestError === undefined
}

function describe({ framing, unit, at, with: how }: Cut): string {
  return `${framing}, ${how} at byte ${at} of the ${unit}`
}
