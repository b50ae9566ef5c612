/** What has to hold if the instruments are right. Each is a function of what was found, and nothing else. */
import type { Check } from '../cell.js'
import { type Plan, whereOf } from './plans.js'
import type { Outcome } from './outcome.js'
import type { Kind, Situation, Way } from './situations.js'

type Finding = Pick<Check, 'name' | 'expected' | 'found' | 'passed'>

export function checksOf(
  plan: Plan,
  outcomes: readonly Outcome[],
  modules: ReadonlyMap<Kind, boolean>,
): readonly Check[] {
  const where = Object.values(whereOf(plan)).join(', ')
  const findings = [
    readsNoMoreThanWritten(outcomes),
    losesNothingWhereNoneIsClaimed(plan.situation, outcomes),
    failsByNothingButReset(outcomes),
    cleanMeansDelivered(outcomes),
    undeliveredIsLost(outcomes),
    resumesOnlyWithTickets(outcomes),
    stockIsStock(modules),
  ]
  return findings.map((finding) => ({ ...finding, question: 'loss', where }))
}

/** The peer's count of bytes never exceeds the closer's. */
function readsNoMoreThanWritten(outcomes: readonly Outcome[]): Finding {
  return none(
    'the peer reads no more than was written',
    outcomes,
    ({ read, written }) => read > written,
    ({ way, read, written }) => `${way}: ${read} read of ${written}`,
  )
}

/** All bytes are delivered where a way of closing claims it: see `claimsNoLoss`. */
function losesNothingWhereNoneIsClaimed(situation: Situation, outcomes: readonly Outcome[]): Finding {
  return none(
    'bytes delivered are bytes sent where no loss is claimed',
    outcomes.filter(({ way }) => claimsNoLoss(situation, way)),
    ({ read, written }) => read !== written,
    ({ way, read, written, failure }) => `${way}: ${read} read of ${written}, failure ${failure}`,
  )
}

/**
 * Bidirectional with a peer that answers in time, in each situation but that in which its own budget ends it; and
 * `end()` where nothing is on its way from the peer.
 */
function claimsNoLoss(situation: Situation, way: Way): boolean {
  if (situation === 'peer pauses beyond the budget') return way === 'end()'
  return way.endsWith('bidirectional') || (situation === 'at rest' && way === 'end()')
}

/** Anything else, such as a failed handshake, is another measurement. */
function failsByNothingButReset(outcomes: readonly Outcome[]): Finding {
  return none(
    'the peer fails by a RST or not at all',
    outcomes,
    ({ failure }) => failure !== 'none' && failure !== 'reset',
    ({ way, failure }) => `${way}: ${failure}`,
  )
}

/** The verdict `clean` says that nothing can have been cut off. */
function cleanMeansDelivered(outcomes: readonly Outcome[]): Finding {
  return none(
    'where the report says clean, the peer has everything',
    outcomes.filter(({ claim }) => claim?.verdict === 'clean'),
    ({ read, written }) => read !== written,
    ({ way, read, written }) => `${way}: ${read} read of ${written}`,
  )
}

/** What a report counts as undelivered the peer cannot have. */
function undeliveredIsLost(outcomes: readonly Outcome[]): Finding {
  return none(
    'the peer has nothing of what the report counts as undelivered',
    outcomes.filter(({ claim }) => claim?.undelivered !== undefined),
    ({ read, written, claim }) => read > written - (claim?.undelivered ?? 0),
    ({ way, read, written, claim }) => `${way}: ${read} read of ${written}, ${claim?.undelivered} undelivered`,
  )
}

function resumesOnlyWithTickets(outcomes: readonly Outcome[]): Finding {
  return none(
    'no session is resumed that was not given',
    outcomes,
    ({ tickets, resumed }) => resumed && tickets === 0,
    ({ way }) => `${way}: resumed without a ticket`,
  )
}

/** Node's own ways run in a process without the addon, the others in one with it. */
function stockIsStock(modules: ReadonlyMap<Kind, boolean>): Finding {
  const wrong = [...modules].filter(([kind, loaded]) => loaded === (kind === 'stock'))
  return {
    name: "Node's own ways run without the package",
    expected: 'the addon in the process of each kind but stock',
    found: modules.size === 0 ? 'no process' : [...modules].map(([kind, loaded]) => `${kind}: ${loaded}`).join(', '),
    passed: modules.size > 0 && wrong.length === 0,
  }
}

function none(
  name: string,
  outcomes: readonly Outcome[],
  isWrong: (outcome: Outcome) => boolean,
  describe: (outcome: Outcome) => string,
): Finding {
  const wrong = outcomes.filter(isWrong)
  const [first] = wrong
  return {
    name,
    expected: `none of ${outcomes.length} runs`,
    found: first === undefined ? 'none' : `${wrong.length}, the first by ${describe(first)}`,
    passed: first === undefined,
  }
}
