/** Vitest's own matchers, without their type `any`. */
import { expect } from 'vitest'

export function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern)
}

export function containing(text: string): unknown {
  return expect.stringContaining(text)
}
