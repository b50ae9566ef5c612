/**
 * BoringSSL's ssl/test/runner, where a runner in Go and a shim around the library talk, and tests of ssl_test.cc. Here
 * the shim is an actor, and the runner the other one, with records forged where an SSL object would not send them.
 *
 * Not ported: Shutdown-Shim-HelloRequest-Ignore, for it needs SSL_set_renegotiate_mode, which only BoringSSL has. What
 * SSL_shutdown does with a HelloRequest in the mode of each build is `boringssl-shutdown-shim-hello-request` (in
 * OpenSSL's terms HelloRequest-CannotHandshake: renegotiation is allowed), and -Reject is with NO_RENEGOTIATION.
 */
import {
  boringssl,
  tlsVersions,
  completes,
  dataInBoringssl,
  eofElsewhere,
  failedSince40,
  findsEof,
  findsEofOpen,
  lacksNoRenegotiation,
  meetsData,
  named,
  noSessionFromBoringssl,
  readsCloseNotify,
  sendsCloseNotify,
  since32,
  since40,
} from './shared.js'
import type { Scenario, Step } from '../types.js'

/** The runner sends this first, and the shim is to skip it. */
const garbage: readonly Step[] = [
  { do: 'forge', from: 'server', record: { type: 'data', text: '' } },
  { do: 'forge', from: 'server', record: { type: 'alert', level: 'warning', name: 'unexpected_message' } },
]

