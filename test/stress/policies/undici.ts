/** undici 8 where it runs, undici 7 on Node 20. (undici 7 dies by itself of slow readers on Node 24 and 26 above all.) */
import { canLoadUndici8, undici8 } from '../../support/undici8.js'

export interface Dispatcher {
  destroy(): Promise<unknown>
}

interface Call {
  readonly dispatcher: Dispatcher
  readonly method: string
  readonly body: Buffer | null
  readonly signal: AbortSignal
}

interface Answer {
  readonly body: AsyncIterable<Uint8Array> | null
}

export interface Undici {
  readonly Agent: new (options: {
    readonly connect: unknown
    readonly connections: number
    readonly pipelining: number
    readonly allowH2: boolean
  }) => Dispatcher
  readonly request: (url: string, call: Call) => Promise<Answer>
  readonly fetch: (url: string, call: Call) => Promise<Answer>
}

export const isOldUndici = !canLoadUndici8

export async function loadUndici(): Promise<Undici> {
  const loaded: unknown = isOldUndici ? await import('undici') : await import(undici8())
  if (!isUndici(loaded)) throw new Error('Expected undici')
  return loaded
}

function isUndici(value: unknown): value is Undici {
  return typeof value === 'object' && value !== null && 'Agent' in value && 'request' in value && 'fetch' in value
}
