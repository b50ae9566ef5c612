/**
 * The situations in which a connection is closed, and the ways of closing it. No module of the package is imported here
 * but for types: the processes that close by Node's own means read this file, too.
 */
import type { SslProtocol } from '../../../lib/tls/versions.js'

export const situations = [
  'at rest',
  'upload cut',
  'client closes at once',
  'server closes at once',
  'peer pauses',
  'peer pauses beyond the budget',
] as const
export type Situation = (typeof situations)[number]

export type Protocol = Extract<SslProtocol, 'TLSv1.2' | 'TLSv1.3'>

/** By which means: each has a process of its own, so that stock Node is measured without this package. */
export const kinds = ['stock', 'closure', 'policy'] as const
export type Kind = (typeof kinds)[number]

export const stockWays = ['destroy()', 'destroySoon()', 'end()', 'https'] as const
export type StockWay = (typeof stockWays)[number]

export const closureWays = ['quiet', 'unidirectional', 'bidirectional'] as const
export type ClosureWay = (typeof closureWays)[number]

export const policyWays = [
  'policy, destroy()',
  'policy, unidirectional',
  'policy, bidirectional',
  'https, policy, unidirectional',
  'https, policy, bidirectional',
] as const
export type PolicyWay = (typeof policyWays)[number]

export type Way = StockWay | ClosureWay | PolicyWay

const ways: Readonly<Record<Kind, readonly Way[]>> = { stock: stockWays, closure: closureWays, policy: policyWays }

/** One situation, as it is set up. */
export interface Setting {
  /** Bytes of application data that the closer writes before it closes, the head of a response not counted. */
  readonly bytes: number
  /** Whether the side that closes is the client. */
  readonly closer: 'client' | 'server'
  /** Whether the peer begins with an upload, of which the closer reads the first piece. */
  readonly uploads: boolean
  /** ms from the handshake until the peer reads for the first time. */
  readonly pause: number
  /** ms from the handshake until the closer writes; 0 is in the same turn. */
  readonly writesAfter: number
  /** ms from what the closer writes to its closing; 0 is in the same turn. */
  readonly closesAfter: number
  /** The `flushTimeout` of the package's ways; the default where it is undefined. */
  readonly flushTimeout?: number
}

const megabyte = 1024 * 1024
const lastWords: Setting = { bytes: 65_536, closer: 'server', uploads: false, pause: 0, writesAfter: 0, closesAfter: 0 }

export const settings: Readonly<Record<Situation, Setting>> = {
  // The control: nothing is on its way from the peer, and it has read the session tickets.
  'at rest': { ...lastWords, writesAfter: 50 },
  'upload cut': { ...lastWords, uploads: true },
  // More than a receive buffer of Linux holds at first.
  'client closes at once': { ...lastWords, bytes: megabyte / 4, closer: 'client' },
  'server closes at once': { ...lastWords, bytes: 1024 },
  // More than the buffers of Linux hold when nobody reads. Written after the tickets, not in the handshake's turn.
  'peer pauses': { ...lastWords, bytes: 6 * megabyte, pause: 250, writesAfter: 10, closesAfter: 50 },
  'peer pauses beyond the budget': {
    ...lastWords,
    bytes: 6 * megabyte,
    pause: 400,
    writesAfter: 10,
    closesAfter: 50,
    flushTimeout: 150,
  },
}

/** The bytes of an upload that is answered early: less than the default of `maxDiscardBytes`. */
export const uploadBytes = megabyte

/** The ways of one kind that are measured in a situation, in the order in which a server listens for them. */
export function waysOf(kind: Kind, situation: Situation): readonly Way[] {
  const all = ways[kind]
  if (settings[situation].closer === 'client') return kind === 'policy' ? [] : all.filter((way) => !isHttps(way))
  // The policy of a server whose uploads are cut is that of an https server, as it is used.
  if (situation === 'upload cut') return kind === 'policy' ? all.filter(isHttps) : all
  return all.filter((way) => !isHttps(way))
}

/** All that are measured in a situation, in the order in which they are shown. */
export function allWaysOf(situation: Situation): readonly { readonly kind: Kind; readonly way: Way }[] {
  return kinds.flatMap((kind) => waysOf(kind, situation).map((way) => ({ kind, way })))
}

export function isHttps(way: Way): boolean {
  return way.startsWith('https')
}

export function oneOf<T extends string>(values: readonly T[], text: string | undefined): T {
  const found = values.find((value) => value === text)
  if (found === undefined) throw new Error(`Expected one of ${values.join(', ')} but received ${text ?? 'nothing'}`)
  return found
}

export const protocols = ['TLSv1.2', 'TLSv1.3'] as const satisfies readonly Protocol[]