export const boringsslScenarios: readonly Scenario[] = [
  {
    name: 'boringssl-shutdown-runner',
    title: 'One side closes, the other reads that and answers, and both have both close_notifies',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      readsCloseNotify('client'),
      completes('client'),
      { do: 'transfer', from: 'client' },
      completes('server'),
    ],
  },
  {
    name: 'boringssl-shutdown-shim',
    title: 'TLS 1.2: an empty record and a warning alert that arrive while SSL_shutdown waits for close_notify',
    versions: ['TLSv1.2'],
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      ...garbage,
      sendsCloseNotify('server'),
      {
        do: 'transfer',
        from: 'server',
        expect: { wire: ['data 0', 'alert warning unexpected_message', 'alert warning close_notify'] },
      },
      meetsData('client'),
    ],
    differs: [
      {
        when: boringssl,
        expect: {
          'client meets data': { value: 1, error: 'SSL_ERROR_NONE', reason: 'none', flags: 'SENT|RECEIVED' },
        },
        because:
          'BoringSSL skips empty records, as it skips warning alerts. OpenSSL takes a record of application data for application data although it holds none, and never comes to the alert.',
      },
    ],
  },
  {
    name: 'boringssl-shutdown-shim-application-data',
    title: 'Application data that arrives while SSL_shutdown waits for close_notify is a fatal error',
    versions: ['TLSv1.2'],
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      ...garbage,
      { do: 'SSL_write', by: 'server', data: 'late' },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      meetsData('client'),
      { do: 'SSL_read', by: 'client', expect: { value: -1, error: 'SSL_ERROR_SYSCALL', reason: 'none', data: '' } },
    ],
    differs: [
      dataInBoringssl('client meets data'),
      failedSince40('client SSL_read'),
      {
        when: boringssl,
        expect: { 'client SSL_read': { value: 4, error: 'SSL_ERROR_NONE', data: 'late' } },
        because: 'In BoringSSL that error is not the end: SSL_read still gives the data. In OpenSSL it is lost.',
      },
    ],
  },
  {
    name: 'boringssl-shutdown-shim-key-update',
    title: 'While waiting for close_notify, a KeyUpdate is processed',
    versions: ['TLSv1.3'],
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'SSL_key_update', by: 'server', update: 'update_requested', expect: { value: 1 } },
      { do: 'SSL_do_handshake', by: 'server', expect: { value: 1 } },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server', expect: { wire: ['key_update', 'alert warning close_notify'] } },
      completes('client'),
    ],
  },
  {
    name: 'boringssl-shutdown-shim-hello-request',
    title: 'TLS 1.2: a HelloRequest that arrives while waiting for close_notify',
    versions: ['TLSv1.2'],
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      { do: 'forge', from: 'server', record: { type: 'handshake', message: 'hello_request' } },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      named('client awaits close_notify', completes('client')),
      { do: 'transfer', from: 'client', expect: { wire: [] } },
    ],
    differs: [
      {
        when: boringssl,
        expect: {
          'client awaits close_notify': {
            value: -1,
            error: 'SSL_ERROR_SSL',
            reason: 'no renegotiation',
            flags: 'SENT|RECEIVED',
          },
        },
        because:
          'BoringSSL forbids renegotiation unless SSL_set_renegotiate_mode allows it: a HelloRequest is then a fatal error. OpenSSL drops one that comes after its close_notify.',
      },
    ],
  },
  {
    name: 'boringssl-shutdown-shim-hello-request-reject',
    title: 'TLS 1.2: a HelloRequest that arrives while waiting for close_notify, renegotiation being forbidden',
    versions: ['TLSv1.2'],
    client: { options: ['NO_RENEGOTIATION'] },
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      { do: 'forge', from: 'server', record: { type: 'handshake', message: 'hello_request' } },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      completes('client'),
      { do: 'transfer', from: 'client', expect: { wire: [] } },
    ],
    differs: [lacksNoRenegotiation],
  },
  {
    name: 'boringssl-shutdown-shim-renegotiate-server-forbidden',
    title: 'TLS 1.2: a ClientHello that arrives while a server waits for close_notify',
    versions: ['TLSv1.2'],
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      { do: 'forge', from: 'client', record: { type: 'handshake', message: 'client_hello' } },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client', expect: { wire: ['client_hello', 'alert warning close_notify'] } },
      named('server awaits close_notify', completes('server')),
      { do: 'transfer', from: 'server', expect: { wire: [] } },
    ],
    differs: [
      {
        when: boringssl,
        expect: {
          'server awaits close_notify': {
            value: -1,
            error: 'SSL_ERROR_SSL',
            reason: 'no renegotiation',
            flags: 'SENT|RECEIVED',
          },
        },
        because:
          'A server of BoringSSL never renegotiates: a ClientHello is a fatal error. OpenSSL drops one that comes after its close_notify.',
      },
    ],
  },
  {
    name: 'boringssl-peek-shutdown',
    title: 'SSL_peek finds close_notify, and SSL_read finds it again',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      { do: 'SSL_peek', by: 'client', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED' } },
      readsCloseNotify('client'),
      completes('client'),
    ],
  },
  {
    name: 'boringssl-unclean-shutdown',
    title: 'The peer ends the transport without close_notify: the second SSL_shutdown fails',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      { do: 'eof', to: 'client' },
      { do: 'SSL_shutdown', by: 'client', as: 'client meets EOF', expect: { value: -1, ...findsEof, flags: 'SENT' } },
    ],
    differs: eofElsewhere(['client meets EOF']),
  },
  {
    name: 'boringssl-unclean-shutdown-ignored',
    title: 'The peer ends the transport without close_notify: who does not ask is told nothing',
    versions: tlsVersions,
    server: { tickets: 2 },
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      { do: 'eof', to: 'client' },
      { do: 'SSL_get1_session', by: 'client', expect: { value: 1 } },
      { do: 'SSL_free', by: 'client' },
      { do: 'SSL_SESSION_is_resumable', by: 'client', expect: { value: 1 } },
    ],
    differs: [
      {
        when: boringssl,
        versions: ['TLSv1.3'],
        expect: { 'client SSL_SESSION_is_resumable': { value: 0 } },
        because: noSessionFromBoringssl,
      },
    ],
  },
  {
    name: 'boringssl-unclean-shutdown-alert',
    title: 'A fatal alert in place of close_notify: SSL_shutdown gives 1, and only the error queue tells',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      {
        do: 'forge',
        from: 'server',
        record: { type: 'alert', level: 'fatal', name: 'decompression_failure' },
      },
      { do: 'transfer', from: 'server' },
      {
        do: 'SSL_shutdown',
        by: 'client',
        as: 'client meets the alert',
        expect: {
          value: 1,
          error: 'SSL_ERROR_NONE',
          reason: 'sslv3 alert decompression failure',
          flags: 'SENT|RECEIVED',
          alerts: ['received fatal decompression_failure'],
        },
      },
    ],
    differs: [
      {
        when: boringssl,
        expect: { 'client meets the alert': { value: -1, error: 'SSL_ERROR_SSL' } },
        because:
          'BoringSSL tells a close_notify from a fatal alert. OpenSSL looks at the flag only, which both set: SSL_shutdown gives 1.',
      },
      {
        when: since32,
        expect: { 'client meets the alert': { reason: 'ssl/tls alert decompression failure' } },
        because:
          'The alerts that SSL 3.0 had too are spelled otherwise: one more reason to look at the alert, not at texts.',
      },
      {
        when: since40,
        expect: { 'client meets the alert': { reason: 'tls alert decompression failure' } },
        because: 'In 4.0, which has no SSL 3.0 any more, they are spelled otherwise again.',
      },
    ],
  },
  {
    name: 'boringssl-shutdown-ignores-tickets',
    title: 'Session tickets that SSL_shutdown meets on its way to close_notify',
    versions: ['TLSv1.3'],
    server: { tickets: 2 },
    steps: [
      { do: 'handshake', tickets: 'unread' },
      sendsCloseNotify('server'),
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'server', expect: { wire: ['alert warning close_notify'] } },
      { do: 'transfer', from: 'client' },
      completes('server'),

      {
        do: 'SSL_shutdown',
        by: 'client',
        as: 'client awaits close_notify',
        expect: { value: 1, error: 'SSL_ERROR_NONE', flags: 'SENT|RECEIVED', newSessions: 2 },
      },
    ],
    differs: [
      {
        when: boringssl,
        expect: {
          'server transfer': { wire: ['new_session_ticket new_session_ticket', 'alert warning close_notify'] },
          'client awaits close_notify': { newSessions: 0 },
        },
        because:
          'BoringSSL ignores tickets that SSL_shutdown meets, as a test of its own demands; in OpenSSL the callback runs for each. Its server sends tickets along with the first thing it writes.',
      },
    ],
  },
  {
    name: 'boringssl-one-sided-shutdown',
    title: 'After one side has closed, the other may still write, and then close',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      readsCloseNotify('server'),
      { do: 'SSL_write', by: 'server', data: 'x', expect: { value: 1 } },
      { do: 'transfer', from: 'server' },
      { do: 'SSL_read', by: 'client', bytes: 1, expect: { value: 1, data: 'x' } },
      completes('server'),
      { do: 'transfer', from: 'server', expect: { wire: ['alert warning close_notify'] } },
      completes('client'),
    ],
  },
  {
    name: 'boringssl-write-after-shutdown',
    title: 'After close_notify nothing is written any more',
    versions: tlsVersions,
    steps: (['client', 'server'] as const).flatMap((by): Step[] => [
      ...(by === 'client' ? [{ do: 'handshake' } as const] : []),
      sendsCloseNotify(by),
      { do: 'transfer', from: by, expect: { wire: ['alert warning close_notify'] } },
      {
        do: 'SSL_write',
        by,
        data: 'a',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'protocol is shutdown' },
      },
      { do: 'transfer', from: by, expect: { wire: [] } },
    ]),
  },
  {
    name: 'boringssl-quiet-shutdown',
    title: 'A quiet side believes that it received close_notify; the other finds EOF',
    versions: tlsVersions,
    server: { quietShutdown: true },
    steps: [
      { do: 'handshake' },
      { do: 'SSL_shutdown', by: 'server', expect: { value: 1, flags: 'SENT|RECEIVED', alerts: [] } },
      { do: 'transfer', from: 'server', expect: { wire: [] } },
      { do: 'eof', to: 'client' },
      { do: 'SSL_read', by: 'client', as: 'client meets EOF', expect: findsEofOpen },
      { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN' } },
    ],
    differs: eofElsewhere(['client meets EOF']),
  },
]
