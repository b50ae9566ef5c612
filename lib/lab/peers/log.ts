/** What a peer saw of a connection: one entry of its log, which is JSON as it is. */
import type { AlertName } from '../../tls/alerts.js'
import { isTlsVersion, type TlsVersion } from '../../tls/versions.js'
import type { Seen, Wire } from '../wire/wire.js'

/** One connection, from its beginning to its end. `at` is always in ms since it was accepted, or begun. */
export interface PeerLogEntry {
  /** Changes where a field changes its meaning or goes. */
  readonly format: 1
  readonly profile: string
  /** The side that the profile plays. */
  readonly side: 'client' | 'server'
  /** Counted from 1, in the order in which they began. */
  readonly connection: number
  /** ISO 8601: when it was accepted, or begun. */
  readonly date: string
  readonly handshake: PeerHandshake
  /** What was carried out of the script, in order. */
  readonly did: readonly PeerStep[]
  /** How the other side closed. */
  readonly other: OtherSide
  /** What the profile makes of it, where it makes something of it. */
  readonly judgement?: Judgement
  /** When the peer was through with the connection. */
  readonly endedAt: number
}

/** How the handshake went: done, in which version of TLS and with which name asked for (SNI), or failed, and why. */
export type PeerHandshake =
  | { readonly kind: 'done'; readonly version: TlsVersion; readonly at: number; readonly servername?: string }
  /**
   * `reason` is `timeout`, `fin`, `reset`, `alert:<name>`, `close_notify sent`, `unfinished` (the peer was closed) or
   * one of OpenSSL's. Of a client that got no connection, in `assessServer()`: `refused`, `unreachable`, `reset` or
   * `host-not-found`, and what else is known behind a colon.
   */
  | { readonly kind: 'failed'; readonly reason: string }

/** One act of a peer. */
export interface PeerStep {
  readonly did: StepName
  readonly at: number
  /** Bytes of it, where it has some; before TLS. */
  readonly bytes?: number
}

/** An act of a peer, by its name in the log. */
export type StepName =
  | 'request'
  | 'response'
  /** Only the beginning of a response. */
  | 'part of a response'
  | 'data'
  | 'close_notify'
  | 'part of close_notify'
  | 'close_notify, fatal'
  | 'close_notify, in fragments'
  | 'user_canceled'
  | `alert:${AlertName}`
  | 'key_update'
  | 'hello_request'
  | 'plaintext'
  | 'garbage'
  | 'fin'
  | 'reset'

/** How the other side closed, by what was seen on the wire. */
export interface OtherSide {
  readonly closing: Closing
  readonly closeNotify?: {
    readonly at: number
    /** Whether it came before ours, after it, or where we sent none. */
    readonly order: 'before ours' | 'after ours' | 'without ours'
  }
  /** user_canceled, RFC 8446 section 6.1. */
  readonly userCanceledAt?: number
  readonly finAt?: number
  /** ECONNRESET is RST in place of FIN; EPIPE is RST behind FIN, which answers what we sent. */
  readonly reset?: { readonly at: number; readonly code: string }
  readonly alert?: { readonly at: number; readonly name: AlertName }
  /** OpenSSL could not go on: its reason. */
  readonly failure?: { readonly at: number; readonly reason: string }
  /** Application data that it sent. */
  readonly bytes: number
  /** Bytes that followed its close_notify. */
  readonly surplus?: number
}

/** `open`: nothing of it was seen when the peer was through. */
export type Closing =
  | 'close_notify+fin'
  | 'close_notify+reset'
  | 'close_notify'
  | 'fin'
  | 'reset'
  | `alert:${AlertName}`
  | 'open'

/** What the profile's software makes of what it received. */
export interface Judgement {
  readonly verdict: 'accepted' | 'rejected'
  readonly because: string
}

/** How a handshake ended, whether it was completed or not. */
export function handshakeOf(wire: Wire, at: number | undefined, began: number): PeerHandshake {
  const { fatalAlert, closeNotifyAt, failure, finAt, reset } = wire.seen
  const version = wire.ssl.getVersion()
  if (at !== undefined && isTlsVersion(version)) {
    const servername = wire.ssl.getServername()
    return { kind: 'done', version, at: since(began, at), ...(servername !== undefined && { servername }) }
  }
  if (fatalAlert !== undefined) return { kind: 'failed', reason: `alert:${fatalAlert.name}` }
  if (closeNotifyAt !== undefined) return { kind: 'failed', reason: 'alert:close_notify' }
  if (failure !== undefined) return { kind: 'failed', reason: failure.reason }
  if (reset !== undefined) return { kind: 'failed', reason: 'reset' }
  return { kind: 'failed', reason: finAt === undefined ? 'timeout' : 'fin' }
}

/** How the other side closed, as far as it was seen by now. */
export function otherSideOf(wire: Wire, began: number): OtherSide {
  const { seen, sentCloseNotifyAt } = wire
  const { closeNotifyAt, userCanceledAt, reset, fatalAlert, failure, bytes, surplus } = seen
  const finAt = finOf(seen)
  return {
    closing: closingOf(seen),
    ...(closeNotifyAt !== undefined && {
      closeNotify: { at: since(began, closeNotifyAt), order: orderOf(closeNotifyAt, sentCloseNotifyAt) },
    }),
    ...(userCanceledAt !== undefined && { userCanceledAt: since(began, userCanceledAt) }),
    ...(finAt !== undefined && { finAt: since(began, finAt) }),
    ...(reset !== undefined && { reset: { at: since(began, reset.at), code: reset.code } }),
    ...(fatalAlert !== undefined && { alert: { at: since(began, fatalAlert.at), name: fatalAlert.name } }),
    ...(failure !== undefined && { failure: { at: since(began, failure.at), reason: failure.reason } }),
    bytes,
    ...(surplus > 0 && { surplus }),
  }
}

/** ms from one moment to another, in tenths: less is noise. */
export function since(began: number, at: number): number {
  return Math.round((at - began) * 10) / 10
}

/** An RST in place of FIN can look like one at first. */
function finOf({ finAt, reset }: Seen): number | undefined {
  return reset?.code === 'ECONNRESET' ? undefined : finAt
}

function closingOf(seen: Seen): Closing {
  const { closeNotifyAt, reset, fatalAlert } = seen
  const finAt = finOf(seen)
  if (fatalAlert !== undefined) return `alert:${fatalAlert.name}`
  if (closeNotifyAt !== undefined) {
    if (finAt !== undefined) return 'close_notify+fin'
    return reset === undefined ? 'close_notify' : 'close_notify+reset'
  }
  if (finAt !== undefined) return 'fin'
  return reset === undefined ? 'open' : 'reset'
}

function orderOf(theirs: number, ours: number | undefined): 'before ours' | 'after ours' | 'without ours' {
  if (ours === undefined) return 'without ours'
  return theirs < ours ? 'before ours' : 'after ours'
}
