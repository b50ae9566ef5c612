/** One connection of a probe, up to the end of its handshake; or why it did not come so far. */
import { X509Certificate } from 'node:crypto'
import { Deadline } from '../../deadline.js'
import type { Ssl, SslContext, OpenSSL, SslSession } from '../../openssl/index.js'
import { ClosureError } from '../../errors.js'
import type { TlsVersion } from '../../tls/versions.js'
import { isExhaustion, TransportFailure } from '../transport/failure.js'
import { openTransport } from '../transport/open.js'
import type { StartTlsProtocol } from '../transport/starttls/protocols.js'
import type { Target } from '../transport/target.js'
import { clientWire, type Wire } from '../wire/wire.js'
import { trustedByNode } from './roots.js'
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
    ca: ca ?? trustedByNode(),
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
  /** As `openTransport()` has it: the destination's timeout begins then. */
  readonly onBegin?: () => void
  /** Called when TLS can begin. */
  readonly onTransport?: () => void
  readonly signal: AbortSignal
}

/**
 * Connects and completes the handshake, within the destination's timeout.
 *
 * @throws the signal's reason; a TransportFailure where this machine has nothing left to connect with
 */
export async function openConnection(
  destination: Destination,
  context: SslContext,
  { signal, onBegin, onTransport, ...options }: ConnectionOptions,
): Promise<Connection | Failure> {
  const { target, servername, starttls, proxy, family, timeout } = destination
  const budget = new AbortController()
  let began = performance.now()
  let deadline: Deadline | undefined
  const both = AbortSignal.any([signal, budget.signal])
  try {
    const opened = await openTransport(target, {
      signal: both,
      timeout,
      onBegin: () => {
        began = performance.now()
        deadline = new Deadline(timeout, () => budget.abort(new TimeoutError())).ref()
        onBegin?.()
      },
      ...(starttls !== undefined && { starttls }),
      ...(proxy !== undefined && { proxy }),
      ...(family !== undefined && { family }),
    })
    onTransport?.()
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
    deadline?.stop()
  }
}

/** What is told of the first connection for all of them. */
export interface FirstConnection {
  readonly cipher: string | undefined
  readonly alpn: string | undefined
  readonly certificate: Certificate
  readonly handshake: number
}

/** `address` as `certificateOf()` has it. */
export function firstOf({ wire, handshake }: Connection, address: string | undefined): FirstConnection {
  const { ssl } = wire
  return { cipher: ssl.getCipher(), alpn: ssl.getAlpn(), certificate: certificateOf(ssl, address), handshake }
}

/**
 * What the certificate of a completed handshake is worth. `address` is that of a server which was asked for by no name:
 * the certificate has to have it. Not every libssl can be told to look for an address.
 */
function certificateOf(ssl: Ssl, address: string | undefined): Certificate {
  const { code, text } = ssl.getVerifyResult()
  if (code !== 0) return { trusted: false, reason: text }
  if (address === undefined || isFor(ssl.getPeerCertificate(), address)) return { trusted: true }
  return { trusted: false, reason: 'IP address mismatch' }
}

function isFor(der: Buffer | undefined, address: string): boolean {
  if (der === undefined) return false
  try {
    // The zone belongs to this machine.
    return new X509Certificate(der).checkIP(address.replace(/%.*$/s, '')) !== undefined
  } catch {
    return false
  }
}

class TimeoutError extends Error {}

function failureOf(error: unknown, by: { starttls: string | undefined; proxy: string | undefined }): Failure {
  if (isExhaustion(error)) throw error
  if (error instanceof TransportFailure) {
    const { reason, detail } = error
    return { stage: stageOf(reason, by), reason, ...(detail !== undefined && { detail }) }
  }
  if (error instanceof TimeoutError) {
    return { stage: by.starttls === undefined ? 'connect' : 'starttls', reason: 'timeout' }
  }
  if (error instanceof ClosureError) {
    // Such as an address of the other family: the options were checked before, without a target.
    const isOfTarget = error.code === 'ERR_CLOSURE_INVALID_ARGUMENT'
    return isOfTarget
      ? { stage: 'connect', reason: 'not-a-target', detail: error.message }
      : { stage: 'handshake', reason: 'library', detail: error.message }
  }
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

/** What `seen` says of a handshake that was not done. */
export function failureOfHandshake({ seen }: Pick<Wire, 'seen'>): Failure {
  const stage = 'handshake'
  if (seen.fatalAlert !== undefined) return { stage, reason: `alert:${seen.fatalAlert.name}` }
  if (seen.closeNotifyAt !== undefined) return { stage, reason: 'alert:close_notify' }
  if (seen.failure !== undefined) {
    // Behind it may stand where it was noticed: OpenSSL 3.2 and newer add 'record layer failure'.
    const noTls = seen.failure.reasons.find((reason) => notTls.includes(reason))
    return noTls === undefined
      ? { stage, reason: 'handshake', detail: seen.failure.reason }
      : { stage, reason: 'not-tls', detail: noTls }
  }
  if (seen.reset !== undefined) return { stage, reason: 'reset', detail: seen.reset.code }
  if (seen.finAt !== undefined) return { stage, reason: 'closed' }
  return { stage, reason: 'timeout' }
}
