import type { Observation } from './types.js'

/** One line, as a table of builds shows it: `-1 SSL_ERROR_SSL "protocol is shutdown" [SENT]`. */
export function describeObservation(observation: Observation): string {
  const { value, error, reasons = [], data, flags, alerts = [], wire, newSessions, refused, note } = observation
  const parts = [
    refused,
    value?.toString(),
    error === 'SSL_ERROR_NONE' ? undefined : error,
    ...reasons.map((reason) => `"${reason}"`),
    data === undefined || data === '' ? undefined : `read '${data}'`,
    wire?.join(', '),
    ...alerts,
    newSessions === undefined ? undefined : `${newSessions} new sessions`,
    flags === undefined ? undefined : `[${flags}]`,
    note === undefined ? undefined : `(${note})`,
  ]
  return parts.filter((part) => part !== undefined && part !== '').join(' ')
}
