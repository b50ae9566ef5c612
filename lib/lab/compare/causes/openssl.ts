/** What changed from one release of OpenSSL to another. Borders are those of lib/lab/scenarios/suites/shared.ts. */
import type { BuildRange, Observation } from '../../scenarios/types.js'
import { hasAlert, hasReason, holds, met } from './cause.js'
import type { Cause } from './cause.js'

const since30: readonly BuildRange[] = [{ kind: 'OpenSSL', from: '3.0' }]
const since32: readonly BuildRange[] = [{ kind: 'OpenSSL', from: '3.2' }]
const since40: readonly BuildRange[] = [{ kind: 'OpenSSL', from: '4.0' }]

const unexpectedEof = hasReason('unexpected eof while reading')
const receivesCloseNotify = hasAlert('received warning close_notify')
const recordLayer = 'record layer failure'
const alertAdvice = 'Compare numbers of reasons (SSL_R_…) or the alert of the info callback, never texts.'

export const opensslCauses: readonly Cause[] = [
  {
    name: 'close-notify-read-again',
    title: 'A close_notify of TLS 1.3 stays with the SSL',
    builds: since32,
    elsewhere: 'A close_notify that was read is gone, and SSL_has_pending returns 0.',
    there:
      'Its record stays pending: SSL_has_pending returns 1, and where the flag is cleared the next read finds the same close_notify again.',
    arriving:
      'Do not wait for SSL_has_pending to become 0 after SSL_ERROR_ZERO_RETURN, and do not clear RECEIVED to read on.',
    leaving: 'Expect a read or a handshake after the close_notify to look at the transport again.',
    matches: (elsewhere, there, tls) =>
      tls === 'TLSv1.3' &&
      met(elsewhere, receivesCloseNotify) &&
      met(there, receivesCloseNotify) &&
      (there.now?.call === 'SSL_has_pending'
        ? there.now.value === 1 && elsewhere.now?.value === 0
        : there.now?.error === 'SSL_ERROR_ZERO_RETURN' && elsewhere.now?.error !== 'SSL_ERROR_ZERO_RETURN'),
  },
  {
    name: 'eof-without-close-notify',
    title: 'EOF without close_notify',
    builds: since30,
    elsewhere:
      'EOF is a matter of the transport: SSL_ERROR_SYSCALL with an empty queue and no alert, the SSL stays usable, and SSL_shutdown still sends close_notify.',
    there:
      'EOF is a fatal error of the protocol: SSL_ERROR_SSL, "unexpected eof while reading", a fatal decode_error is sent, the session is lost, and SSL_shutdown fails.',
    arriving:
      'Treat SSL_ERROR_SSL with SSL_R_UNEXPECTED_EOF_WHILE_READING as you treated SSL_ERROR_SYSCALL with an empty queue, and do not call SSL_shutdown after it.',
    leaving:
      'Treat SSL_ERROR_SYSCALL with an empty queue as the truncation that it is; SSL_R_UNEXPECTED_EOF_WHILE_READING does not come.',
    matches: (elsewhere, there) => met(there, unexpectedEof) && !met(elsewhere, unexpectedEof),
  },
  {
    name: 'failed-ssl-is-silent',
    title: 'Calls on an SSL that has failed',
    builds: since40,
    elsewhere:
      'After a fatal error SSL_read returns SSL_ERROR_SYSCALL, and SSL_shutdown "shutdown while in init", which misleads.',
    there: 'After a fatal error every call returns SSL_ERROR_SSL and leaves the error queue empty.',
    arriving:
      'Read the error queue at the first failure, and let an empty queue with SSL_ERROR_SSL mean "failed before"; do not look for a reason.',
    leaving: 'Do not take SSL_ERROR_SYSCALL after a fatal error for an error of the transport: errno says nothing.',
    matches: (_elsewhere, { now }) =>
      now?.error === 'SSL_ERROR_SSL' && (now.value ?? 0) < 0 && (now.reasons ?? []).length === 0,
  },
  {
    name: 'user-canceled-before-close-notify',
    title: 'user_canceled before close_notify, TLS 1.3',
    builds: since32,
    elsewhere: 'SSL_read returns SSL_ERROR_ZERO_RETURN: a clean end.',
    there: 'SSL_read returns SSL_ERROR_SYSCALL for the same clean end, with RECEIVED set (openssl/openssl#25254).',
    arriving: 'Ask SSL_get_shutdown for RECEIVED before SSL_ERROR_SYSCALL is taken for a truncation.',
    leaving: 'Nothing: SSL_ERROR_ZERO_RETURN is what a clean end is.',
    matches: (elsewhere, there) =>
      holds(there.now, hasAlert('received warning user_canceled')) &&
      there.now?.error === 'SSL_ERROR_SYSCALL' &&
      elsewhere.now?.error === 'SSL_ERROR_ZERO_RETURN',
  },
  {
    name: 'blocked-alert-untold',
    title: 'An alert that finds no room at first',
    builds: since32,
    elsewhere:
      'The message callback (SSL_set_msg_callback) runs for an alert that SSL_ERROR_WANT_WRITE held back, once it is written.',
    there: 'The message callback never runs for such an alert, although it is written.',
    arriving: 'Take what SSL_shutdown returns for the proof that close_notify was written, not the callback.',
    leaving: 'Nothing: what SSL_shutdown returns is the proof there too.',
    matches: (elsewhere, there) =>
      met(there, ({ error }) => error === 'SSL_ERROR_WANT_WRITE') &&
      holds(elsewhere.now, hasAlert('sent ')) &&
      !holds(there.now, hasAlert('sent ')),
  },
  {
    name: 'record-of-wrong-version',
    title: 'A record of TLS 1.3 with a wrong version',
    builds: since32,
    elsewhere: 'It is "wrong version number", and protocol_version is sent.',
    there: 'It is "bad record type", and unexpected_message is sent.',
    arriving: 'Log the alert that was sent; do not compare reasons of damaged records.',
    leaving: 'Log the alert that was sent; do not compare reasons of damaged records.',
    matches: (elsewhere, there, tls) =>
      tls === 'TLSv1.3' &&
      met(there, hasReason('bad record type')) &&
      met(elsewhere, hasReason('wrong version number')),
  },
  {
    name: 'record-too-short',
    title: 'A record of TLS 1.2 that is too short to be decrypted',
    builds: [
      { kind: 'OpenSSL', from: '3.5.9', before: '3.6' },
      { kind: 'OpenSSL', from: '3.6.5' },
    ],
    elsewhere: 'It is an "internal error", and internal_error is sent.',
    there: 'It is told as any record that cannot be decrypted, and bad_record_mac is sent.',
    arriving: 'Take internal_error off the list of what a damaged or injected record looks like.',
    leaving: 'Count internal_error among what a damaged or injected record looks like.',
    matches: (elsewhere, there, tls) =>
      tls === 'TLSv1.2' &&
      met(there, hasReason('decryption failed or bad record mac')) &&
      met(elsewhere, hasReason('internal error')),
  },
  {
    name: 'record-layer-entry',
    title: '"record layer failure" behind the cause',
    builds: since32,
    elsewhere: 'The last entry of the error queue is the cause.',
    there: 'The record layer adds an entry of its own behind the cause, "record layer failure".',
    arriving: 'Read the queue from its beginning (ERR_get_error), not its end (ERR_peek_last_error).',
    leaving: 'Nothing, where the queue is read from its beginning.',
    matches: (elsewhere, there) =>
      holds(there.now, hasReason(recordLayer)) &&
      reasonsOf(there.now)
        .filter((reason) => reason !== recordLayer)
        .join() === reasonsOf(elsewhere.now).join(),
  },
  {
    name: 'provider-entry',
    title: 'An entry of the provider before the cause',
    builds: since30,
    elsewhere: 'The queue begins with the entry of libssl.',
    there: 'The provider that deciphers adds an entry of its own, such as "cipher operation failed" or "invalid aad".',
    arriving: 'Look for the entry whose library is SSL (ERR_GET_LIB), not for the first or the last.',
    leaving: 'Nothing, where the entry is found by its library.',
    matches: (elsewhere, there) =>
      holds(there.now, hasReason('invalid aad', 'cipher operation failed')) &&
      !holds(elsewhere.now, hasReason('invalid aad', 'cipher operation failed')),
  },
  {
    name: 'alert-names-since-4.0',
    title: 'Reasons of alerts, since 4.0',
    builds: since40,
    elsewhere: 'The reason of an alert that SSL 3.0 had too begins with "sslv3 alert", since 3.2 with "ssl/tls alert".',
    there: 'It begins with "tls alert".',
    arriving: alertAdvice,
    leaving: alertAdvice,
    matches: (elsewhere, there) =>
      begins(there.now, 'tls alert ') && begins(elsewhere.now, 'sslv3 alert ', 'ssl/tls alert '),
  },
  {
    name: 'alert-names-since-3.2',
    title: 'Reasons of alerts, since 3.2',
    builds: since32,
    elsewhere: 'The reason of an alert that SSL 3.0 had too begins with "sslv3 alert".',
    there: 'It begins with "ssl/tls alert".',
    arriving: alertAdvice,
    leaving: alertAdvice,
    matches: (elsewhere, there) => begins(there.now, 'ssl/tls alert ') && begins(elsewhere.now, 'sslv3 alert '),
  },
]

function reasonsOf(one: Observation | undefined): readonly string[] {
  return one?.reasons ?? []
}

function begins(one: Observation | undefined, ...beginnings: readonly string[]): boolean {
  return reasonsOf(one).some((reason) => beginnings.some((beginning) => reason.startsWith(beginning)))
}
