// How a connection ended, as an event of a span. The report comes last of all, when most spans of a request are over: an event
// is for a span that still records, and none is made for it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Attributes, type Span, trace } from '@opentelemetry/api'
import { closingChannel, closureChannel, followedChannel } from '../closure/published.js'
import type { ClosureReport } from '../report/verdict.js'
import { attributesOf } from './attributes.js'
import { unknown } from './definitions.js'
import { isPublished } from './measurements.js'

/** The name of the event that a span gets. */
export const closedEvent = 'close_notify.closed'

/** Span events at work in one thread; made by {@link traceClosures}. */
export interface ClosureTracing {
  /** Adds no more events. The second call does nothing. */
  readonly stop: () => void
  /** {@link ClosureTracing.stop}, for `using`. */
  [Symbol.dispose](): void
}

// Two calls add one event.
let users = 0
// The spans in which a connection began to be followed, and in which its closing began.
let spans = new WeakMap<object, Span[]>()

/**
 * Adds an event to a span when a TLS connection of this thread has ended: to the span in which its closing began, or else to
 * the one in which the connection was made or was given to this package, whichever still records then. Where none does,
 * nothing is added. The attributes are those of the metrics, and the times and bytes of the report. Start the SDK first.
 */
export function traceClosures(): ClosureTracing {
  if (users++ === 0) {
    subscribe(followedChannel, note)
    subscribe(closingChannel, note)
    subscribe(closureChannel, tell)
  }
  let isStopped = false
  const stop = () => {
    if (isStopped) return
    isStopped = true
    if (--users > 0) return
    unsubscribe(followedChannel, note)
    unsubscribe(closingChannel, note)
    unsubscribe(closureChannel, tell)
    spans = new WeakMap()
  }
  return { stop, [Symbol.dispose]: stop }
}

function note(message: unknown): void {
  const span = trace.getActiveSpan()
  if (span === undefined || typeof message !== 'object' || message === null) return
  const socket: unknown = Reflect.get(message, 'socket')
  if (typeof socket !== 'object' || socket === null) return
  const known = spans.get(socket)
  if (known === undefined) spans.set(socket, [span])
  else if (!known.includes(span)) known.unshift(span)
}

function tell(message: unknown): void {
  if (!isPublished(message)) return
  const { report, socket } = message
  const span = spans.get(socket)?.find((each) => each.isRecording())
  spans.delete(socket)
  span?.addEvent(closedEvent, attributesOfReport(report), performance.timeOrigin + report.endedAt)
}

function attributesOfReport(report: ClosureReport): Attributes {
  const { verdict, mode, side, began, sent, received, protocol = unknown, waited, endedBy, startedAt, endedAt } = report
  const { undeliveredBytes, discardedBytes } = report
  return {
    ...attributesOf({ verdict, mode, side, began, protocol }),
    'close_notify.sent': sent.kind,
    'close_notify.received': received.kind,
    'close_notify.duration': (endedAt - startedAt) / 1000,
    ...(waited !== undefined && { 'close_notify.wait.duration': waited / 1000 }),
    ...(endedBy !== undefined && { 'close_notify.ended_by': endedBy }),
    ...(undeliveredBytes !== undefined && { 'close_notify.undelivered': undeliveredBytes }),
    ...(discardedBytes > 0 && { 'close_notify.discarded': discardedBytes }),
  }
}
