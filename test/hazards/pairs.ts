/** The pair of sockets that the tests of this folder start from, and what they do with it. */
import type { TLSSocket } from 'node:tls'
import { setImmediate as nextImmediate } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { connectPair, type Pair, type PairOptions } from '../support/pair.js'
import { once } from '../support/streams.js'

/** A pair that is closed when the test is over. */
export async function pairFor(options: PairOptions): Promise<Pair> {
  const pair = await connectPair(options)
  onTestFinished(pair.close)
  return pair
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextImmediate()
}

/** Resolves when OpenSSL has written our close_notify. */
export async function alertWritten(socket: TLSSocket): Promise<void> {
  while (!closureOf(socket).alerts.some(({ direction }) => direction === 'sent')) await nextImmediate()
}

export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T | PromiseLike<T>) => void
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T | PromiseLike<T>) => void = () => undefined
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve }
}

/** Resolves when a stream has ended, also when it has ended before the call. */
export async function hasEnded(stream: TLSSocket): Promise<void> {
  if (!stream.readableEnded) await once(stream, 'end')
}

/** How many alerts a side has put on the wire. */
export function alertsOnWire({ wire }: Pair, side: 'client' | 'server'): string[] {
  return wire.summary(side).filter((event) => event.startsWith('alert'))
}

/** Makes a socket read and answer as Node does by itself: its close_notify and FIN follow the peer's. */
export function answering(socket: TLSSocket): void {
  socket.resume()
  socket.on('end', () => socket.end())
}
