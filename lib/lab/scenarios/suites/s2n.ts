/**
 * s2n-tls' tests/unit/s2n_shutdown_test.c, as far as it concerns TLS over a byte stream. s2n_shutdown is there what the
 * second SSL_shutdown is here, but that it skips application data; s2n_shutdown_send is the first one. Expected is what
 * OpenSSL does: titles say where s2n does otherwise.
 *
 * | there ("Test: …")                                                  | here (after `s2n-`)               |
 * |--------------------------------------------------------------------|-----------------------------------|
 * | Do not send or await close_notify if reader alert already queued   | after-our-fatal-alert             |
 * | Send and await close_notify if a warning alert was sent            | after-our-warning-alert           |
 * | Do not send or await … if error alert was already received         | after-their-fatal-alert           |
 * | Do not wait for response close_notify if handshake not complete    | during-handshake                  |
 * | Await close_notify if no close_notify received yet                 | awaits-close-notify               |
 * | Do not await close_notify if close_notify already received         | answers-close-notify              |
 * | s2n_shutdown reports alerts received after a close_notify is sent  | fatal-alert-while-waiting         |
 * | s2n_shutdown ignores data received after a close_notify is sent    | data-while-waiting                |
 * | Do not await close_notify after reading malformed record           | after-malformed-record            |
 * | … reads and skips a partial app data record                        | partial-data-record               |
 * | … reads a partial close_notify record                              | partial-close-notify              |
 * | … fails if a partial record is malformed                           | partial-malformed-record          |
 * | … skips partially drained / consumed app data                      | data-partly-read                  |
 * | s2n_shutdown with aggressive socket close                          | eof-right-after-close-notify      |
 * | s2n_shutdown_send: Basic successful call                           | awaits-close-notify (first steps) |
 * | s2n_shutdown_send: Full close after half close                     | repeated                          |
 * | s2n_shutdown_send: Half close, local alert, then full close        | our-fatal-alert-while-waiting     |
 * | s2n_shutdown_send: Half close, peer alert, then full close         | read-fatal-alert-while-waiting    |
 *
 * Not ported: QUIC and the five of kTLS (another transport); Safety (null pointers, which the types exclude); No-op on
 * wipe (s2n_connection_wipe has no counterpart); Handles blocking IO (a full output is no matter of libssl builds: the
 * engine's own tests have it); the headings that hold no test of their own.
 *
 * Those about alerts and records that fail are in s2n-failures.ts.
 */
import {
  tlsVersions,
  completes,
  dataInBoringssl,
  meetsData,
  quietInHandshake,
  readsCloseNotify,
  sendsCloseNotify,
} from './shared.js'
import type { Scenario } from '../types.js'

export const s2nScenarios: readonly Scenario[] = [
  {
    name: 's2n-during-handshake',
    title: 'SSL_shutdown during a handshake',
    versions: tlsVersions,
    steps: [
      { do: 'SSL_do_handshake', by: 'client', expect: { value: -1, error: 'SSL_ERROR_WANT_READ' } },
      {
        do: 'SSL_shutdown',
        by: 'client',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'shutdown while in init', flags: 'none', alerts: [] },
      },
      { do: 'transfer', from: 'client', expect: { wire: ['client_hello'] } },
    ],
    differs: [quietInHandshake('client SSL_shutdown')],
  },
  {
    name: 's2n-awaits-close-notify',
    title: 'The first SSL_shutdown sends and does not read; the second waits',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server', expect: { wire: ['alert warning close_notify'] } },
      { do: 'SSL_shutdown', by: 'server', expect: { value: -1, error: 'SSL_ERROR_WANT_READ', flags: 'SENT' } },
      { do: 'transfer', from: 'server', expect: { wire: [] } },
    ],
  },
  {
    name: 's2n-answers-close-notify',
    title: 'After the close_notify of the peer has been read SSL_shutdown sends ours and is done',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      readsCloseNotify('server'),
      completes('server'),
      { do: 'transfer', from: 'server', expect: { wire: ['alert warning close_notify'] } },
    ],
  },
  {
    name: 's2n-data-while-waiting',
    title:
      'Data that arrives after our close_notify can be read; SSL_shutdown then finds the close_notify (s2n skips data)',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('server'),
      { do: 'SSL_write', by: 'client', data: 'still here' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client', expect: { wire: ['data 10', 'alert warning close_notify'] } },
      { do: 'SSL_read', by: 'server', expect: { value: 10, data: 'still here', flags: 'SENT' } },
      completes('server'),
    ],
  },
  {
    name: 's2n-partial-data-record',
    title: 'A data record, half of which was there before SSL_shutdown, is application data for it (s2n skips it)',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'client', data: 'hello world' },
      { do: 'transfer', from: 'client', holdBack: 1, expect: { wire: ['a part of data 11'] } },
      { do: 'SSL_read', by: 'server', expect: { value: -1, error: 'SSL_ERROR_WANT_READ' } },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      sendsCloseNotify('server'),
      meetsData('server'),
    ],
    differs: [dataInBoringssl('server meets data')],
  },
  {
    name: 's2n-partial-close-notify',
    title: 'A close_notify that comes in two parts counts when it is whole',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client', holdBack: 1, expect: { wire: ['a part of alert warning close_notify'] } },
      { do: 'SSL_read', by: 'server', expect: { value: -1, error: 'SSL_ERROR_WANT_READ', flags: 'none', alerts: [] } },
      { do: 'transfer', from: 'client' },
      sendsCloseNotify('server'),
      completes('server'),
    ],
  },
  {
    name: 's2n-data-partly-read',
    title: 'A record that is decrypted but read in part only is application data for SSL_shutdown (s2n skips it)',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'client', data: 'hello world' },
      { do: 'transfer', from: 'client' },
      { do: 'SSL_read', by: 'server', bytes: 1, expect: { value: 1, data: 'h' } },
      { do: 'SSL_pending', by: 'server', expect: { value: 10 } },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      sendsCloseNotify('server'),
      meetsData('server'),
    ],
    differs: [dataInBoringssl('server meets data')],
  },
  {
    name: 's2n-eof-right-after-close-notify',
    title: 'The peer answers and ends the transport at once: its close_notify is found all the same',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      readsCloseNotify('server'),
      completes('server'),
      { do: 'transfer', from: 'server' },
      { do: 'eof', to: 'client' },
      completes('client'),
    ],
  },
  {
    name: 's2n-repeated',
    title: 'SSL_shutdown can be called again and again: it waits, then it is done, and nothing more is sent',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client', expect: { wire: ['alert warning close_notify'] } },
      { do: 'SSL_shutdown', by: 'client', expect: { value: -1, error: 'SSL_ERROR_WANT_READ', flags: 'SENT' } },
      { do: 'SSL_shutdown', by: 'client', expect: { value: -1, error: 'SSL_ERROR_WANT_READ', flags: 'SENT' } },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      completes('client'),
      completes('client'),
      completes('client'),
      { do: 'transfer', from: 'client', expect: { wire: [] } },
    ],
  },
]
