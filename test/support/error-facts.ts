/** Errors carry what they know as fields, and their sentence is made from them. */
import { expect } from 'vitest'
import type { ErrorFacts } from '../../lib/index.js'

/** The codes whose errors have facts; one that is missing, or that has none, does not compile. */
const withFacts: Readonly<Record<ErrorFacts['code'], true>> = {
  ERR_CLOSURE_INVALID_ARGUMENT: true,
  ERR_CLOSURE_LOAD_FAILED: true,
  ERR_CLOSURE_OPENSSL: true,
  ERR_OPENSSL_CALL_FAILED: true,
  ERR_OPENSSL_LACKS_FUNCTION: true,
  ERR_OPENSSL_NEEDS_NEWER_GLIBC: true,
  ERR_OPENSSL_SONAME_IN_USE: true,
  ERR_OPENSSL_WRONG_ARCHITECTURE: true,
}

/** An error, or what came of one through JSON: its facts are those of its code, and each of them is in its message. */
export function expectFacts(error: object): void {
  const code: unknown = Reflect.get(error, 'code')
  const message: unknown = Reflect.get(error, 'message')
  const facts: unknown = Reflect.get(error, 'facts')
  if (typeof code !== 'string' || !Object.hasOwn(withFacts, code)) return
  // The addon's own last checks have a sentence alone.
  if (code === 'ERR_CLOSURE_INVALID_ARGUMENT' && facts === undefined) return
  expect(facts, `facts of ${code}`).toMatchObject({ code })
  for (const text of textsOf(facts)) expect(message).toContain(text)
}

function textsOf(facts: unknown): readonly string[] {
  if (typeof facts === 'string') return [facts]
  if (typeof facts !== 'object' || facts === null) return []
  if (Array.isArray(facts)) return facts.flatMap(textsOf)
  return Object.entries(facts).flatMap(([key, value]) => (spoken.includes(key) ? textsOf(value) : []))
}

// Of the entries of an error queue the sentence has only what people read.
const spoken: readonly string[] = [
  ...['name', 'expected', 'received', 'tried', 'place', 'reason', 'call', 'error', 'queue', 'library', 'functions'],
  ...['needed', 'present', 'soname', 'holder'],
]
