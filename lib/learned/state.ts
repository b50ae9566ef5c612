// What was learned, written down: plain JSON with a version, checked on its way in.
import { checkBoolean, invalid } from '../options.js'
import { Habit, memory, type Remembered } from './habit.js'

/** The longest key of a peer, in UTF-16 units: memory is bounded by the number of peers. */
const longestKey = 512

/** The memory of {@link LearnedWaiting}, as `exportState()` gives it and the option `state` takes it. */
export interface LearnedState {
  /** The version of this form. */
  readonly version: 1
  /** Those heard of last come last. */
  readonly peers: readonly LearnedPeer[]
}

/** What is remembered of one peer. Times are ms. */
export interface LearnedPeer {
  readonly key: string
  /** Answers that its times are made of, up to 128. 0: it has never answered. */
  readonly answers: number
  /** Waits that `share` is made of, up to 128. */
  readonly waits: number
  /** The part of them that were answered, 0 to 1; older ones fade. */
  readonly share: number
  /** Of its answers, each from our close_notify on. */
  readonly mean: number
  readonly deviation: number
  /** The slowest; older ones fade. */
  readonly slowest: number
  /** Rounds of waits without an answer since the last answer, and waits in them. */
  readonly rounds: number
  readonly unanswered: number
  /** Full waits without an answer until its own time is trusted; 0 where it is. */
  readonly doubt: number
  /** Whether it is not waited for. */
  readonly isSilent: boolean
  /** How long until it is tried again, from the export on, for no clock is written down. Null: it has never been. */
  readonly retryIn: number | null
  /** How long from one try to the next. */
  readonly retryInterval: number
}

/** One peer, written down. */
export function peerOfHabit(key: string, habit: Habit, now: number): LearnedPeer {
  return { key, ...habit.is, retryIn: habit.retryIn(now) }
}

/**
 * The habits in a state, by key.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT, with the place in the state as its `facts.name`
 */
export function habitsOfState(state: unknown, now: number): ReadonlyMap<string, Habit> {
  if (!isObject(state)) throw invalid('state', 'an object of exportState()', state)
  const version: unknown = Reflect.get(state, 'version')
  if (version !== 1) throw invalid('state.version', '1', version)
  const peers: unknown = Reflect.get(checkKeys('state', state, ['version', 'peers']), 'peers')
  if (!Array.isArray(peers)) throw invalid('state.peers', 'an array', peers)
  const habits = new Map<string, Habit>()
  peers.forEach((each: unknown, index) => {
    const name = `state.peers[${index}]`
    const { key, habit } = habitOfPeer(name, each, now)
    if (habits.has(key)) throw invalid(`${name}.key`, 'a key that no other peer has', key)
    habits.set(key, habit)
  })
  return habits
}

/**
 * Whether it is a state.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT that says what of it is wrong
 */
export function isLearnedState(state: unknown): state is LearnedState {
  return habitsOfState(state, 0).size >= 0
}

const numbers = {
  answers: { most: memory, isWhole: true },
  waits: { most: memory, isWhole: true },
  share: { most: 1, isWhole: false },
  mean: { most: 2 ** 31, isWhole: false },
  deviation: { most: 2 ** 31, isWhole: false },
  slowest: { most: 2 ** 31, isWhole: false },
  rounds: { most: 2 ** 31, isWhole: true },
  unanswered: { most: 2 ** 53, isWhole: true },
  doubt: { most: memory, isWhole: true },
  retryIn: { most: 2 ** 31, isWhole: false },
  retryInterval: { most: 2 ** 31, isWhole: false },
} as const

function habitOfPeer(name: string, given: unknown, now: number): { readonly key: string; readonly habit: Habit } {
  if (!isObject(given)) throw invalid(name, 'an object', given)
  checkKeys(name, given, ['key', 'isSilent', ...Object.keys(numbers)])
  const of = (member: string): unknown => Reflect.get(given, member)
  const key = checkKey(`${name}.key`, of('key'))
  const number = (member: keyof typeof numbers): number => {
    const { most, isWhole } = numbers[member]
    const value = of(member)
    const isFit = typeof value === 'number' && value >= 0 && value <= most && (!isWhole || Number.isInteger(value))
    if (!isFit)
      throw invalid(`${name}.${member}`, `${isWhole ? 'a whole number' : 'a number'} from 0 to ${most}`, value)
    return value
  }
  const is: Remembered = {
    answers: number('answers'),
    waits: number('waits'),
    share: number('share'),
    mean: number('mean'),
    deviation: number('deviation'),
    slowest: number('slowest'),
    rounds: number('rounds'),
    unanswered: number('unanswered'),
    doubt: number('doubt'),
    isSilent: checkBoolean(`${name}.isSilent`, of('isSilent')),
    retryInterval: number('retryInterval'),
  }
  const retryAt = of('retryIn') === null ? Number.NEGATIVE_INFINITY : now + number('retryIn')
  return { key, habit: new Habit(is, retryAt) }
}

/** The key of a peer. */
export function checkKey(name: string, key: unknown): string {
  if (typeof key === 'string' && key !== '' && key.length <= longestKey) return key
  throw invalid(name, `a string of 1 to ${longestKey} characters`, key)
}

function checkKeys(name: string, given: object, known: readonly string[]): object {
  const unknown = Object.keys(given).find((key) => !known.includes(key))
  if (unknown !== undefined) throw invalid(name, `one of the keys ${known.join(', ')}`, unknown)
  return given
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
