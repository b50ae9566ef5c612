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

interface Expected {
  /** The records under each policy, by either way. */
  readonly bidirectional: readonly Expectation[]
  readonly strict: readonly Expectation[]
  /** What is different of the documented way, where it does not reach all that the policy of a process does. */
  readonly documented?: Readonly<Record<PolicyName, readonly Expectation[]>>
  /** The steps that give something else under `strict` than in stock Node, each with what they give. */
  readonly strictly?: Readonly<Record<string, unknown>>
}

/** The policies of the round. Servers that answer nothing at all would be waited for no longer than a second. */
export const policies = {
  bidirectional: { mode: 'bidirectional', waitTimeout: 1000 },
  strict: { mode: 'bidirectional', waitTimeout: 1000, onDestroy: 'close_notify', onTruncation: 'error' },
} as const

type PolicyName = keyof typeof policies

/** How a program is started. */
export type Way =
  | { readonly kind: 'stock' }
  /** Under the policy of its process, by `--import close-notify/register`; or by what docs/frameworks.md says. */
  | { readonly kind: 'register' | 'documented'; readonly policy: PolicyName }

export const ways = {
  stock: { kind: 'stock' },
  register: { kind: 'register', policy: 'bidirectional' },
  documented: { kind: 'documented', policy: 'bidirectional' },
  'register, strict': { kind: 'register', policy: 'strict' },
  'documented, strict': { kind: 'documented', policy: 'strict' },
} as const satisfies Readonly<Record<string, Way>>

export type WayName = keyof typeof ways

export const wayNames: readonly WayName[] = [
  ...(['stock', 'register', 'documented', 'register, strict', 'documented, strict'] as const),
]
