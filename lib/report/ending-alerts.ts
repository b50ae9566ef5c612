// Which alerts end a direction of TLS, and how: the same for every connection, whoever has seen the alerts.
import type { Alert } from '../tls/alerts.js'
import type { Received } from './facts.js'

// So many alerts in a row that end nothing end the connection after all: OpenSSL's MAX_WARN_ALERT_COUNT.
const mostWarnings = 5

/** The alert by which our side ended TLS, so far. */
export function sentEnding(alerts: readonly Alert[]): Alert | undefined {
  return alerts.find((alert) => isSent(alert) && (isCloseNotify(alert) || isFatal(alert)))
}

/** Whether our close_notify is among them, flushed or not. */
export function hasCloseNotifyOfOurs(alerts: readonly Alert[]): boolean {
  return alerts.some((alert) => isSent(alert) && isCloseNotify(alert))
}

/** The peer's alert that ended its stream, so far. */
export function receivedEnding(alerts: readonly Alert[], isTls13: boolean): Alert | undefined {
  return alerts.find((alert) => !isSent(alert) && endsReading(alert, isTls13)) ?? refused(alerts, isTls13)
}

/** The peer's alert that ended its stream, among all alerts, as a fact of the report. */
export function receivedBy(ending: Alert, alerts: readonly Alert[], isTls13: boolean): Received {
  if (!closesReading(ending, isTls13)) return { kind: 'fatal-alert', ...ending }
  const firstCancel = alerts.findIndex((alert) => !isSent(alert) && isUserCanceled(alert))
  const userCanceledFirst = firstCancel !== -1 && firstCancel < alerts.indexOf(ending)
  return { kind: 'close_notify', userCanceledFirst, at: ending.at }
}

export function isSent(alert: Alert): boolean {
  return alert.direction === 'sent'
}

export function isCloseNotify(alert: Alert): boolean {
  return alert.name === 'close_notify' && !isFatal(alert)
}

// An alert of TLS 1.3 is an error whatever its level, but for user_canceled; before it, the level decides.
function endsReading(alert: Alert, isTls13: boolean): boolean {
  if (closesReading(alert, isTls13)) return true
  return isTls13 ? !isUserCanceled(alert) : isFatal(alert)
}

// TLS 1.3 has no alert levels (RFC 8446 section 6); before it, a close_notify at level fatal is a fatal alert.
function closesReading(alert: Alert, isTls13: boolean): boolean {
  return alert.name === 'close_notify' && (isTls13 || !isFatal(alert))
}

// The peer's alert that is no error by itself, and that OpenSSL answered with a fatal one: the last of too many in a
// row; before TLS 1.3 also a refused renegotiation, and one of a level that does not exist.
function refused(alerts: readonly Alert[], isTls13: boolean): Alert | undefined {
  const answer = alerts.findIndex((alert) => isSent(alert) && isFatal(alert))
  if (answer < 1) return undefined
  const last = alerts[answer - 1]
  if (last === undefined || isSent(last)) return undefined
  const name = alerts[answer]?.name
  const before = alerts.slice(Math.max(0, answer - mostWarnings), answer)
  const isRefused =
    (name === 'unexpected_message' && before.length === mostWarnings && !before.some(isSent)) ||
    (name === 'handshake_failure' && last.name === 'no_renegotiation') ||
    (name === 'illegal_parameter' && !isTls13 && last.level !== 'warning')
  return isRefused ? last : undefined
}

function isUserCanceled(alert: Alert): boolean {
  return alert.name === 'user_canceled'
}

function isFatal(alert: Alert): boolean {
  return alert.level === 'fatal'
}
