/**
 * TLS that startTls() has put on our end of a TCP connection; the peer is an end of the engine's.
 *
 *     const { tcp, socket, unwrap, peer } = await started({ version: 'TLSv1.3', near: 'client' })
 */
import type { Socket } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { closureOf, type StartedTls, startTls, type StartTlsOptions } from '../../lib/index.js'
import type { Side } from '../../lib/tls/records.js'
import { tcpPair } from '../closure/tls-over.js'
import { certificate } from '../support/certificate.js'
import { EngineEnd } from '../support/engine-end.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { once, turns } from '../support/streams.js'
import { ample, failing, textOf, until, type Way } from './shared/taken-off.js'

export { ample, failing, textOf, until }

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

/** startTls() as one of those who put TLS on. */
export const startedWays: readonly Way[] = startedSides.map((side) => ({
  name: 'startTls()',
  ...side,
  begin: async (before) => {
    const { tcp, socket, unwrap, peer, far, errors } = await started(side, before)
    return { tcp, tls: socket, unwrap, report: () => closureOf(socket).report, peer, far, errors }
  },
  put: (tcp, near) => {
    const { socket: tls, unwrap } = startTls(tcp, optionsOf({ ...side, near }))
    return { tls, unwrap, secured: once(tls, 'secureConnect') }
  },
}))
