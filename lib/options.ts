// The vocabulary of checking what a caller passed. Every message says what was expected, for what, and what came.
import { inspect, types } from 'node:util'
import { type ClosureError, errorOf } from './errors.js'

/** The error of an argument that is not what was expected. */
export function invalid(name: string, expected: string, received: unknown): ClosureError {
  return errorOf({ code: 'ERR_CLOSURE_INVALID_ARGUMENT', name, expected, received: shown(received) })
}

// More of a value is not read in a sentence, and may be somebody's secret.
const longest = 60

/**
 * A value in a sentence: short, on one line, and without an error whatever it is. Texts, numbers and small plain objects as
 * they are, the beginning of longer texts; of anything else its class.
 */
export function shown(value: unknown): string {
  try {
    if (typeof value === 'function') return functionShown(value)
    if (typeof value === 'object' && value !== null) return objectShown(value)
    return typeof value === 'string' ? textShown(value) : onOneLineOf(onOneLine(value), longest)
  } catch {
    // An object that only pretends to be of some class, or a proxy whose traps throw.
    return `${typeof value} that cannot be shown`
  }
}

function textShown(text: string): string {
  return text.length <= longest
    ? onOneLine(text)
    : `${onOneLine(text.slice(0, longest))}... (${text.length} characters)`
}

function functionShown(value: object): string {
  const { name }: { readonly name?: unknown } = value
  return typeof name === 'string' && name !== '' ? `a function ${nameShown(name)}` : 'a function'
}

function objectShown(value: object): string {
  if (types.isProxy(value)) return 'a proxy'
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === null || prototype === Object.prototype
  if (Array.isArray(value)) return value.length > 0 ? shortOr(value, `an array of ${value.length}`) : '[]'
  // With a few keys only: inspect() reads all of them.
  if (isPlain) return Object.keys(value).length <= 5 ? shortOr(value, 'an object') : 'an object'
  const { name }: { readonly name?: unknown } = value.constructor
  return typeof name === 'string' && name !== '' ? `an instance of ${nameShown(name)}` : 'an object'
}

function shortOr(value: object, otherwise: string): string {
  const text = onOneLine(value)
  return text.length <= longest ? text : otherwise
}

// A class may have any text for its name.
function nameShown(name: string): string {
  return /^[\w$]{1,60}$/.test(name) ? name : textShown(name)
}

// Line breaks in a text are escaped. With getters and functions by name alone.
function onOneLine(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity, compact: true, maxArrayLength: 10, customInspect: false })
}

/** A text of somebody else's in a sentence, such as another error's message: its words on one line, and not too many. */
export function onOneLineOf(text: string, most = 200): string {
  const line = text.slice(0, 2 * most).replaceAll(/[\s\p{Cc}]+/gu, ' ')
  return line.length <= most ? line : `${line.slice(0, most)}...`
}

/** The options object: undefined counts as empty, a key that is not known is refused by name. */
export function checkOptions<T extends object>(options: T | undefined, known: readonly string[]): Partial<T> {
  if (options === undefined) return {}
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options)
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw invalid('options', `one of the keys ${known.join(', ')}`, key)
  }
  return options
}

/** One option of an options object: its check, which stands in its default, and how its page writes unit and default. */
export interface OptionRule<T> extends AnyOptionRule {
  readonly check: (name: string, value: unknown) => T
  /** For the compiler alone, to which a rule of fewer values than the option's would fit too: nothing is ever there. */
  readonly ofAll?: (value: T) => void
}

interface AnyOptionRule {
  readonly check: (name: string, value: unknown) => unknown
  readonly unit: '' | 'ms' | 'bytes' | 'sockets' | 'hosts' | 'peers'
  readonly default: string
}

/**
 * The table of an options object: every option, and no other, and of each exactly its values. `satisfies
 * OptionRules<Options>` makes the compiler say what was left out.
 */
export type OptionRules<Options> = { readonly [K in keyof Options]-?: RuleFor<NonNullable<Options[K]>> }

type RuleFor<T> = OptionRule<T> | OptionRule<T | undefined>

/** The result of checkAll(): every option, with its default where none was given. */
export type CheckedOptions<Rules> = {
  readonly [K in keyof Rules]: Rules[K] extends OptionRule<infer T> ? T : never
}

/** Checks every option of an object by its table; what is undefined is taken from `base`, then from the default. */
export function checkAll<Rules extends Readonly<Record<string, AnyOptionRule>>>(
  rules: Rules,
  options: object | undefined,
  base: object = {},
): CheckedOptions<Rules> {
  const checked = checkEach(rules, options, (name, own, { check }) => {
    return check(name, own === undefined ? Reflect.get(base, name) : own)
  })
  if (!hasAll<CheckedOptions<Rules>>(rules, checked)) throw new Error('an option was not checked')
  return checked
}

/** For the compiler: whether the result of checkEach() has each member that its table has. */
export function hasAll<Checked extends object>(
  rules: { readonly [K in keyof Checked]: unknown },
  checked: object,
): checked is Checked {
  return namesOf(rules).every((name) => name in checked)
}

/**
 * Checks every option of an object by a table of whatever kind: `check` gets its name, what was given, and its rule. In one
 * pass and without arrays, for every connection has its options checked.
 */
export function checkEach<Rule>(
  rules: Readonly<Record<string, Rule>>,
  options: object | undefined,
  check: (name: string, given: unknown, rule: Rule) => unknown,
): object {
  const names = namesOf(rules)
  const given: object = checkOptions(options, names)
  const checked: Record<string, unknown> = {}
  for (const name of names) {
    const rule = rules[name]
    if (rule === undefined) throw new Error('an option has no rule')
    checked[name] = check(name, Reflect.get(given, name), rule)
  }
  return checked
}

