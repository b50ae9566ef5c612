/** One connection of a probe, up to the end of its handshake; or why it did not come so far. */
import { rootCertificates } from 'node:tls'
import type { Ssl, SslContext, OpenSSL, SslSession } from '../../openssl/index.js'
import { ClosureError } from '../../errors.js'
import type { TlsVersion } from '../../tls/versions.js'
import { TransportFailure } from '../transport/failure.js'
import { openTransport } from '../transport/open.js'
import type { StartTlsProtocol } from '../transport/starttls/protocols.js'
import type { Target } from '../transport/target.js'
import { clientWire, type Wire } from '../wire/wire.js'
import type { Certificate, Failure } from './result.js'

export interface Destination {
  readonly target: Target
  /** The name that the server is asked for, and that its certificate has to have. */
  readonly servername: string | undefined
  readonly starttls?: StartTlsProtocol
  readonly proxy?: string
  readonly family?: 4 | 6
  /** ms for connecting, STARTTLS and the handshake together. */
  readonly timeout: number
}

export interface Connection {
  readonly wire: Wire
  readonly address: string
  /** ms of TCP's handshake; undefined behind a proxy. */
  readonly connect: number | undefined
  /** ms of TLS's. */
  readonly handshake: number
}

export function isFailure(outcome: Connection | Failure): outcome is Failure {
  return 'reason' in outcome
}

/** The settings of TLS for all connections of a version. */
export interface ContextSettings {
  readonly alpn?: readonly string[]
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  /** Instead of what Node trusts. */
  readonly ca?: string | Uint8Array
}

/**
 * A context that offers one version alone. It verifies nothing while it connects, so that no certificate keeps a probe
 * from its answers; `certificateOf()` tells afterwards.
 *
 * @throws ClosureError as `OpenSSL.createContext`
 */
export function probeContext(openssl: OpenSSL, version: TlsVersion, settings: ContextSettings): SslContext {
  const { alpn, cert, key, ca } = settings
  return openssl.createContext({
    side: 'client',
    minVersion: version,
    maxVersion: version,
    sessionCache: 'client',
    ca: ca ?? rootCertificates.join('\n'),
    ...(alpn !== undefined && { alpn }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  })
}

export interface ConnectionOptions {
  /** To offer. */
  readonly session?: SslSession
  readonly onData: (bytes: Buffer) => void
  /** As a wire has it. */
  readonly incoming?: (bytes: Buffer) => Buffer
  readonly signal: AbortSignal
}

/**
 * Connects and completes the handshake, within the destination's timeout.
 *
 * @throws the signal's reason
 */
export async function openConnection(
  destination: Destination,
  context: SslContext,
  { signal, ...options }: ConnectionOptions,
): Promise<Connection | Failure> {
  const { target, servername, starttls, proxy, family, timeout } = destination
  const began = performance.now()
  const budget = new AbortController()
  const timer = setTimeout(() => budget.abort(new TimeoutError()), timeout)
  const both = AbortSignal.any([signal, budget.signal])
  try {
    const opened = await openTransport(target, {
      signal: both,
      ...(starttls !== undefined && { starttls }),
      ...(proxy !== undefined && { proxy }),
      ...(family !== undefined && { family }),
    })
    const wire = clientWire(opened.socket, context, { servername, ...options })
    const at = performance.now()
    let isReady = false
    try {
      isReady = await wire.handshake(Math.max(0, timeout - (at - began)), signal)
    } finally {
      if (!isReady) wire.destroy()
    }
    if (!isReady) return failureOfHandshake(wire)
    return {
      wire,
      address: opened.address,
      connect: opened.proxied ? undefined : opened.connectMs,
      handshake: performance.now() - at,
    }
  } catch (error) {
    signal.throwIfAborted()
    return failureOf(error, { starttls, proxy })
  } finally {
    clearTimeout(timer)
  }
}

/** What the certificate of a completed handshake is worth. */
export function certificateOf(ssl: Ssl): Certificate {
  const { code, text } = ssl.getVerifyResult()
  return code === 0 ? { trusted: true } : { trusted: false, reason: text }
}

class TimeoutError extends Error {}

function failureOf(error: unknown, by: { starttls: string | undefined; proxy: string | undefined }): Failure {
  if (error instanceof TransportFailure) {
    const { reason, detail } = error
    return { stage: stageOf(reason, by), reason, ...(detail !== undefined && { detail }) }
  }
  if (error instanceof TimeoutError) {
    return { stage: by.starttls === undefined ? 'connect' : 'starttls', reason: 'timeout' }
  }
  if (error instanceof ClosureError) return { stage: 'handshake', reason: 'library', detail: error.message }
  throw error
}

function stageOf(
  reason: TransportFailure['reason'],
  by: { starttls: string | undefined; proxy: string | undefined },
): Failure['stage'] {
  switch (reason) {
    case 'host-not-found':
    case 'refused':
    case 'unreachable':
      return 'connect'
    case 'proxy':
      return 'proxy'
    case 'closed':
    case 'reset':
      return by.starttls === undefined ? (by.proxy === undefined ? 'connect' : 'proxy') : 'starttls'
    case 'starttls-refused':
    case 'not-the-protocol':
    case 'plaintext-after-starttls':
    case 'too-long':
      return 'starttls'
  }
}

// OpenSSL's words for bytes that are no TLS; BoringSSL's are the same but for the case.
const notTls = [
  'wrong version number',
  'packet length too long',
  'http request',
  'https proxy request',
  'unknown protocol',
]

function failureOfHandshake({ seen }: Wire): Failure {
  const stage = 'handshake'
  if (seen.fatalAlert !== undefined) return { stage, reason: `alert:${seen.fatalAlert.name}` }
  if (seen.closeNotifyAt !== undefined) return { stage, reason: 'alert:close_notify' }
  if (seen.failure !== undefined) {
    const { reason } = seen.failure
    return { stage, reason: notTls.includes(reason) ? 'not-tls' : 'handshake', detail: reason }
  }
  if (seen.reset !== undefined) return { stage, reason: 'reset', detail: seen.reset.code }
  if (seen.finAt !== undefined) return { stage, reason: 'closed' }
  return { stage, reason: 'timeout' }
}
