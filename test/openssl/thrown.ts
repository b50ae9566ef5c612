import { ClosureError } from '../../lib/openssl/index.js'
import { expectFacts } from '../support/error-facts.js'

/** Returns the code, a space and the message of what a call throws, which is to be a ClosureError. */
export function thrown(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof ClosureError) expectFacts(error)
    if (error instanceof ClosureError) return `${error.code} ${error.message}`
    throw error
  }
  throw new Error('Nothing was thrown')
}

/** A function for which no types hold, as JavaScript calls it. */
export function untyped(value: unknown): (...args: readonly unknown[]) => unknown {
  if (typeof value !== 'function') throw new Error('Expected a function')
  return (...args): unknown => Reflect.apply(value, undefined, args)
}

/** A method for which no types hold, as JavaScript calls it. */
export function untypedMethod(object: object, name: string): (...args: readonly unknown[]) => unknown {
  const method: unknown = Reflect.get(object, name)
  if (typeof method !== 'function') throw new Error(`Expected a method ${name}`)
  return (...args): unknown => Reflect.apply(method, object, args)
}
