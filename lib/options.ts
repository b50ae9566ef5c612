// The vocabulary of checking what a caller passed. Every message says what was expected, for what, and what came.
import { inspect } from 'node:util'
import { ClosureError } from './errors.js'

/** The error of an argument that is not what was expected. */
export function invalid(name: string, expected: string, received: unknown): ClosureError {
  const message = `Expected ${expected} for ${name} but received ${inspect(received, { depth: 0 })}`
  return new ClosureError('ERR_CLOSURE_INVALID_ARGUMENT', message)
}

/** The options object: undefined counts as empty, a key that is not known is refused by name. */
export function checkOptions<T extends object>(options: T | undefined, known: readonly string[]): Partial<T> {
  if (options === undefined) return {}
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options)
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown !== undefined) throw invalid('options', `one of the keys ${known.join(', ')}`, unknown)
  return options
}

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
export function checkTimeout(name: string, value: unknown, fallback: number): number {
  const timeout = checkCount(name, 'ms', value, fallback)
  if (timeout > maxTimeout) throw invalid(name, `at most ${maxTimeout} ms`, value)
  return timeout
}

/** One of a set of literals, or the default. */
export function checkChoice<const T extends string>(
  name: string,
  value: unknown,
  choices: readonly T[],
  fallback: T,
): T {
  return value === undefined ? fallback : checkOneOf(name, value, choices)
}

/** One of a set of literals. */
export function checkOneOf<const T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw invalid(name, choices.map((text) => `'${text}'`).join(', '), value)
  return choice
}

/** A signal, or nothing. */
export function checkSignal(name: string, value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value
  throw invalid(name, 'an AbortSignal', value)
}

/** A boolean. */
export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(name, 'a boolean', value)
  return value
}

/** A text, which C shall be able to hold. */
export function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string' || value.includes('\0')) throw invalid(name, 'a string without a zero', value)
  return value
}

/** Bytes. */
export function checkBytes(name: string, value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw invalid(name, 'a Uint8Array', value)
  return value
}

/** A function, or nothing. */
export function checkFunction<T extends (...args: never[]) => unknown>(
  name: string,
  value: T | undefined,
): T | undefined {
  if (value === undefined || typeof value === 'function') return value
  throw invalid(name, 'a function', value)
}
