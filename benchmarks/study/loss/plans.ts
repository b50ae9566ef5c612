import type { Protocol, Situation } from './situations.js'

/** What one block measures. */
export interface Plan {
  readonly situation: Situation
  readonly network: Network
  readonly protocol: Protocol
  /** Runs of each way at scale 1. */
  readonly runs: number
  /** How many go on at a time. */
  readonly atOnce: number
  readonly seconds: number
}

/** `rtt` is what the network adds, in ms. */
export type Network = { readonly kind: 'loopback' } | { readonly kind: 'relay' | 'packets'; readonly rtt: number }

/** The parameters that all cells of a block have. */
export function whereOf({ situation, network, protocol }: Pick<Plan, 'situation' | 'network' | 'protocol'>) {
  const rtt = network.kind === 'loopback' ? 0 : network.rtt
  return { situation, network: network.kind, rtt, protocol }
}

export const rtt = 20
const loopback = { kind: 'loopback' } as const
const relay = { kind: 'relay', rtt } as const
const packets = { kind: 'packets', rtt } as const

/** A run in which the peer pauses takes half a second and moves 6 MB: there are fewer of those. */
export const plans: readonly Plan[] = [
  { situation: 'at rest', network: loopback, protocol: 'TLSv1.3', runs: 200, atOnce: 12, seconds: 9 },
  { situation: 'upload cut', network: loopback, protocol: 'TLSv1.3', runs: 200, atOnce: 8, seconds: 10 },
  { situation: 'upload cut', network: relay, protocol: 'TLSv1.3', runs: 200, atOnce: 12, seconds: 18 },
  { situation: 'upload cut', network: packets, protocol: 'TLSv1.3', runs: 200, atOnce: 12, seconds: 27 },
  { situation: 'upload cut', network: loopback, protocol: 'TLSv1.2', runs: 200, atOnce: 8, seconds: 10 },
  { situation: 'client closes at once', network: loopback, protocol: 'TLSv1.3', runs: 200, atOnce: 8, seconds: 6 },
  { situation: 'client closes at once', network: relay, protocol: 'TLSv1.3', runs: 200, atOnce: 12, seconds: 11 },
  { situation: 'client closes at once', network: packets, protocol: 'TLSv1.3', runs: 200, atOnce: 12, seconds: 22 },
  { situation: 'client closes at once', network: loopback, protocol: 'TLSv1.2', runs: 200, atOnce: 8, seconds: 10 },
  { situation: 'server closes at once', network: loopback, protocol: 'TLSv1.3', runs: 200, atOnce: 8, seconds: 9 },
  { situation: 'server closes at once', network: packets, protocol: 'TLSv1.3', runs: 200, atOnce: 12, seconds: 20 },
  { situation: 'server closes at once', network: loopback, protocol: 'TLSv1.2', runs: 200, atOnce: 8, seconds: 8 },
  { situation: 'peer pauses', network: loopback, protocol: 'TLSv1.3', runs: 60, atOnce: 12, seconds: 15 },
  { situation: 'peer pauses', network: loopback, protocol: 'TLSv1.2', runs: 60, atOnce: 12, seconds: 15 },
  {
    situation: 'peer pauses beyond the budget',
    network: loopback,
    protocol: 'TLSv1.3',
    runs: 60,
    atOnce: 12,
    seconds: 25,
  },
]
