/**
 * The form of a scenario: two SSL objects, what is called on them and what passes between them, and the result expected
 * of every step. Data only, so that one scenario runs on every build, in any process, and its outcome is JSON.
 *
 *     {
 *       name: 'lab-write-after-our-close-notify',
 *       title: 'After our close_notify a write fails',
 *       versions: bothVersions,
 *       steps: [
 *         { do: 'handshake' },
 *         { do: 'SSL_shutdown', by: 'client', expect: { value: 0, flags: 'SENT' } },
 *         { do: 'SSL_write', by: 'client', data: 'late', expect: { value: -1, reason: 'protocol is shutdown' } },
 *         { do: 'transfer', from: 'client', expect: { wire: ['alert warning close_notify'] } },
 *       ],
 *     }
 *
 * A step's label is its `as`, or else who did what: `client SSL_shutdown`, the next time `client SSL_shutdown #2`.
 * `differs` names by `as` what is done more than once: a number moves when a step is inserted. Where a build behaves otherwise, `differs` says what it does there and why; what is compared are names (of errors,
 * reasons, alerts), never numbers that a release may change.
 */

import type { KnownLevel } from '../../tls/alerts.js'
import type { contentType } from '../../tls/record-format.js'
import type { LibraryKind } from '../../tls/libraries.js'
import type { ShutdownFlags } from '../../tls/shutdown-flags.js'
import type { TlsVersion } from '../../tls/versions.js'

export type Actor = 'client' | 'server'

export interface Scenario {
  /** In kebab-case; those of the package have their suite first. */
  readonly name: string
  /** One sentence without a full stop: what is shown. */
  readonly title: string
  readonly versions: readonly TlsVersion[]
  readonly client?: ActorOptions
  readonly server?: ActorOptions
  readonly steps: readonly Step[]
  readonly differs?: readonly ExpectedDifference[]
}

/** Settings of an actor, besides the runner's: certificate, versions, AES-128-GCM where the build lets choose. */
export interface ActorOptions {
  /** Without SSL_OP_. Where the build lacks one, the scenario cannot run. */
  readonly options?: readonly ScenarioOption[]
  readonly quietShutdown?: boolean
  readonly postHandshakeAuth?: boolean
  /** Session tickets that a server sends in TLS 1.3: none, where nothing is said, for they come between all else. */
  readonly tickets?: number
  /**
   * Bytes that may wait for a transfer: what would write more gives SSL_ERROR_WANT_WRITE, as on a full socket, and the
   * next transfer makes room. A handshake makes room by itself. Without it there is no limit.
   */
  readonly maxOutput?: number
}

type ScenarioOption = 'IGNORE_UNEXPECTED_EOF' | 'NO_TICKET' | 'NO_RENEGOTIATION'

export type Step = StepAction & {
  /** The label, where who did what does not say it. */
  readonly as?: string
  readonly expect?: Expectation
}

type StepAction =
  /**
   * Both sides until both are done. Session tickets are then read, unless they are to be left in the client's input.
   * Expected to succeed where nothing else is said.
   */
  | { readonly do: 'handshake'; readonly tickets?: 'unread' }
  /**
   * The output of an actor's SSL, and the records forged in its name, go to the other. The last `holdBack` bytes wait
   * for the next transfer; `corrupt` changes the last byte on the way.
   */
  | { readonly do: 'transfer'; readonly from: Actor; readonly holdBack?: number; readonly corrupt?: true }
  /** The transport of an actor ends: what it reads, once its input is consumed, is EOF. */
  | { readonly do: 'eof'; readonly to: Actor }
  /**
   * A record that no SSL object would send by itself, sealed with the sender's key and next sequence number, or in the
   * clear before there are keys. It waits behind what the sender has written, for a transfer.
   */
  | { readonly do: 'forge'; readonly from: Actor; readonly record: ForgedRecord }
  /**
   * Both SSL objects are freed and new ones made, of the same contexts. The client offers the session that it holds, or
   * a copy made through its DER.
   */
  | { readonly do: 'reconnect'; readonly offer: 'session' | 'copy' }
  | (SslCall & { readonly by: Actor })

/** One call of OpenSSL, by its name. */
export type SslCall =
  | { readonly do: 'SSL_do_handshake' | 'SSL_shutdown' | 'SSL_shutdown_ex' | 'SSL_renegotiate' | 'SSL_free' }
  | { readonly do: 'SSL_verify_client_post_handshake' }
  | { readonly do: 'SSL_set_verify'; readonly mode: 'none' | 'peer' }
  | { readonly do: 'SSL_read' | 'SSL_peek'; readonly bytes?: number }
  | { readonly do: 'SSL_write'; readonly data: string }
  | { readonly do: 'SSL_key_update'; readonly update: 'update_requested' | 'update_not_requested' }
  /** The value is 0, 1, or a number of bytes. */
  | { readonly do: 'SSL_in_init' | 'SSL_pending' | 'SSL_has_pending' | 'SSL_session_reused' }
  | { readonly do: 'SSL_get_shutdown' | 'SSL_get_quiet_shutdown' }
  | { readonly do: 'SSL_set_shutdown'; readonly flags: ShutdownFlags }
  | { readonly do: 'SSL_set_quiet_shutdown'; readonly quiet: boolean }
  /** Holds the session from now on, also past SSL_free; the value is 1, or 0 where there is none. */
  | { readonly do: 'SSL_get1_session' }
  /** Of the session held. */
  | { readonly do: 'SSL_SESSION_is_resumable' }

