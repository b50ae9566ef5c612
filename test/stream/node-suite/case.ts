/** A case of the node-suite: what one of Node's tests of tls asks, in a form of our own. */
import type { Ends, Kind } from './ends.js'

/** What a case has seen, by name: plain values. */
export type Facts = Readonly<Record<string, unknown>>

/** Of which sides the case is: the other one is no TLS, or not of interest. */
type Sides = 'both' | 'client' | 'server'

interface Difference {
  /** What is other than in stock Node where the client is a TlsStream, and where the server's end is one. */
  readonly client?: Facts
  readonly server?: Facts
  readonly because: string
}

export interface RunCase {
  /** Node's file in test/parallel, without its ending. */
  readonly test: string
  readonly asks: string
  /** @default 'both' */
  readonly sides?: Sides
  readonly run: (ends: Ends) => Promise<Facts>
  /** In stock Node. */
  readonly facts: Facts
  readonly differs?: Difference
}

/** Something of node:tls that a TlsStream does not have, with the proof that it says so. */
export interface AbsentCase {
  readonly test: string
  readonly asks: string
  readonly absent: string
  /** Throws where it is there after all. */
  readonly proof: () => void
}

export type NodeCase = RunCase | AbsentCase

export function isRun(one: NodeCase): one is RunCase {
  return 'run' in one
}

export function isAbsent(one: NodeCase): one is AbsentCase {
  return 'absent' in one
}

/** What the case has to see between two ends of such kinds. */
export function expectedFacts({ facts, differs }: RunCase, client: Kind, server: Kind): Facts {
  return {
    ...facts,
    ...(client === 'TlsStream' && differs?.client),
    ...(server === 'TlsStream' && differs?.server),
  }
}

/** The pairs of kinds that a case is run between: client, server. */
export function pairingsOf({ sides = 'both' }: RunCase): readonly (readonly [Kind, Kind])[] {
  const stock: readonly [Kind, Kind] = ['node:tls', 'node:tls']
  const client: readonly [Kind, Kind] = ['TlsStream', 'node:tls']
  const server: readonly [Kind, Kind] = ['node:tls', 'TlsStream']
  if (sides === 'client') return [stock, client]
  if (sides === 'server') return [stock, server]
  return [stock, client, server, ['TlsStream', 'TlsStream']]
}
