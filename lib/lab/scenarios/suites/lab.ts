/**
 * Questions that no suite asks, and that builds answer differently: shutdown before and during the handshake, writing
 * after close_notify, quiet shutdown and its flags, flags cleared to go on, and EOF. Forged records are in
 * lab-records.ts, what becomes of sessions in lab-sessions.ts.
 *
 * SSL_shutdown on an SSL that has no side yet (`uninitialized`) cannot be called here: an Ssl of the engine always has
 * its side.
 */
import {
  boringssl,
  tlsVersions,
  completes,
  eofElsewhere,
  failedSince40,
  findsEofOpen,
  keepsCloseNotify,
  lacksIgnoreEof,
  named,
  quietInHandshake,
  readsCloseNotify,
  refusesToClose,
  sendsCloseNotify,
  since32,
} from './shared.js'
import type { Scenario } from '../types.js'

export const labScenarios: readonly Scenario[] = [
  {
    name: 'lab-before-handshake',
    title: 'SSL_shutdown before the handshake has begun does not keep it from beginning',
    versions: tlsVersions,
    steps: [
      { do: 'SSL_in_init', by: 'client', expect: { value: 1 } },
      {
        do: 'SSL_shutdown',
        by: 'client',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'shutdown while in init', flags: 'none' },
      },
      { do: 'transfer', from: 'client', expect: { wire: [] } },
      { do: 'handshake' },
      { do: 'SSL_in_init', by: 'client', expect: { value: 0 } },
    ],
    differs: [quietInHandshake('client SSL_shutdown')],
  },
  {
    name: 'lab-during-handshake',
    title: 'SSL_shutdown in the middle of the handshake does not keep it from going on',
    versions: tlsVersions,
    steps: [
      { do: 'SSL_do_handshake', by: 'client', expect: { value: -1, error: 'SSL_ERROR_WANT_READ' } },
      { do: 'transfer', from: 'client' },
      { do: 'SSL_do_handshake', by: 'server', expect: { value: -1, error: 'SSL_ERROR_WANT_READ' } },
      {
        do: 'SSL_shutdown',
        by: 'server',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'shutdown while in init', flags: 'none', alerts: [] },
      },
      { do: 'handshake' },
    ],
    differs: [quietInHandshake('server SSL_shutdown')],
  },
  {
    name: 'lab-renegotiate-after-shutdown',
    title: 'TLS 1.2: a renegotiation begun after close_notify forgets that it was sent',
    versions: ['TLSv1.2'],
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      { do: 'SSL_renegotiate', by: 'client', expect: { value: 1, flags: 'SENT' } },
      {
        do: 'SSL_do_handshake',
        by: 'client',
        expect: { value: -1, error: 'SSL_ERROR_WANT_READ', flags: 'none' },
      },
      { do: 'transfer', from: 'client', as: 'ClientHello transfer', expect: { wire: ['client_hello'] } },
      named('client closes again', refusesToClose('client')),
      readsCloseNotify('server'),
    ],
    differs: [
      {
        when: boringssl,
        expect: {
          'client SSL_renegotiate': { value: 0 },
          'client SSL_do_handshake': { value: 1, error: 'SSL_ERROR_NONE', flags: 'SENT' },
          'ClientHello transfer': { wire: [] },
          'client closes again': { error: 'SSL_ERROR_WANT_READ', reason: 'none' },
        },
        because: 'BoringSSL renegotiates only when its peer asks for it, and only where that was allowed.',
      },
    ],
  },
  {
    name: 'lab-write-after-received',
    title: 'After the close_notify of the peer a write still succeeds, and is read',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      readsCloseNotify('server'),
      { do: 'SSL_write', by: 'server', data: 'still', expect: { value: 5, flags: 'RECEIVED' } },
      { do: 'transfer', from: 'server', expect: { wire: ['data 5'] } },
      { do: 'SSL_read', by: 'client', expect: { value: 5, data: 'still', flags: 'SENT' } },
    ],
  },
  {
    name: 'lab-flags-after-quiet',
    title: 'Quiet shutdown sets both flags, sends nothing, and ends reading and writing',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_set_quiet_shutdown', by: 'client', quiet: true, expect: { flags: 'none' } },
      { do: 'SSL_get_quiet_shutdown', by: 'client', expect: { value: 1 } },
      { do: 'SSL_write', by: 'server', data: 'unread' },
      { do: 'transfer', from: 'server' },
      { do: 'SSL_shutdown', by: 'client', expect: { value: 1, flags: 'SENT|RECEIVED', alerts: [] } },
      { do: 'transfer', from: 'client', expect: { wire: [] } },
      { do: 'SSL_read', by: 'client', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', data: '' } },
      {
        do: 'SSL_write',
        by: 'client',
        data: 'late',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'protocol is shutdown' },
      },
    ],
  },
  {
    name: 'lab-quiet-between',
    title: 'Quiet shutdown switched on between the first and the second SSL_shutdown ends the waiting',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'SSL_set_quiet_shutdown', by: 'client', quiet: true },
      { do: 'SSL_shutdown', by: 'client', expect: { value: 1, flags: 'SENT|RECEIVED', alerts: [] } },
      { do: 'transfer', from: 'client', expect: { wire: ['alert warning close_notify'] } },
    ],
  },
  {
    name: 'lab-reopen',
    title: 'Flags cleared by SSL_set_shutdown on both sides, and the connection goes on',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      readsCloseNotify('server'),
      { do: 'SSL_set_shutdown', by: 'client', flags: 'none', expect: { flags: 'none' } },
      { do: 'SSL_set_shutdown', by: 'server', flags: 'none', expect: { flags: 'none' } },
      { do: 'SSL_write', by: 'client', data: 'again', expect: { value: 5 } },
      { do: 'transfer', from: 'client', as: 'transfer again', expect: { wire: ['data 5'] } },
      { do: 'SSL_read', by: 'server', as: 'server reads again', expect: { value: 5, data: 'again' } },
    ],
    differs: [
      {
        when: since32,
        versions: ['TLSv1.3'],
        expect: {
          'server reads again': {
            value: 0,
            error: 'SSL_ERROR_ZERO_RETURN',
            data: '',
            flags: 'RECEIVED',
            alerts: ['received warning close_notify'],
          },
        },
        because: keepsCloseNotify,
      },
      {
        when: boringssl,
        expect: {
          'client SSL_set_shutdown': { refused: 'ERR_OPENSSL_STATE', flags: 'SENT' },
          'server SSL_set_shutdown': { refused: 'ERR_OPENSSL_STATE', flags: 'RECEIVED' },
          'client SSL_write': { value: -1 },
          'transfer again': { wire: [] },

          'server reads again': { value: 0, error: 'SSL_ERROR_ZERO_RETURN', data: '' },
        },
        because:
          'In BoringSSL a flag cannot be cleared: its SSL_set_shutdown asserts that none is, so the engine refuses.',
      },
    ],
  },
  {
    name: 'lab-eof-twice',
    title: 'EOF without close_notify, read again, and SSL_shutdown after it',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'eof', to: 'client' },
      { do: 'SSL_read', by: 'client', as: 'client meets EOF', expect: findsEofOpen },
      {
        do: 'SSL_read',
        by: 'client',
        as: 'client reads again',
        expect: { value: -1, error: 'SSL_ERROR_SYSCALL', reason: 'none' },
      },
      refusesToClose('client'),
      { do: 'transfer', from: 'client', expect: { wire: ['alert fatal decode_error'] } },
    ],
    differs: [
      ...eofElsewhere(['client meets EOF'], {
        'client reads again': { value: 0 },
        'client SSL_shutdown': { value: 0, error: 'SSL_ERROR_NONE', reason: 'none' },
        'client transfer': { wire: ['alert warning close_notify'] },
      }),
      failedSince40('client reads again', 'client SSL_shutdown'),
    ],
  },
  {
    name: 'lab-eof-within-record',
    title: 'EOF in the middle of a record is told as EOF between records is',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'server', data: 'hello world' },
      { do: 'transfer', from: 'server', holdBack: 5, expect: { wire: ['a part of data 11'] } },
      { do: 'eof', to: 'client' },
      { do: 'SSL_read', by: 'client', as: 'client meets EOF', expect: findsEofOpen },
    ],
    differs: eofElsewhere(['client meets EOF']),
  },
  {
    name: 'lab-eof-ignored',
    title: 'With SSL_OP_IGNORE_UNEXPECTED_EOF the flags and SSL_shutdown tell of a close_notify that never came',
    versions: tlsVersions,
    client: { options: ['IGNORE_UNEXPECTED_EOF'] },
    steps: [
      { do: 'handshake' },
      { do: 'eof', to: 'client' },
      {
        do: 'SSL_read',
        by: 'client',
        expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED', alerts: [] },
      },
      completes('client'),
    ],
    differs: lacksIgnoreEof,
  },
  {
    name: 'lab-eof-ignored-after-shutdown',
    title: 'With SSL_OP_IGNORE_UNEXPECTED_EOF an EOF makes the SSL forget that it has sent close_notify',
    versions: tlsVersions,
    client: { options: ['IGNORE_UNEXPECTED_EOF'] },
    steps: [
      { do: 'handshake' },
      { do: 'SSL_shutdown', by: 'client', expect: { value: 0, flags: 'SENT', alerts: ['sent warning close_notify'] } },
      { do: 'eof', to: 'client' },
      { do: 'SSL_read', by: 'client', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED' } },
      {
        do: 'SSL_shutdown',
        by: 'client',
        expect: { value: 1, flags: 'SENT|RECEIVED', alerts: ['sent warning close_notify'] },
      },
      {
        do: 'transfer',
        from: 'client',
        expect: { wire: ['alert warning close_notify', 'alert warning close_notify'] },
      },
    ],
    differs: lacksIgnoreEof,
  },
  {
    name: 'lab-eof-within-record-ignored',
    title: 'With SSL_OP_IGNORE_UNEXPECTED_EOF even EOF in the middle of a record looks like close_notify',
    versions: tlsVersions,
    client: { options: ['IGNORE_UNEXPECTED_EOF'] },
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'server', data: 'hello world' },
      { do: 'transfer', from: 'server', holdBack: 5 },
      { do: 'eof', to: 'client' },
      {
        do: 'SSL_read',
        by: 'client',
        expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED', data: '' },
      },
    ],
    differs: lacksIgnoreEof,
  },
  {
    name: 'lab-shutdown-ex',
    title: 'On TLS, SSL_shutdown_ex is SSL_shutdown',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_shutdown_ex', by: 'client', expect: { value: 0, flags: 'SENT' } },
      { do: 'transfer', from: 'client', expect: { wire: ['alert warning close_notify'] } },
      readsCloseNotify('server'),
      completes('server'),
      { do: 'transfer', from: 'server' },
      { do: 'SSL_shutdown_ex', by: 'client', expect: { value: 1, flags: 'SENT|RECEIVED' } },
    ],
    differs: [
      {
        when: [{ kind: 'OpenSSL', before: '3.2' }, boringssl],
        lacks: ['SSL_shutdown_ex'],
        because: 'SSL_shutdown_ex came with 3.2, for QUIC.',
      },
    ],
  },
]