const namesKnown = new WeakMap<object, readonly string[]>()

function namesOf(rules: object): readonly string[] {
  const known = namesKnown.get(rules)
  if (known !== undefined) return known
  const names = Object.keys(rules)
  namesKnown.set(rules, names)
  return names
}

/** A budget in ms. */
export function milliseconds(fallback: number): OptionRule<number> {
  return { check: (name, value) => checkTimeout(name, value, fallback), unit: 'ms', default: String(fallback) }
}

/** A whole number of something. */
export function countOf(unit: 'bytes' | 'sockets' | 'hosts' | 'peers', fallback: number): OptionRule<number> {
  return { check: (name, value) => checkCount(name, unit, value, fallback), unit, default: String(fallback) }
}

/** One of a set of literals. */
export function choiceOf<const T extends string>(choices: readonly T[], fallback: NoInfer<T>): OptionRule<T> {
  return { check: (name, value) => checkChoice(name, value, choices, fallback), unit: '', default: `'${fallback}'` }
}

/** The same without a default of its own, for what depends on more than the options. */
export function choiceOrNone<const T extends string>(
  choices: readonly T[],
  writtenDefault: NoInfer<T>,
): OptionRule<T | undefined> {
  const { check, unit, default: written } = choiceOf(choices, writtenDefault)
  return { unit, default: written, check: (name, value) => (value === undefined ? undefined : check(name, value)) }
}

/** Several of a set of literals, one at least. */
export function choicesOf<const T extends string>(
  choices: readonly T[],
  fallback: readonly NoInfer<T>[],
  writtenDefault: string,
): OptionRule<readonly T[]> {
  const check = (name: string, value: unknown) => checkChoices(name, value, choices) ?? fallback
  return { check, unit: '', default: writtenDefault }
}

/** A literal that stands beside other values. */
export function literalOr<const L extends string, T>(literal: L, other: OptionRule<T>): OptionRule<L | T> {
  return {
    unit: other.unit,
    default: other.default,
    check: (name, value) => (value === literal ? literal : other.check(name, value)),
  }
}

/** An AbortSignal, or none. */
export const signalOption: OptionRule<AbortSignal | undefined> = { check: checkSignal, unit: '', default: 'none' }

/** A whole number of at least zero, or the default. */
export function checkCount(name: string, unit: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalid(name, `a whole number of ${unit}, 0 or more`, value)
  }
  return value
}

// The longest time that a timer of Node can hold.
const maxTimeout = 2 ** 31 - 1

/** A budget in ms, or the default. */
function checkTimeout(name: string, value: unknown, fallback: number): number {
  const timeout = checkCount(name, 'ms', value, fallback)
  if (timeout > maxTimeout) throw invalid(name, `at most ${maxTimeout} ms`, value)
  return timeout
}

/** One of a set of literals, or the default. */
function checkChoice<const T extends string>(name: string, value: unknown, choices: readonly T[], fallback: T): T {
  return value === undefined ? fallback : checkOneOf(name, value, choices)
}

/** Several of a set of literals, or none where nothing is given. */
export function checkChoices<const T extends string>(
  name: string,
  value: unknown,
  choices: readonly T[],
): readonly T[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length === 0) throw invalid(name, 'an array with an element', value)
  return value.map((each: unknown) => checkOneOf(name, each, choices))
}

/** One of a set of literals. */
export function checkOneOf<const T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw invalid(name, choices.map((text) => `'${text}'`).join(', '), value)
  return choice
}

/** A signal, or nothing. */
function checkSignal(name: string, value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value
  throw invalid(name, 'an AbortSignal', value)
}

/** A boolean. */
export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(name, 'a boolean', value)
  return value
}

/** A boolean, or none where what is left out differs from what is false. */
export function checkFlag(name: string, value: unknown): boolean | undefined {
  return value === undefined ? undefined : checkBoolean(name, value)
}

/** A text, which C shall be able to hold. */
export function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string' || value.includes('\0')) throw invalid(name, 'a string without a zero', value)
  return value
}

/** The same, or none. */
export function checkTextIfGiven(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : checkText(name, value)
}

/**
 * Bytes: a real Uint8Array, of whatever realm, whose memory is there. One whose buffer is detached, or was made smaller
 * than its range, has none, and would pass for an empty one.
 */
export function checkBytes(name: string, value: unknown, expected = 'a Uint8Array'): Uint8Array {
  if (!types.isUint8Array(value)) throw invalid(name, expected, value)
  if (lengthOf(value) === 0 && !hasMemory(value)) throw invalid(name, `${expected} whose memory is there`, value)
  return value
}

/** The buffer that some bytes lie in. */
export const bufferOf = ofTypedArrays('buffer')

// Every method of a typed array throws where there is no memory: ECMA-262, ValidateTypedArray.
function hasMemory(bytes: Uint8Array): boolean {
  try {
    firstOf(bytes)
    return true
  } catch {
    return false
  }
}

const lengthOf = ofTypedArrays('byteLength')
const firstOf = ofTypedArrays('at')

// A getter or a method of the prototype: an object can have another one of its own, that says what is not so.
function ofTypedArrays(name: 'byteLength' | 'buffer' | 'at'): (bytes: Uint8Array) => unknown {
  const descriptor = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), name)
  const own: unknown = descriptor === undefined ? undefined : (Reflect.get(descriptor, 'get') ?? descriptor.value)
  if (typeof own !== 'function') throw new Error(`This runtime has no ${name} of typed arrays`)
  return (bytes): unknown => Reflect.apply(own, bytes, [])
}
