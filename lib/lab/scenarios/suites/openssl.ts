/**
 * OpenSSL's test/sslapitest.c: test_shutdown, 0 to 6, and test_incorrect_shutdown, 0 and 1. Number 1 does there what 0
 * does; here it does what its comment says, as 4 does in TLS 1.3. Number 6 is TLS 1.3 only there.
 */
import {
  boringssl,
  tlsVersions,
  dataInBoringssl,
  eofElsewhere,
  findsEofOpen,
  lacksIgnoreEof,
  meetsData,
  noSessionFromBoringssl,
} from './shared.js'
import type { ExpectedDifference, Expectation, Scenario, Step } from '../types.js'

/** Both in one record, along with the first thing that the server writes. */
const tickets = 'new_session_ticket new_session_ticket'

const clientSends: readonly Step[] = [
  { do: 'SSL_shutdown', by: 'client', expect: { value: 0, flags: 'SENT', alerts: ['sent warning close_notify'] } },
]

const clientCannotWrite: readonly Step[] = [
  {
    do: 'SSL_write',
    by: 'client',
    data: 'late',
    expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'protocol is shutdown' },
  },
]

const before = 'resumable before'
const after = 'resumable after'

function sessionIsGood(as: string): readonly Step[] {
  return [
    { do: 'SSL_get1_session', by: 'client', expect: { value: 1 } },
    { do: 'SSL_SESSION_is_resumable', by: 'client', as, expect: { value: 1 } },
  ]
}

/** Neither side reads before both have sent; `newSessions` is how many session tickets the client takes meanwhile. */
function simultaneous(newSessions: number): readonly Step[] {
  return [
    ...clientSends,
    ...clientCannotWrite,
    { do: 'SSL_shutdown', by: 'server', expect: { value: 0, flags: 'SENT' } },
    {
      do: 'SSL_write',
      by: 'server',
      data: 'late',
      expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'protocol is shutdown' },
    },
    { do: 'transfer', from: 'client' },
    { do: 'transfer', from: 'server', expect: { wire: ['alert warning close_notify'] } },
    {
      do: 'SSL_shutdown',
      by: 'client',
      as: 'client awaits close_notify',
      expect: { value: 1, flags: 'SENT|RECEIVED', alerts: ['received warning close_notify'], newSessions },
    },
    ...sessionIsGood(after),
    { do: 'SSL_shutdown', by: 'server', expect: { value: 1, flags: 'SENT|RECEIVED' } },
  ]
}

