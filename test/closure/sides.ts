/**
 * A pair of Node's own TLS sockets (`connectPair`) seen from our side: `local` is the one whose closure is under test,
 * `near` its name on the wire; `peer` and `far` are the other one's.
 *
 *     describe.each(sides)('$version, our side is the $near', (sides) => {
 *       test('…', async () => {
 *         const { local, peer, wire, near, far, closure } = await connectSides(sides)
 */
import type { Socket } from 'node:net'
import type { Duplex, Readable, Writable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { type Closure, type ClosureError, closureOf } from '../../lib/index.js'
import { Gate } from '../support/gate.js'
import { connectPair, type PairOptions, type TlsVersion, tlsVersions } from '../support/pair.js'
import { collect, readExactly, turns } from '../support/streams.js'
import type { Side, Wire } from '../support/wire.js'

interface SidesOptions {
  readonly version: TlsVersion
  readonly near: Side
}

export const sides: readonly SidesOptions[] = tlsVersions.flatMap((version) => [
  { version, near: 'client' } as const,
  { version, near: 'server' } as const,
])

export interface Sides {
  readonly near: Side
  readonly far: Side
  readonly local: TLSSocket
  readonly peer: TLSSocket
  readonly closure: Closure
  readonly wire: Wire
  /** The error of 'error'. */
  readonly localErrors: readonly Error[]
  readonly peerErrors: readonly Error[]
}

export interface MoreOptions {
  readonly localHalfOpen?: boolean
  readonly peerHalfOpen?: boolean
  /** Our side stands on a Duplex of the program's own. */
  readonly overDuplex?: boolean
  readonly relay?: PairOptions['relay']
}

export async function connectSides({ version, near }: SidesOptions, more: MoreOptions = {}): Promise<Sides> {
  const { local, peer, ...others } = await connectStock({ version, near }, more)
  const closure = closureOf(local)
  // Raw calls are refused in the tick in which a closure joins its socket.
  await turns(1)
  return { local, peer, closure, ...others }
}

/** The same without a closure. */
export async function connectStock(
  { version, near }: SidesOptions,
  more: MoreOptions = {},
): Promise<Omit<Sides, 'closure'>> {
  const { localHalfOpen = false, peerHalfOpen = false, overDuplex = false, relay } = more
  const far = near === 'client' ? 'server' : 'client'
  const halfOpen = { [near]: localHalfOpen, [far]: peerHalfOpen }
  const pair = await connectPair({
    version,
    clientOptions: { allowHalfOpen: halfOpen['client'] ?? false },
    serverOptions: { allowHalfOpen: halfOpen['server'] ?? false },
    ...(overDuplex && { beneath: { side: near, make: (tcp: Socket) => new Gate(tcp, localHalfOpen) } }),
    ...(relay !== undefined && { relay }),
  })
  onTestFinished(pair.close)
  // The client has read its session tickets once it has this byte: unread ones would turn a FIN of destroy() into RST.
  pair.server.write('!')
  await readExactly(pair.client, 1)
  return {
    near,
    far,
    local: pair[near],
    peer: pair[far],
    wire: pair.wire,
    localErrors: pair.errors[near],
    peerErrors: pair.errors[far],
  }
}

export { turns }

export const closeNotify = 'alert warning close_notify'
export const closeNotifyAndFin = [closeNotify, 'fin']

/** Writes and waits until it has gone to the kernel. */
export function write(socket: Writable, data: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(data, (error) => {
      if (error instanceof Error) reject(error)
      else resolve()
    })
  })
}

/** Resolves at 'close' with whether it had an error. */
export function closed(socket: Duplex): Promise<boolean> {
  return new Promise((resolve) => socket.once('close', (hadError: boolean) => resolve(hadError)))
}

/** All that a stream gives, as text, and how it ended. */
export async function text(stream: Readable): Promise<{ readonly text: string; readonly ended: boolean }> {
  const { bytes, ended } = await collect(stream)
  return { text: bytes.toString(), ended }
}

/** The literal code of an error of ours, for `rejects.toMatchObject`. */
export function withCode(code: ClosureError['code']): {
  readonly name: 'ClosureError'
  readonly code: ClosureError['code']
} {
  return { name: 'ClosureError', code }
}