export type ForgedRecord =
  | RawRecordContent
  | { readonly type: 'alert'; readonly level: KnownLevel; readonly name: string }
  | { readonly type: 'data'; readonly text: string }
  /** `client_hello` is the one that began the connection. */
  | { readonly type: 'handshake'; readonly message: 'hello_request' | 'client_hello' }
  /** The bytes of an alert, one record for each. */
  | { readonly type: 'fragmented-alert'; readonly level: KnownLevel; readonly name: string }
  /** Bytes that are no record, as they are. */
  | { readonly type: 'plaintext'; readonly text: string }

/**
 * The content of one record, before it is sealed, by its bytes: KeyUpdate (`1800000101`), a NewSessionTicket, an alert
 * that has no name. Behind a KeyUpdate all that the sender writes is sealed with the next key. A content type that has
 * no name stands as its number.
 */
export interface RawRecordContent {
  readonly type: keyof typeof contentType | number
  /** Two digits for each byte. */
  readonly hex: string
}

/**
 * The expected result of a step; fields that are absent are not compared. A step that throws fails unless `refused` is
 * expected.
 */
export interface Expectation {
  readonly value?: number
  /** SSL_get_error(3), by name. */
  readonly error?: `SSL_ERROR_${string}`
  /** Of the last entry that the call left in the error queue, in OpenSSL's spelling; `none` for an empty queue. */
  readonly reason?: string
  /** Of all entries, where those before the last matter. */
  readonly reasons?: readonly string[]
  /** Of the actor, after the call. */
  readonly flags?: ShutdownFlags
  /** Plaintext that was read. */
  readonly data?: string
  /** All alerts that the actor sent and received in this step, such as `received warning close_notify`. */
  readonly alerts?: readonly string[]
  /** The records on the wire, decrypted, such as `data 5` or `alert warning close_notify`. */
  readonly wire?: readonly string[]
  readonly newSessions?: number
  /** Code of the typed error with which the engine refused the call. */
  readonly refused?: string
}

/**
 * Expectations that only some builds, or one TLS version, have to meet, and why. A later entry that applies wins over
 * an earlier one, field by field.
 */
export type ExpectedDifference = {
  /** Absent: on every build. */
  readonly when?: BuildRange | readonly BuildRange[]
  readonly versions?: readonly TlsVersion[]
  /** Whole sentences, for readers of the table. */
  readonly because: string
} /** By label. */ & (
  | { readonly expect: Readonly<Record<string, Expectation>> }
  /** The scenario cannot run there: these calls are missing. */
  | { readonly lacks: readonly string[] }
)

/** A range of builds: releases from `from` on, before `before`. */
export type BuildRange =
  | { readonly kind: 'OpenSSL'; readonly from?: string; readonly before?: string }
  | { readonly kind: Exclude<LibraryKind, 'OpenSSL'> }

/** The identity of a library, by its own words. */
export interface BuildIdentity {
  readonly kind: LibraryKind
  readonly version: string
  readonly versionNumber: number
}

/** `runScenario()` of run.ts returns it. It is JSON, and the same every time: no times, no addresses. */
export type ScenarioOutcome = {
  readonly scenario: string
  readonly tls: TlsVersion
} & (
  | { readonly kind: 'ran'; readonly observations: readonly Observation[] }
  /** The build has no function for some step. */
  | { readonly kind: 'lacking'; readonly calls: readonly string[] }
)

/** The result of one step: a row of the table. `describeObservation` puts it in one line. */
export interface Observation {
  /** The label: unique in the scenario, and the same on every build. */
  readonly step: string
  /** The side that called, sent or (for `eof`) received; absent where both act. */
  readonly actor?: Actor
  /** `SSL_shutdown` and the like, `handshake`, `transfer`, … */
  readonly call: StepAction['do']
  /** The call's return value. */
  readonly value?: number
  /** SSL_get_error(3) by name, for calls that it is defined for. */
  readonly error?: string
  /** Reasons in the error queue, oldest first; BoringSSL's PROTOCOL_IS_SHUTDOWN reads `protocol is shutdown`, as all do. */
  readonly reasons?: readonly string[]
  /** SSL_get_shutdown(3) of the actor after the call. */
  readonly flags?: ShutdownFlags
  /** Plaintext that was read. */
  readonly data?: string
  /** Alerts that the actor sent and received in this step. */
  readonly alerts?: readonly string[]
  /** The records that passed, decrypted. */
  readonly wire?: readonly string[]
  /** How often SSL_CTX_sess_set_new_cb(3)'s callback ran. */
  readonly newSessions?: number
  /** The engine refused the call: the code of its error. */
  readonly refused?: string
  /** For people. */
  readonly note?: string
}
