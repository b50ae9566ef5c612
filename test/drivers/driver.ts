/** A driver or framework of the round: its program, how a policy reaches it, and what is expected of its connections. */
import type { Expectation } from './record.js'
import type { ServerName } from './servers/index.js'

export interface Driver {
  /** As `--only`, its program and the page have it. */
  readonly name: string
  /** The packages of npm that the row is about. */
  readonly packages: readonly string[]
  /** What its program talks to; absent where the program is the server itself. */
  readonly server?: ServerName
  /** How a policy reaches it: markdown. The program has the same lines. */
  readonly reach: string
  /** What changes, and what to look out for: markdown. */
  readonly lookOut: string
  /** The steps that fail in stock Node too, each with its error. */
  readonly fails?: Readonly<Record<string, string>>
  readonly expected: Expected
}

export interface Expected {
  /** The record under `bidirectional`: by both ways, where nothing else is said of the documented one. */
  readonly bidirectional: readonly Expectation[]
  readonly documented?: readonly Expectation[]
  readonly strict: readonly Expectation[]
  /** The steps that give something else under `strict` than in stock Node, each with what they give. */
  readonly strictly?: Readonly<Record<string, unknown>>
}

/** How a program is started. */
export type Way = 'stock' | 'register' | 'documented' | 'strict'

export const ways = ['stock', 'register', 'documented', 'strict'] as const satisfies readonly Way[]

/** The policies of the round. Servers that answer nothing at all would be waited for no longer than this. */
export const policies = {
  bidirectional: { mode: 'bidirectional', waitTimeout: 1000 },
  strict: { mode: 'bidirectional', waitTimeout: 1000, onDestroy: 'close_notify', onTruncation: 'error' },
} as const
