/**
 * TLS that startTls() has put on our end of a TCP connection; the peer is an end of the engine's.
 *
 *     const { tcp, socket, unwrap, peer } = await started({ version: 'TLSv1.3', near: 'client' })
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { expect, onTestFinished } from 'vitest'
import { type StartedTls, startTls, type StartTlsOptions, UnwrapError } from '../../lib/index.js'
import type { Side } from '../../lib/tls/records.js'
import { tcpPair } from '../closure/tls-over.js'
import { certificate } from '../support/certificate.js'
import { EngineEnd } from '../support/engine-end.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { once, turns } from '../support/streams.js'

export interface StartedSide {
  readonly version: TlsVersion
  readonly near: Side
}

export const startedSides: readonly StartedSide[] = tlsVersions.flatMap((version) => [
  { version, near: 'client' } as const,
  { version, near: 'server' } as const,
])

export interface Started extends StartedTls {
  readonly tcp: Socket
  readonly peer: EngineEnd
  /** The peer's end of TCP. */
  readonly far: Socket
  /** The error of 'error' of the TLSSocket. */
  readonly errors: readonly Error[]
}

/** Time that no test takes. */
export const ample = { flushTimeout: 20_000, waitTimeout: 20_000 } as const

export function optionsOf({ version, near }: StartedSide): StartTlsOptions {
  const { key, cert, host: servername } = certificate
  const versions = { minVersion: version, maxVersion: version } as const
  return near === 'client' ? { ca: cert, servername, ...versions } : { isServer: true, key, cert, ...versions }
}

/** Starts TLS on our end; `before` sees it first. */
export async function started(side: StartedSide, before?: (tcp: Socket) => void): Promise<Started> {
  const { near: tcp, far } = await tcpPair()
  before?.(tcp)
  return startedOn(side, tcp, far)
}

export async function startedOn(side: StartedSide, tcp: Socket, far: Socket): Promise<Started> {
  const tls = startTls(tcp, optionsOf(side))
  const errors: Error[] = []
  tls.socket.on('error', (error: Error) => errors.push(error))
  onTestFinished(() => void tls.socket.destroy())
  const secure = once(tls.socket, 'secureConnect')
  const peer = new EngineEnd(far, { side: side.near === 'client' ? 'server' : 'client', version: side.version })
  await secure
  await peer.until(() => peer.isSecure())
  // Past the session tickets.
  await turns(5)
  return { ...tls, tcp, peer, far, errors }
}

/** TLS begun, and taken off again. */
export async function unwrappedOnce(side: StartedSide): Promise<Started> {
  const tls = await started(side)
  tls.socket.resume()
  const unwrapped = tls.unwrap(ample)
  await tls.peer.until(() => tls.peer.isClosed)
  tls.peer.send(tls.peer.closeNotify())
  await unwrapped
  return tls
}

/** All that is read of a stream from now on. */
export function textOf(stream: Socket | TLSSocket): { text: string } {
  const read = { text: '' }
  stream.on('data', (data: Buffer) => {
    read.text += String(data)
  })
  return read
}

/** Waits until something is so: turns of the event loop, with TCP at work between them. */
export async function until(isSo: () => boolean): Promise<void> {
  const hangs = performance.now() + 20_000
  while (!isSo()) {
    await turns(1)
    if (performance.now() > hangs) throw new Error(`Expected ${String(isSo)} to become true`)
  }
}

/** Runs an unwrap that has to fail; gives its error. */
export async function failing(unwrapped: Promise<Socket>): Promise<UnwrapError> {
  const error: unknown = await unwrapped.then(
    () => new Error('it was unwrapped'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof UnwrapError)) throw error
  return error
}

/** Waits until TLS and TCP are gone, and sees that nothing of ours is left on the net.Socket. */
export async function bothGone({ socket, tcp }: Started): Promise<void> {
  await until(() => socket.closed && tcp.closed)
  await turns(1)
  expect(['write', 'end'].filter((name) => Object.hasOwn(tcp, name))).toEqual([])
  expect(tcp.listenerCount('readable')).toBe(0)
}

/** Every listener of a stream, by its event. */
export function listenersOf(stream: Socket): Readonly<Record<string, readonly unknown[]>> {
  return Object.fromEntries(stream.eventNames().map((event) => [String(event), stream.rawListeners(event)]))
}
