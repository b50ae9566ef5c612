// Our own scenarios with records where close_notify is due, or behind it, that hardly anybody sends.
import {
  before30,
  boringssl,
  tlsVersions,
  completes,
  failedSince40,
  keepsCloseNotify,
  readsCloseNotify,
  refusesToClose,
  sendsCloseNotify,
  since32,
  since40,
} from './shared.js'
import type { Scenario } from '../types.js'

export const labRecordScenarios: readonly Scenario[] = [
  {
    name: 'lab-data-after-close-notify',
    title: 'Data behind a close_notify is never delivered',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'forge', from: 'client', record: { type: 'data', text: 'late' } },
      { do: 'transfer', from: 'client', expect: { wire: ['alert warning close_notify', 'data 4'] } },
      readsCloseNotify('server'),
      readsCloseNotify('server'),
      { do: 'SSL_has_pending', by: 'server', expect: { value: 0 } },
      completes('server'),
    ],
    differs: [
      {
        when: since32,
        versions: ['TLSv1.3'],
        expect: { 'server SSL_has_pending': { value: 1 } },
        because: keepsCloseNotify,
      },
    ],
  },
  {
    name: 'lab-plaintext-after-close-notify',
    title: 'Plaintext behind a close_notify stays unread, also by the second SSL_shutdown',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'forge', from: 'client', record: { type: 'plaintext', text: '220 in the clear from here' } },
      { do: 'transfer', from: 'client', expect: { wire: ['alert warning close_notify', 'plaintext 26'] } },
      sendsCloseNotify('server'),
      completes('server'),
      { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', data: '' } },
    ],
  },
  {
    name: 'lab-close-notify-fatal',
    title: 'A close_notify of level fatal',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'forge', from: 'client', record: { type: 'alert', level: 'fatal', name: 'close_notify' } },
      { do: 'transfer', from: 'client', expect: { wire: ['alert fatal close_notify'] } },
      {
        do: 'SSL_read',
        by: 'server',
        expect: { value: 0, error: 'SSL_ERROR_SSL', flags: 'RECEIVED', alerts: ['received fatal close_notify'] },
      },
      refusesToClose('server'),
      { do: 'transfer', from: 'server', expect: { wire: [] } },
    ],
    differs: [
      failedSince40('server SSL_shutdown'),
      {
        versions: ['TLSv1.3'],
        expect: {
          'server SSL_read': { error: 'SSL_ERROR_ZERO_RETURN', reason: 'none' },
          'server SSL_shutdown': { value: 1, error: 'SSL_ERROR_NONE', reason: 'none', flags: 'SENT|RECEIVED' },
          'server transfer': { wire: ['alert warning close_notify'] },
        },
        because:
          'TLS 1.3 says that the level of an alert is to be ignored; in TLS 1.2 a close_notify of level fatal is an error.',
      },
      {
        when: boringssl,
        expect: {
          'server SSL_read': { value: -1, error: 'SSL_ERROR_SSL', reason: 'sslv3 alert close notify' },
          'server SSL_shutdown': { value: 0, error: 'SSL_ERROR_NONE', reason: 'none', flags: 'SENT|RECEIVED' },
          'server transfer': { wire: ['alert warning close_notify'] },
        },
        because:
          'For BoringSSL a close_notify of level fatal is an error in TLS 1.3 too; it still sends its own when asked to.',
      },
    ],
  },
  {
    name: 'lab-close-notify-fragmented',
    title: 'A close_notify whose two bytes come in two records is refused',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      {
        do: 'forge',
        from: 'client',
        record: { type: 'fragmented-alert', level: 'warning', name: 'close_notify' },
      },
      { do: 'transfer', from: 'client' },
      {
        do: 'SSL_read',
        by: 'server',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'invalid alert', flags: 'none' },
      },
      { do: 'transfer', from: 'server', expect: { wire: ['alert fatal unexpected_message'] } },
    ],
    differs: [
      {
        when: boringssl,
        expect: {
          'server SSL_read': { reason: 'bad alert', flags: 'RECEIVED' },
          'server transfer': { wire: ['alert fatal decode_error'] },
        },
        because: 'BoringSSL refuses it as well, with another reason and alert.',
      },
    ],
  },
  {
    name: 'lab-close-notify-in-clear',
    title: 'A close_notify in the clear on an encrypted connection is none',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      {
        do: 'forge',
        from: 'client',
        record: { type: 'plaintext', text: '\u0015\u0003\u0003\u0000\u0002\u0001\u0000' },
      },
      { do: 'transfer', from: 'client' },
      {
        do: 'SSL_read',
        by: 'server',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reasons: ['invalid aad', 'internal error'], flags: 'none' },
      },
      { do: 'transfer', from: 'server', expect: { wire: ['alert fatal internal_error'] } },
    ],
    differs: [
      {
        when: before30,
        expect: { 'server SSL_read': { reasons: ['internal error'] } },
        because: 'Since 3.0 the provider that deciphers adds an entry of its own to the error queue.',
      },
      {
        when: since32,
        expect: { 'server SSL_read': { reasons: ['invalid aad', 'internal error', 'record layer failure'] } },
        because: 'The record layer of 3.2 adds an entry of its own to the error queue, behind the cause.',
      },
      {
        // Both of one day. Releases of 3.6 before it were not tried.
        when: [
          { kind: 'OpenSSL', from: '3.5.9', before: '3.6' },
          { kind: 'OpenSSL', from: '3.6.5' },
        ],
        versions: ['TLSv1.2'],
        expect: {
          'server SSL_read': { reasons: ['decryption failed or bad record mac', 'record layer failure'] },
          'server transfer': { wire: ['alert fatal bad_record_mac'] },
        },
        because:
          'Since 3.5.9 and 3.6.5 a record that is too short to be decrypted is told as one that cannot be, not as an internal error.',
      },
      {
        versions: ['TLSv1.3'],
        expect: {
          'server SSL_read': { reasons: ['bad record type'] },
          'server transfer': { wire: ['alert fatal unexpected_message'] },
        },
        because: 'In TLS 1.3 an alert in the clear has a type that no record has any more.',
      },
      {
        when: since32,
        versions: ['TLSv1.3'],
        expect: { 'server SSL_read': { reasons: ['bad record type', 'record layer failure'] } },
        because: 'The record layer of 3.2 adds an entry of its own to the error queue, behind the cause.',
      },
      {
        when: boringssl,
        expect: {
          'server SSL_read': {
            reasons: ['bad packet length', 'decryption failed or bad record mac'],
            flags: 'RECEIVED',
          },
          'server transfer': { wire: ['alert fatal bad_record_mac'] },
        },

        because: 'BoringSSL tells it as a record that cannot be decrypted in both versions.',
      },
    ],
  },
  {
    name: 'lab-user-canceled-first',
    title: 'user_canceled before close_notify, as Java sends it',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'forge', from: 'client', record: { type: 'alert', level: 'warning', name: 'user_canceled' } },
      sendsCloseNotify('client'),
      {
        do: 'transfer',
        from: 'client',
        expect: { wire: ['alert warning user_canceled', 'alert warning close_notify'] },
      },
      {
        do: 'SSL_read',
        by: 'server',
        expect: {
          value: 0,
          error: 'SSL_ERROR_ZERO_RETURN',
          flags: 'RECEIVED',
          alerts: ['received warning user_canceled', 'received warning close_notify'],
        },
      },
      completes('server'),
    ],
    differs: [
      {
        when: since32,
        versions: ['TLSv1.3'],
        expect: { 'server SSL_read': { error: 'SSL_ERROR_SYSCALL' } },
        because:
          'A bug since 3.2 (openssl/openssl#25254): SSL_get_error looks at the last warning alert, which a close_notify of TLS 1.3 is no longer taken for, and a clean end looks like an error of the transport. The flag tells.',
      },
    ],
  },
  {
    name: 'lab-warning-alert',
    title: 'Any other warning alert is skipped in TLS 1.2 and fatal in TLS 1.3',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'forge', from: 'client', record: { type: 'alert', level: 'warning', name: 'unrecognized_name' } },
      { do: 'transfer', from: 'client' },
      { do: 'SSL_read', by: 'server', expect: { value: -1, error: 'SSL_ERROR_WANT_READ', flags: 'none' } },
      { do: 'SSL_shutdown', by: 'server', expect: { value: 0, flags: 'SENT' } },
      { do: 'transfer', from: 'server', expect: { wire: ['alert warning close_notify'] } },
    ],
    differs: [
      {
        versions: ['TLSv1.3'],
        expect: {
          'server SSL_read': { value: 0, error: 'SSL_ERROR_SSL', reason: 'tlsv1 unrecognized name', flags: 'RECEIVED' },
          'server SSL_shutdown': {
            value: -1,
            error: 'SSL_ERROR_SSL',
            reason: 'shutdown while in init',
            flags: 'RECEIVED',
          },
          'server transfer': { wire: [] },
        },
        because: 'In TLS 1.3 every alert but close_notify and user_canceled is an error, whatever its level says.',
      },
      {
        when: since40,
        versions: ['TLSv1.3'],
        expect: { 'server SSL_shutdown': { reason: 'none' } },
        because: 'Since 4.0 every call on an SSL that has failed gives SSL_ERROR_SSL with an empty queue.',
      },
      {
        when: boringssl,
        versions: ['TLSv1.3'],
        expect: {
          'server SSL_read': { value: -1, reason: 'bad alert' },
          'server SSL_shutdown': { reason: 'protocol is shutdown' },
          'server transfer': { wire: ['alert fatal decode_error'] },
        },
        because: 'For BoringSSL a warning alert in TLS 1.3 is a malformed message, which it answers with an alert.',
      },
    ],
  },
]
