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
 */
import {
  boringssl,
  bothVersions,
  completes,
  dataInBoringssl,
  failedSince40,
  lacksNoRenegotiation,
  quietInHandshake,
  readsCloseNotify,
  refusesToClose,
  sendsCloseNotify,
  since32,
} from './shared.js'
import type { Actor, Difference, Expectation, Scenario, Step } from './types.js'

const malformed: readonly Step[] = [
  { do: 'forge', from: 'client', record: { type: 'plaintext', text: 'no record at all' } },
  { do: 'transfer', from: 'client' },
]

function fatalAlert(from: Actor): readonly Step[] {
  return [
    { do: 'forge', from, record: { type: 'alert', level: 'fatal', description: 'internal_error' } },
    { do: 'transfer', from, expect: { wire: ['alert fatal internal_error'] } },
  ]
}

const failedOnRecord =
  'BoringSSL marks the reading side as closed when reading has failed, and repeats the error that it failed with.'

const dropsAlerts =
  'After a fatal alert of the peer BoringSSL still sends close_notify when asked to, and it has SSL_read give -1.'

/** A malformed record is told otherwise by the record layer of 3.2: in TLS 1.3 it looks at the type first. */
function malformedSince32(read: string, alert: Expectation): readonly Difference[] {
  return [
    {
      when: since32,
      expect: { [read]: { reason: 'record layer failure' } },
      because: 'The record layer of 3.2 adds an entry of its own to the error queue, behind the cause.',
    },
    {
      when: since32,
      versions: ['TLSv1.3'],
      expect: { [read]: alert },
      because: 'The record layer of 3.2 looks at the type of a record before its version in TLS 1.3.',
    },
  ]
}

