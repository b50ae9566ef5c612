// The reports of a thread, for whoever subscribes: one channel for all of them, and two that tell earlier of a connection.
// Without subscribers nothing is put together, and no report is made for them.
import { channel } from 'node:diagnostics_channel'
import type { Duplex } from 'node:stream'
import type { ClosureReport } from '../report/verdict.js'

/**
 * The name of the channel of `node:diagnostics_channel` that gets a {@link ClosureMessage} for every report: once for each
 * connection that a policy, `closureOf()` or a `TlsStream` has followed, when it is over.
 */
export const closureChannel = 'close-notify:closure'

/** The name of the channel that gets the connection, as `{ socket }`, when it begins to be followed. */
export const followedChannel = 'close-notify:followed'

/** The name of the channel that gets the connection, as `{ socket }`, when a closing of ours begins, in the context of who closes. */
export const closingChannel = 'close-notify:closing'

/** A report as it is published. */
export interface PublishedReport {
  readonly report: ClosureReport
  /** The TLSSocket, or the TlsStream. */
  readonly socket: Duplex
  /** The target of the policy; undefined where there is none, and for `closingConnect` and `controlProcess`. */
  readonly target: object | undefined
}

/** Whether anybody hears of reports. */
export function areReportsHeard(): boolean {
  return reports.hasSubscribers
}

/** Tells of a report; `then` is called behind that, in the same microtask. */
export function publishReport(published: PublishedReport, then: () => void = nothing): void {
  // Out of Node's destroying: what a listener throws is an exception like any other.
  queueMicrotask(() => {
    reports.publish(published)
    then()
  })
}

/** A connection is followed from now on. */
export function publishFollowed(socket: Duplex): void {
  if (followed.hasSubscribers) followed.publish({ socket })
}

/** A closing of ours begins. */
export function publishClosing(socket: Duplex): void {
  if (closings.hasSubscribers) closings.publish({ socket })
}

const reports = channel(closureChannel)
const followed = channel(followedChannel)
const closings = channel(closingChannel)

function nothing(): void {
  // Nothing comes behind it.
}