/** The server has read the client's close_notify and still writes. */
const serverGoesOn: readonly Step[] = [
  ...clientSends,
  { do: 'transfer', from: 'client' },
  { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED' } },
  { do: 'SSL_write', by: 'server', data: 'first', expect: { value: 5 } },
]

const clientReadsBoth: readonly Step[] = [
  { do: 'SSL_write', by: 'server', data: 'second', expect: { value: 6 } },
  { do: 'SSL_shutdown', by: 'server', expect: { value: 1, flags: 'SENT|RECEIVED' } },
  { do: 'transfer', from: 'server' },
  { do: 'SSL_read', by: 'client', expect: { value: 5, data: 'first' } },
  { do: 'SSL_read', by: 'client', expect: { value: 6, data: 'second' } },
  ...clientCannotWrite,
  { do: 'SSL_shutdown', by: 'client', expect: { value: 1, flags: 'SENT|RECEIVED' } },
  ...sessionIsGood(after),
]

/** In the steps with these labels no session can be resumed; `wire` is what the server sends instead. */
function noSession(wire: readonly string[], ...labels: readonly string[]): readonly ExpectedDifference[] {
  const expect: Record<string, Expectation> = { 'server transfer': { wire } }
  for (const label of labels) expect[label] = { value: 0 }
  return [{ when: boringssl, versions: ['TLSv1.3'], expect, because: noSessionFromBoringssl }]
}

export const opensslScenarios: readonly Scenario[] = [
  {
    name: 'openssl-shutdown-0',
    title: 'Both sides send close_notify before either reads; then both have both',
    versions: ['TLSv1.2'],
    steps: [{ do: 'handshake' }, ...sessionIsGood(before), ...simultaneous(0)],
  },
  {
    name: 'openssl-shutdown-1',
    title: 'In TLS 1.2 the server reads close_notify, then still writes, and the client reads it',
    versions: ['TLSv1.2'],
    steps: [
      { do: 'handshake' },
      ...serverGoesOn,
      { do: 'SSL_shutdown', by: 'server', expect: { value: 1, flags: 'SENT|RECEIVED' } },
      { do: 'transfer', from: 'server' },
      { do: 'SSL_read', by: 'client', expect: { value: 5, data: 'first' } },
      { do: 'SSL_shutdown', by: 'client', expect: { value: 1, flags: 'SENT|RECEIVED' } },
    ],
  },
  {
    name: 'openssl-shutdown-2',
    title: 'TLS 1.3, session tickets read before: both sides send close_notify before either reads',
    versions: ['TLSv1.3'],
    server: { tickets: 2 },
    steps: [{ do: 'handshake' }, ...sessionIsGood(before), ...simultaneous(0)],
    differs: noSession([tickets, 'alert warning close_notify'], before, after),
  },
  {
    name: 'openssl-shutdown-3',
    title: 'TLS 1.3, session tickets still unread: the second SSL_shutdown takes them, and the session can be resumed',
    versions: ['TLSv1.3'],
    server: { tickets: 2 },
    steps: [
      { do: 'handshake', tickets: 'unread' },
      { do: 'SSL_get1_session', by: 'client', as: 'session before', expect: { value: 1 } },
      { do: 'SSL_SESSION_is_resumable', by: 'client', as: before, expect: { value: 0 } },
      ...simultaneous(2),
    ],
    differs: [
      ...noSession([tickets, 'alert warning close_notify'], after),
      {
        when: boringssl,
        expect: { 'client awaits close_notify': { newSessions: 0 } },
        because: 'BoringSSL ignores tickets that SSL_shutdown meets.',
      },
    ],
  },
  {
    name: 'openssl-shutdown-4',
    title: 'TLS 1.3: after the client has closed, the server writes, updates its key, writes, and all is read',
    versions: ['TLSv1.3'],
    server: { tickets: 2 },
    steps: [
      { do: 'handshake' },
      ...serverGoesOn,
      { do: 'SSL_key_update', by: 'server', update: 'update_requested', expect: { value: 1 } },
      ...clientReadsBoth,
    ],
    differs: noSession([tickets, 'data 5', 'key_update', 'data 6', 'alert warning close_notify'], after),
  },
  {
    name: 'openssl-shutdown-5',
    title:
      'TLS 1.3: after the client has closed, the server asks for its certificate; the client answers behind its ' +
      'close_notify, with a Finished under wrong keys',
    versions: ['TLSv1.3'],
    client: { postHandshakeAuth: true },
    server: { tickets: 2 },
    steps: [
      { do: 'handshake' },
      ...serverGoesOn,
      { do: 'SSL_set_verify', by: 'server', mode: 'peer' },
      { do: 'SSL_verify_client_post_handshake', by: 'server', expect: { value: 1 } },
      ...clientReadsBoth,
      // RFC 8446 section 6.1: nothing may follow a close_notify. openssl/openssl#25097
      {
        do: 'transfer',
        from: 'client',
        expect: { wire: ['certificate', 'a record that cannot be decrypted here'] },
      },
      { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'SENT|RECEIVED' } },
    ],
    differs: [
      {
        when: boringssl,
        lacks: ['SSL_verify_client_post_handshake', 'SSL_CTX_set_post_handshake_auth'],
        because: 'BoringSSL has no post-handshake authentication.',
      },
    ],
  },
  {
    name: 'openssl-shutdown-6',
    title: 'A second SSL_shutdown with application data unread is a fatal error',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      ...serverGoesOn,
      { do: 'SSL_shutdown', by: 'server', expect: { value: 1, flags: 'SENT|RECEIVED' } },
      ...clientCannotWrite,
      { do: 'transfer', from: 'server' },
      meetsData('client'),
    ],
    differs: [dataInBoringssl('client meets data')],
  },
  {
    name: 'openssl-incorrect-shutdown-0',
    title: 'EOF without close_notify is an error of the protocol',
    versions: tlsVersions,
    steps: [{ do: 'handshake' }, { do: 'eof', to: 'server' }, { do: 'SSL_read', by: 'server', expect: findsEofOpen }],
    differs: eofElsewhere(['server SSL_read']),
  },
  {
    name: 'openssl-incorrect-shutdown-1',
    title: 'With SSL_OP_IGNORE_UNEXPECTED_EOF, EOF without close_notify looks like close_notify',
    versions: tlsVersions,
    server: { options: ['IGNORE_UNEXPECTED_EOF'] },
    steps: [
      { do: 'handshake' },
      { do: 'eof', to: 'server' },
      { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED' } },
    ],
    differs: lacksIgnoreEof,
  },
]
