import type { Observation } from './types.js'

/** One line, as a table of builds shows it: `-1 SSL_ERROR_SSL "protocol is shutdown" [SENT]`. */
export function describeObservation(observation: Observation): string {
  const { value, error, reasons = [], data, flags, alerts = [], wire, newSessions, refused, note } = observation
  const result = [
    refused,
    value?.toString(),
    error === 'SSL_ERROR_NONE' ? undefined : error,
    ...reasons.map((reason) => `"${reason}"`),
    data === undefined || data === '' ? undefined : `read '${data}'`,
    wire?.length === 0 ? 'nothing' : wire?.join(', '),
  ]
  const sessions = newSessions === undefined ? [] : [`${newSessions} new sessions`]
  const happened = [result.filter((part) => part !== undefined).join(' '), ...alerts, ...sessions]
  const parts = [
    happened.filter((part) => part !== '').join(', '),
    flags === undefined ? '' : `[${flags}]`,
    note === undefined ? '' : `(${note})`,
  ]
  return parts.filter((part) => part !== '').join(' ')
}