export const s2nScenarios: readonly Scenario[] = [
  {
    name: 's2n-after-our-fatal-alert',
    title: 'After a fatal alert of our own SSL_shutdown sends no close_notify',
    versions: bothVersions,
    steps: [
      { do: 'handshake' },
      ...malformed,
      {
        do: 'SSL_read',
        by: 'server',
        expect: {
          value: -1,
          error: 'SSL_ERROR_SSL',
          reason: 'wrong version number',
          flags: 'none',
          alerts: ['sent fatal protocol_version'],
        },
      },
      refusesToClose('server'),
      { do: 'transfer', from: 'server', expect: { wire: ['alert fatal protocol_version'] } },
    ],
    differs: [
      ...malformedSince32('server SSL_read', { alerts: ['sent fatal unexpected_message'] }),
      {
        when: since32,
        versions: ['TLSv1.3'],
        expect: { 'server transfer': { wire: ['alert fatal unexpected_message'] } },
        because: 'The alert is another one, see above.',
      },
      failedSince40('server SSL_shutdown'),
      {
        when: boringssl,
        expect: {
          'server SSL_read': { flags: 'RECEIVED' },
          'server SSL_shutdown': { reason: 'protocol is shutdown' },
        },
        because: failedOnRecord,
      },
    ],
  },
  {
    name: 's2n-after-our-warning-alert',
    title: 'TLS 1.2: after a warning alert of our own SSL_shutdown still sends close_notify and waits for the other',
    versions: ['TLSv1.2'],
    client: { options: ['NO_RENEGOTIATION'] },
    steps: [
      { do: 'handshake' },
      { do: 'forge', from: 'server', record: { type: 'handshake', message: 'hello_request' } },
      { do: 'transfer', from: 'server' },
      { do: 'SSL_read', by: 'client', expect: { value: -1, error: 'SSL_ERROR_WANT_READ' } },
      sendsCloseNotify('client'),
      { do: 'SSL_shutdown', by: 'client', expect: { value: -1, error: 'SSL_ERROR_WANT_READ', flags: 'SENT' } },
      {
        do: 'transfer',
        from: 'client',
        expect: { wire: ['alert warning no_renegotiation', 'alert warning close_notify'] },
      },
    ],
    differs: [lacksNoRenegotiation],
  },
  {
    name: 's2n-after-their-fatal-alert',
    title: 'After a fatal alert of the peer SSL_shutdown sends no close_notify',
    versions: bothVersions,
    steps: [
      { do: 'handshake' },
      ...fatalAlert('client'),
      {
        do: 'SSL_read',
        by: 'server',
        expect: {
          value: 0,
          error: 'SSL_ERROR_SSL',
          reason: 'tlsv1 alert internal error',
          flags: 'RECEIVED',
          alerts: ['received fatal internal_error'],
        },
      },
      refusesToClose('server'),
      { do: 'transfer', from: 'server', expect: { wire: [] } },
    ],
    differs: [
      failedSince40('server SSL_shutdown'),
      {
        when: boringssl,
        expect: {
          'server SSL_read': { value: -1 },
          'server SSL_shutdown': { value: 0, error: 'SSL_ERROR_SYSCALL', reason: 'none', flags: 'SENT|RECEIVED' },
          'server transfer': { wire: ['alert warning close_notify'] },
        },
        because: dropsAlerts,
      },
    ],
  },
  {
    name: 's2n-during-handshake',
    title: 'SSL_shutdown during a handshake',
    versions: bothVersions,
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
    versions: bothVersions,
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
    versions: bothVersions,
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
    name: 's2n-fatal-alert-while-waiting',
    title: 'A fatal alert that arrives while SSL_shutdown waits, and SSL_shutdown after that',
    versions: bothVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      ...fatalAlert('client'),
      {
        do: 'SSL_shutdown',
        by: 'server',
        expect: {
          value: 1,
          error: 'SSL_ERROR_NONE',
          reason: 'tlsv1 alert internal error',
          flags: 'SENT|RECEIVED',
          alerts: ['received fatal internal_error'],
        },
      },
      refusesToClose('server'),
      refusesToClose('server'),
      { do: 'transfer', from: 'server', expect: { wire: [] } },
    ],
    differs: [
      failedSince40('server SSL_shutdown #3', 'server SSL_shutdown #4'),
      {
        when: boringssl,
        expect: {
          'server SSL_shutdown #2': { value: -1, error: 'SSL_ERROR_SSL' },
          'server SSL_shutdown #3': { reason: 'tlsv1 alert internal error' },
          'server SSL_shutdown #4': { reason: 'tlsv1 alert internal error' },
        },
        because: 'BoringSSL tells a fatal alert from a close_notify, and repeats it; in OpenSSL SSL_shutdown gives 1.',
      },
    ],
  },
  {
    name: 's2n-data-while-waiting',
    title:
      'Data that arrives after our close_notify can be read; SSL_shutdown then finds the close_notify (s2n skips data)',
    versions: bothVersions,
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
    name: 's2n-after-malformed-record',
    title: 'After a malformed record nothing is awaited any more, and the next SSL_read fails too',
    versions: bothVersions,
    steps: [
      { do: 'handshake' },
      ...malformed,
      {
        do: 'SSL_read',
        by: 'server',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'wrong version number', flags: 'none' },
      },
      { do: 'SSL_read', by: 'server', expect: { value: -1, error: 'SSL_ERROR_SYSCALL', reason: 'none' } },
      refusesToClose('server'),
      refusesToClose('server'),
    ],
    differs: [
      {
        when: since32,
        expect: { 'server SSL_read': { reason: 'record layer failure' } },
        because: 'The record layer of 3.2 adds an entry of its own to the error queue, behind the cause.',
      },
      failedSince40('server SSL_read #2', 'server SSL_shutdown', 'server SSL_shutdown #2'),
      {
        when: boringssl,
        expect: {
          'server SSL_read': { flags: 'RECEIVED' },
          'server SSL_read #2': { error: 'SSL_ERROR_SSL', reason: 'wrong version number' },
          'server SSL_shutdown': { reason: 'protocol is shutdown' },
          'server SSL_shutdown #2': { reason: 'protocol is shutdown' },
        },
        because: failedOnRecord,
      },
    ],
  },
  {
    name: 's2n-partial-data-record',
    title: 'A data record, half of which was there before SSL_shutdown, is application data for it (s2n skips it)',
    versions: bothVersions,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'client', data: 'hello world' },
      { do: 'transfer', from: 'client', holdBack: 1, expect: { wire: ['a part of data 11'] } },
      { do: 'SSL_read', by: 'server', expect: { value: -1, error: 'SSL_ERROR_WANT_READ' } },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      sendsCloseNotify('server'),
      {
        do: 'SSL_shutdown',
        by: 'server',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'application data after close notify' },
      },
    ],
    differs: [dataInBoringssl('server SSL_shutdown #2')],
  },
  {
    name: 's2n-partial-close-notify',
    title: 'A close_notify that comes in two parts counts when it is whole',
    versions: bothVersions,
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
    name: 's2n-partial-malformed-record',
    title: 'A record that comes in two parts and was changed on the way: the second SSL_shutdown fails',
    versions: bothVersions,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'client', data: 'hello world' },
      { do: 'transfer', from: 'client', holdBack: 1, corrupt: true },
      { do: 'SSL_read', by: 'server', expect: { value: -1, error: 'SSL_ERROR_WANT_READ' } },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      sendsCloseNotify('server'),
      {
        do: 'SSL_shutdown',
        by: 'server',
        expect: {
          value: -1,
          error: 'SSL_ERROR_SSL',
          reason: 'decryption failed or bad record mac',
          flags: 'SENT',
          alerts: [],
        },
      },
      { do: 'transfer', from: 'server', expect: { wire: ['alert warning close_notify'] } },
    ],
    differs: [
      {
        when: since32,
        expect: { 'server SSL_shutdown #2': { reason: 'record layer failure' } },
        because: 'The record layer of 3.2 adds an entry of its own to the error queue, behind the cause.',
      },
      {
        when: { kind: 'OpenSSL', from: '3.0' },
        versions: ['TLSv1.2'],
        expect: {
          'server SSL_shutdown #2': { reasons: ['cipher operation failed', 'decryption failed or bad record mac'] },
        },
        because: 'Since 3.0 the provider that deciphers adds an entry of its own to the error queue, before the cause.',
      },
      {
        when: since32,
        versions: ['TLSv1.2'],
        expect: {
          'server SSL_shutdown #2': {
            reasons: ['cipher operation failed', 'decryption failed or bad record mac', 'record layer failure'],
          },
        },
        because: 'The record layer of 3.2 adds an entry of its own to the error queue, behind the cause.',
      },
      { when: boringssl, expect: { 'server SSL_shutdown #2': { flags: 'SENT|RECEIVED' } }, because: failedOnRecord },
    ],
  },
  {
    name: 's2n-data-partly-read',
    title: 'A record that is decrypted but read in part only is application data for SSL_shutdown (s2n skips it)',
    versions: bothVersions,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'client', data: 'hello world' },
      { do: 'transfer', from: 'client' },
      { do: 'SSL_read', by: 'server', bytes: 1, expect: { value: 1, data: 'h' } },
      { do: 'SSL_pending', by: 'server', expect: { value: 10 } },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      sendsCloseNotify('server'),
      {
        do: 'SSL_shutdown',
        by: 'server',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'application data after close notify' },
      },
    ],
    differs: [dataInBoringssl('server SSL_shutdown #2')],
  },
  {
    name: 's2n-eof-right-after-close-notify',
    title: 'The peer answers and ends the transport at once: its close_notify is found all the same',
    versions: bothVersions,
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
    versions: bothVersions,
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
  {
    name: 's2n-our-fatal-alert-while-waiting',
    title: 'A malformed record that arrives after our close_notify is answered by no alert any more',
    versions: bothVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      ...malformed,
      {
        do: 'SSL_read',
        by: 'server',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'wrong version number', flags: 'SENT', alerts: [] },
      },
      { do: 'transfer', from: 'server', expect: { wire: [] } },
      refusesToClose('server'),
    ],
    differs: [
      {
        when: since32,
        expect: { 'server SSL_read': { reason: 'record layer failure' } },
        because: 'The record layer of 3.2 adds an entry of its own to the error queue, behind the cause.',
      },
      failedSince40('server SSL_shutdown #2'),
      {
        when: boringssl,
        expect: {
          'server SSL_read': { flags: 'SENT|RECEIVED' },
          'server SSL_shutdown #2': { reason: 'wrong version number' },
        },
        because: failedOnRecord,
      },
    ],
  },
  {
    name: 's2n-read-fatal-alert-while-waiting',
    title: 'After our close_notify SSL_read finds a fatal alert; SSL_shutdown after that',
    versions: bothVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      ...fatalAlert('server'),
      {
        do: 'SSL_read',
        by: 'client',
        expect: {
          value: 0,
          error: 'SSL_ERROR_SSL',
          reason: 'tlsv1 alert internal error',
          flags: 'SENT|RECEIVED',
          alerts: ['received fatal internal_error'],
        },
      },
      refusesToClose('client'),
    ],
    differs: [
      failedSince40('client SSL_shutdown #2'),
      {
        when: boringssl,
        expect: {
          'client SSL_read': { value: -1 },
          'client SSL_shutdown #2': { reason: 'tlsv1 alert internal error' },
        },
        because: 'BoringSSL repeats the error that reading has failed with, and it has SSL_read give -1.',
      },
    ],
  },
]
