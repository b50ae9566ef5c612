/** How data from outside is checked: each check throws what was expected where, and what came. */
import { inspect } from 'node:util'
import { ClosureError } from '../../errors.js'
import { shown } from '../../options.js'

/** Where a value stands: the file first, then ever closer, such as `scenario 'x'`, `step 3 (client SSL_read)`. */
export type Place = readonly [string, ...string[]]

export type Check = (value: unknown, at: Place) => void

/** An object's keys. One that ends with `?` may be absent. */
export type Fields = Readonly<Record<string, Check>>

export function wrong(at: Place, expected: string, received: unknown): ClosureError {
  return new ClosureError('ERR_LAB_SCENARIO', `${at.join(', ')}: expected ${expected} but received ${shown(received)}`)
}

/** Keys that are not known are refused by name. */
export function fieldsOf(fields: Fields): Check {
  const known = new Map(Object.keys(fields).map((key) => [key.replace('?', ''), key]))
  return (value, at) => {
    const entries = entriesOf(value, at)
    for (const key of entries.keys()) {
      if (!known.has(key)) throw wrong(at, `one of the keys ${[...known.keys()].join(', ')}`, key)
    }
    for (const [name, key] of known) {
      const entry = entries.get(name)
      // One that has to be there is checked without a value too: its check says what it should be.
      if (entry !== undefined || !key.endsWith('?')) fields[key]?.(entry, [...at, name])
    }
  }
}

export function entriesOf(value: unknown, at: Place): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(at, 'an object', value)
  return new Map(Object.entries(value))
}

export function itemsOf(value: unknown, at: Place): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(at, 'a list', value)
  return value
}

export function listOf(check: Check): Check {
  return (value, at) => {
    for (const [index, item] of itemsOf(value, at).entries()) check(item, [...at, `entry ${index + 1}`])
  }
}

export function oneOf(...choices: readonly (string | number | boolean)[]): Check {
  return (value, at) => {
    if (!choices.some((choice) => choice === value))
      throw wrong(at, choices.map((one) => inspect(one)).join(', '), value)
  }
}

export const text: Check = matching(/./s, 'a text')

export function matching(pattern: RegExp, expected: string): Check {
  return (value, at) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw wrong(at, expected, value)
  }
}

/** A whole number in a range. */
export function number(least: number, most = Number.MAX_SAFE_INTEGER): Check {
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`
  return (value, at) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
      throw wrong(at, `a whole number, ${range}`, value)
    }
  }
}
