/** What is otherwise in BoringSSL. Where OpenSSL has changed and BoringSSL has not, openssl.ts has the cause. */
import type { BuildRange, Observation } from '../../scenarios/types.js'
import { hasAlert, hasReason, hasRecord, holds, met } from './cause.js'
import type { Cause, Seen } from './cause.js'

const builds: readonly BuildRange[] = [{ kind: 'BoringSSL' }]

const ofSessions: readonly string[] = ['SSL_SESSION_is_resumable', 'SSL_session_reused']
const receivesFatal = hasAlert('received fatal')
const sendsCloseNotify = hasAlert('sent warning close_notify')
const onShutdown = hasReason('application data on shutdown')
const inInit = hasReason('shutdown while in init')

/** In the order in which they are tried: sessions and refusals first, what follows from a failure last. */
export const boringsslCauses: readonly Cause[] = [
  {
    name: 'boringssl-sessions-by-callback',
    title: 'Sessions of TLS 1.3',
    builds,
    elsewhere: 'SSL_get1_session returns a session that can be resumed, once a ticket was read.',
    there: 'Sessions that can be resumed go to the callback of SSL_CTX_sess_set_new_cb alone.',
    arriving: 'Keep sessions in that callback; what SSL_get1_session returns cannot be resumed.',
    leaving: 'Nothing: the callback works there too.',
    matches: (elsewhere, there, tls) => tls === 'TLSv1.3' && isOfSession(elsewhere, 1) && isOfSession(there, 0),
  },
  {
    name: 'boringssl-sessions-kept',
    title: 'Sessions of connections that ended without our close_notify',
    builds,
    elsewhere: 'A session is lost with a fatal error, and where its SSL is freed without our close_notify.',
    there: 'A session can be resumed however its connection ended.',
    arriving: 'Drop sessions yourself where a truncated connection shall not be resumed.',
    leaving: 'Call SSL_shutdown (or set quiet shutdown) before SSL_free, or expect full handshakes.',
    matches: (elsewhere, there) => isOfSession(elsewhere, 0) && isOfSession(there, 1),
  },
  {
    name: 'boringssl-tickets-late',
    title: 'When a server sends its tickets',
    builds,
    elsewhere: 'A server sends session tickets at the end of the handshake.',
    there: 'A server sends session tickets along with the first thing that it writes, its close_notify included.',
    arriving: 'Have the server write before it closes, or its clients get no ticket.',
    leaving: 'Read before TCP is closed: unread tickets make the kernel send RST.',
    matches: (elsewhere, there) =>
      (holds(there.now, hasRecord('new_session_ticket')) && !holds(elsewhere.now, hasRecord('new_session_ticket'))) ||
      (there.now?.newSessions ?? 0) > (elsewhere.now?.newSessions ?? 0),
  },
  {
    name: 'boringssl-shutdown-drops-tickets',
    title: 'Session tickets that SSL_shutdown meets',
    builds,
    elsewhere: 'SSL_shutdown takes the tickets that it meets while it waits, and the callback runs.',
    there: 'SSL_shutdown drops the tickets that it meets while it waits.',
    arriving: 'Read until SSL_ERROR_ZERO_RETURN instead of calling SSL_shutdown again, where the session matters.',
    leaving: 'Expect the callback for new sessions during SSL_shutdown.',
    matches: ({ now }, there) => now?.call === 'SSL_shutdown' && (now.newSessions ?? 0) > (there.now?.newSessions ?? 0),
  },
  {
    name: 'boringssl-flags-stay',
    title: 'Flags cleared with SSL_set_shutdown',
    builds,
    elsewhere: 'SSL_set_shutdown(ssl, 0) reopens the connection for reading and writing.',
    there: 'No flag can be cleared: SSL_set_shutdown asserts that none is, and the engine refuses the call.',
    arriving: 'Make a new connection; an SSL cannot be used again after close_notify.',
    leaving: 'Nothing, unless flags are cleared.',
    matches: (_elsewhere, there) =>
      met(there, ({ call, refused }) => call === 'SSL_set_shutdown' && refused !== undefined),
  },
  {
    name: 'boringssl-no-renegotiation',
    title: 'Renegotiation of TLS 1.2',
    builds,
    elsewhere:
      'A renegotiation can be asked for by both sides; a request that comes after our close_notify is dropped.',
    there:
      'A server never renegotiates, a client only where SSL_set_renegotiate_mode allows it: a request is a fatal error, "no renegotiation".',
    arriving: 'Do without renegotiation, and do not call SSL_renegotiate.',
    leaving: 'Set SSL_OP_NO_RENEGOTIATION, to keep it forbidden.',
    matches: (_elsewhere, there) => met(there, hasReason('no renegotiation', 'function should not have been called')),
  },
  {
    name: 'boringssl-shutdown-in-handshake',
    title: 'SSL_shutdown before the handshake is done',
    builds,
    elsewhere: 'SSL_shutdown fails with "shutdown while in init".',
    there: 'SSL_shutdown returns 1 and does nothing.',
    arriving: 'Do not take 1 for a proof that close_notify was sent; SSL_get_shutdown says it.',
    leaving: 'Do not call SSL_shutdown before the handshake is done, or ignore its error there.',
    matches: (elsewhere, { now }) =>
      holds(elsewhere.now, inInit) && now?.value === 1 && (now.alerts ?? []).length === 0,
  },
  {
    name: 'boringssl-empty-records',
    title: 'Empty records while SSL_shutdown waits',
    builds,
    elsewhere: 'A record of application data without data is "application data after close notify".',
    there: 'An empty record is skipped, and so are the warning alerts behind it.',
    arriving: 'Nothing: the close_notify is found.',
    leaving: 'Read until SSL_ERROR_ZERO_RETURN instead of calling SSL_shutdown again.',
    matches: (elsewhere, { now }) =>
      holds(elsewhere.now, hasReason('application data after close notify')) && (now?.alerts ?? []).length > 0,
  },
  {
    name: 'boringssl-data-on-shutdown',
    title: 'Data that a second SSL_shutdown meets',
    builds,
    elsewhere: '"application data after close notify" is the end of the SSL, and the data is lost.',
    there: '"application data on shutdown" is no end: SSL_read still returns the data.',
    arriving: 'Nothing: the data can still be read.',
    leaving: 'Read until SSL_ERROR_ZERO_RETURN instead of calling SSL_shutdown again, or data is lost.',
    matches: (_elsewhere, there) => met(there, onShutdown) && !holds(there.now, onShutdown),
  },
  {
    name: 'boringssl-name-of-data-on-shutdown',
    title: 'The reason of data that a second SSL_shutdown meets',
    builds,
    elsewhere: 'It is "application data after close notify".',
    there: 'It is "application data on shutdown".',
    arriving: 'Compare SSL_get_error, not reasons.',
    leaving: 'Compare SSL_get_error, not reasons.',
    matches: (_elsewhere, there) => holds(there.now, onShutdown),
  },
  {
    name: 'boringssl-fatal-close-notify',
    title: 'A close_notify of level fatal, TLS 1.3',
    builds,
    elsewhere: 'Its level is ignored: SSL_read returns SSL_ERROR_ZERO_RETURN.',
    there: 'It is an error: SSL_read returns SSL_ERROR_SSL.',
    arriving: 'Send close_notify at level warning, as all libraries do.',
    leaving: 'Nothing: it reads as a clean end.',
    matches: (elsewhere, there) =>
      met(elsewhere, readsFatalCloseNotify) && met(there, hasAlert('received fatal close_notify')),
  },
  {
    name: 'boringssl-fatal-alert-in-shutdown',
    title: 'A fatal alert that comes while SSL_shutdown waits',
    builds,
    elsewhere: 'SSL_shutdown returns 1, as for a close_notify; only the error queue shows the difference.',
    there: 'SSL_shutdown returns -1 with SSL_ERROR_SSL.',
    arriving: 'Handle -1 of SSL_shutdown as the end of the connection.',
    leaving: 'Look at the error queue when SSL_shutdown returns 1: it may have been a fatal alert.',
    matches: ({ now }, there) =>
      now?.call === 'SSL_shutdown' && now.value === 1 && there.now?.value === -1 && holds(there.now, receivesFatal),
  },
  {
    name: 'boringssl-closes-after-fatal-alert',
    title: "SSL_shutdown after the peer's fatal alert",
    builds,
    elsewhere: 'SSL_shutdown fails, and nothing is sent.',
    there: 'SSL_shutdown still sends close_notify.',
    arriving: 'Do not call SSL_shutdown after SSL_ERROR_SSL, and nothing is sent.',
    leaving: 'Do not call SSL_shutdown after SSL_ERROR_SSL: it fails.',
    matches: (_elsewhere, there) =>
      met(there, receivesFatal) &&
      (holds(there.now, sendsCloseNotify) || holds(there.now, hasRecord('alert warning close_notify'))),
  },
  {
    name: 'boringssl-warning-alert',
    title: 'A warning alert other than close_notify and user_canceled, TLS 1.3',
    builds,
    elsewhere: 'It is a fatal alert of the peer: SSL_read returns 0 with SSL_ERROR_SSL, and nothing is answered.',
    there: 'It is a malformed message, "bad alert": SSL_read returns -1, and decode_error is sent.',
    arriving: 'Test SSL_get_error, not whether SSL_read returned 0 or -1.',
    leaving: 'Test SSL_get_error, not whether SSL_read returned 0 or -1.',
    matches: (elsewhere, there) =>
      met(there, (one) => hasReason('bad alert')(one) && hasAlert('received warning')(one)) &&
      !holds(elsewhere.now, inInit),
  },
  {
    name: 'boringssl-fatal-alert-value',
    title: 'The value of SSL_read for a fatal alert',
    builds,
    elsewhere: 'SSL_read returns 0 with SSL_ERROR_SSL.',
    there: 'SSL_read returns -1 with SSL_ERROR_SSL.',
    arriving: 'Test SSL_get_error, not whether SSL_read returned 0 or -1.',
    leaving: 'Do not take 0 of SSL_read for a clean end: SSL_get_error says it.',
    matches: (elsewhere, there) =>
      holds(there.now, receivesFatal) && there.now?.value === -1 && elsewhere.now?.value === 0,
  },
  {
    name: 'boringssl-early-close-notify',
    title: 'A close_notify in the handshake',
    builds,
    elsewhere: 'SSL_do_handshake returns -1 with SSL_ERROR_ZERO_RETURN.',
    there:
      'SSL_do_handshake returns 0 with SSL_ERROR_ZERO_RETURN in TLS 1.2; in TLS 1.3 an alert in the clear fails it, and bad_record_mac is sent.',
    arriving: 'Treat every end of SSL_do_handshake other than 1, SSL_ERROR_WANT_READ and SSL_ERROR_WANT_WRITE alike.',
    leaving: 'Treat every end of SSL_do_handshake other than 1, SSL_ERROR_WANT_READ and SSL_ERROR_WANT_WRITE alike.',
    matches: (elsewhere) =>
      met(elsewhere, (one) => one.call === 'SSL_do_handshake' && hasAlert('received warning close_notify')(one)),
  },
  {
    name: 'boringssl-failed-read',
    title: 'After a record that could not be read',
    builds,
    elsewhere: 'RECEIVED stays as it was, and later calls fail in general terms.',
    there:
      'RECEIVED is set without any close_notify, and later reads repeat the error; reasons and alerts of damaged records have other names.',
    arriving: 'Do not take RECEIVED for a close_notify where a read has failed.',
    leaving: 'Keep the first error: later calls do not repeat it.',
    matches: (elsewhere, there) => met(there, failsToRead) && !met(elsewhere, failsToRead),
  },
  {
    name: 'boringssl-repeats-the-error',
    title: 'The reason of a call on an SSL that has failed',
    builds,
    elsewhere: 'SSL_shutdown complains "shutdown while in init".',
    there: 'SSL_shutdown repeats the error that reading has failed with, or says "protocol is shutdown".',
    arriving: 'Keep the first error; do not look for reasons of later calls.',
    leaving: 'Keep the first error; do not look for reasons of later calls.',
    matches: (elsewhere, there) => holds(elsewhere.now, inInit) && (there.now?.reasons ?? []).length > 0,
  },
]

function isOfSession({ now }: Seen, value: number): boolean {
  return now !== undefined && ofSessions.includes(now.call) && now.value === value
}

function readsFatalCloseNotify(one: Observation): boolean {
  return one.error === 'SSL_ERROR_ZERO_RETURN' && hasAlert('received fatal close_notify')(one)
}

/** SSL_ERROR_SSL by its own doing, with RECEIVED set all the same. */
function failsToRead(one: Observation): boolean {
  return one.error === 'SSL_ERROR_SSL' && hasFlag(one, 'RECEIVED') && !hasAlert('received')(one)
}

function hasFlag({ flags }: Observation, name: 'SENT' | 'RECEIVED'): boolean {
  return flags?.split('|').includes(name) ?? false
}
