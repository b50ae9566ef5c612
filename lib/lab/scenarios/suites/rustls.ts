/**
 * The close_notify cases of rustls' rustls-test/tests/api/io.rs, each under its name there without `test_`. In
 * `complete_io_errors_if_close_notify_received_too_early` and `close_notify_sent_prior_to_handshake_complete` a fixed
 * ClientHello is followed by an alert in the clear; here the client's own one is.
 */
import {
  before30,
  boringssl,
  tlsVersions,
  completes,
  eofElsewhere,
  findsEof,
  findsEofOpen,
  keepsCloseNotify,
  quietInHandshake,
  sendsCloseNotify,
  since32,
} from './shared.js'
import type { Actor, ExpectedDifference, Scenario, Step } from '../types.js'

const other = { client: 'server', server: 'client' } as const

/** A word each way, not transferred yet. */
const words: readonly Step[] = [
  { do: 'SSL_write', by: 'server', data: 'from-server!' },
  { do: 'SSL_write', by: 'client', data: 'from-client!' },
]

function closeNotify(by: Actor): Scenario {
  const peer = other[by]
  return {
    name: `rustls-${by}-close-notify`,
    title: `The close_notify of the ${by} does not overtake its data, and the ${peer} may still write`,
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      ...words,
      sendsCloseNotify(by),
      { do: 'transfer', from: by },
      { do: 'SSL_read', by: peer, expect: { data: `from-${by}!`, flags: 'none' } },
      { do: 'SSL_read', by: peer, expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED' } },
      { do: 'transfer', from: peer },
      { do: 'SSL_read', by, expect: { data: `from-${peer}!`, flags: 'SENT' } },
    ],
  }
}

function uncleanly(by: Actor): Scenario {
  const peer = other[by]
  return {
    name: `rustls-${by}-closes-uncleanly`,
    title: `The EOF of a ${by} without close_notify does not overtake its data, and the ${peer} may still write`,
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      ...words,
      { do: 'transfer', from: by },
      { do: 'eof', to: peer },
      { do: 'SSL_read', by: peer, expect: { data: `from-${by}!` } },
      { do: 'SSL_read', by: peer, as: `${peer} meets EOF`, expect: findsEofOpen },
      { do: 'transfer', from: peer, expect: { wire: ['data 12', 'alert fatal decode_error'] } },
      { do: 'SSL_read', by, expect: { data: `from-${peer}!` } },
    ],
    differs: eofElsewhere([`${peer} meets EOF`], { [`${peer} transfer`]: { wire: ['data 12'] } }),
  }
}

const meets = 'server meets close_notify'
const goesOn = 'server goes on'

const closeNotifyAfterClientHello: readonly Step[] = [
  { do: 'SSL_do_handshake', by: 'client', expect: { value: -1, error: 'SSL_ERROR_WANT_READ' } },
  { do: 'forge', from: 'client', record: { type: 'alert', level: 'warning', name: 'close_notify' } },
  {
    do: 'transfer',
    from: 'client',
    expect: { wire: ['client_hello', 'alert warning close_notify in the clear'] },
  },
]

const boringsslEarly: readonly ExpectedDifference[] = [
  {
    when: boringssl,
    versions: ['TLSv1.2'],
    expect: {
      [meets]: { value: 0 },
      [goesOn]: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', reason: 'none', alerts: [] },
    },
    because: 'In BoringSSL SSL_do_handshake gives 0, and goes on telling of the close_notify.',
  },
  {
    when: boringssl,
    versions: ['TLSv1.3'],
    expect: {
      [meets]: {
        error: 'SSL_ERROR_SSL',
        reason: 'decryption failed or bad record mac',
        alerts: ['sent fatal bad_record_mac'],
      },
      [goesOn]: {
        error: 'SSL_ERROR_SSL',
        reason: 'decryption failed or bad record mac',
        alerts: [],
      },
    },
    because:
      'A server of BoringSSL accepts nothing in the clear any more once it has sent its ServerHello; OpenSSL accepts alerts in the clear until the handshake is done.',
  },
]

const closesAfterClientHello = {
  value: -1,
  error: 'SSL_ERROR_ZERO_RETURN',
  flags: 'RECEIVED',
  alerts: ['received warning close_notify'],
} as const

const refused = { value: -1, error: 'SSL_ERROR_SSL', flags: 'none' } as const

export const rustlsScenarios: readonly Scenario[] = [
  closeNotify('server'),
  closeNotify('client'),
  uncleanly('server'),
  uncleanly('client'),
  {
    name: 'rustls-complete-io-errors-if-close-notify-received-too-early',
    title: 'close_notify right behind ClientHello, then EOF: the handshake fails',
    versions: tlsVersions,
    steps: [
      ...closeNotifyAfterClientHello,
      { do: 'eof', to: 'server' },
      { do: 'SSL_do_handshake', by: 'server', as: meets, expect: closesAfterClientHello },
      {
        do: 'SSL_do_handshake',
        by: 'server',
        as: goesOn,
        expect: { value: -1, ...findsEof, flags: 'RECEIVED', alerts: ['sent fatal decode_error'] },
      },
    ],
    differs: [
      {
        when: before30,
        expect: { [goesOn]: { error: 'SSL_ERROR_ZERO_RETURN', reason: 'none', alerts: [] } },
        because: 'Before 3.0 EOF is no error of its own, and the close_notify before it is still told.',
      },
      {
        when: since32,
        versions: ['TLSv1.3'],
        expect: { [goesOn]: { error: 'SSL_ERROR_ZERO_RETURN', reason: 'none', alerts: [] } },
        because: keepsCloseNotify,
      },
      ...boringsslEarly,
    ],
  },
  {
    name: 'rustls-close-notify-sent-prior-to-handshake-complete',
    title: 'close_notify right behind ClientHello: the handshake fails',
    versions: tlsVersions,
    steps: [
      ...closeNotifyAfterClientHello,
      { do: 'SSL_do_handshake', by: 'server', as: meets, expect: closesAfterClientHello },
      { do: 'SSL_do_handshake', by: 'server', as: goesOn, expect: { value: -1, error: 'SSL_ERROR_WANT_READ' } },
      { do: 'SSL_get_shutdown', by: 'server', expect: { flags: 'RECEIVED' } },
    ],
    differs: [
      {
        when: since32,
        versions: ['TLSv1.3'],
        expect: { [goesOn]: { error: 'SSL_ERROR_ZERO_RETURN' } },
        because: keepsCloseNotify,
      },
      ...boringsslEarly,
    ],
  },
  {
    name: 'rustls-junk-after-close-notify-received',
    title: 'Half a record header behind close_notify disturbs nothing',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'client', data: 'hello' },
      sendsCloseNotify('client'),
      { do: 'forge', from: 'client', record: { type: 'plaintext', text: '\u0017\u0003\u0003\u0001' } },
      { do: 'transfer', from: 'client', expect: { wire: ['data 5', 'alert warning close_notify', 'plaintext 4'] } },
      { do: 'SSL_read', by: 'server', expect: { data: 'hello' } },
      { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED' } },
      { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED' } },
      completes('server'),
    ],
  },
  {
    name: 'rustls-data-after-close-notify-is-ignored',
    title: 'A write after close_notify is refused, and the peer reads only what came before',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'client', data: 'before' },
      sendsCloseNotify('client'),
      {
        do: 'SSL_write',
        by: 'client',
        data: 'after',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'protocol is shutdown' },
      },
      { do: 'transfer', from: 'client', expect: { wire: ['data 6', 'alert warning close_notify'] } },
      { do: 'SSL_read', by: 'server', expect: { data: 'before' } },
      { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN' } },
    ],
  },
  {
    name: 'rustls-subsequent-close-notify-ignored',
    title: 'Before any handshake SSL_shutdown sends nothing, however often',
    versions: tlsVersions,
    steps: [
      { do: 'SSL_shutdown', by: 'client', as: 'client closes', expect: refused },
      { do: 'SSL_shutdown', by: 'client', as: 'client closes again', expect: refused },
      { do: 'transfer', from: 'client', expect: { wire: [] } },
    ],
    differs: [quietInHandshake('client closes', 'client closes again')],
  },
  {
    name: 'rustls-second-close-notify-after-handshake',
    title: 'A second SSL_shutdown does not send a second close_notify',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client', expect: { wire: ['alert warning close_notify'] } },
      { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN' } },
      { do: 'SSL_shutdown', by: 'client', expect: { value: -1, error: 'SSL_ERROR_WANT_READ' } },
      { do: 'transfer', from: 'client', expect: { wire: [] } },
    ],
  },
  {
    name: 'rustls-read-tls-artificial-eof-after-close-notify',
    title: 'Bytes that come after close_notify was read are not taken for anything',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN' } },
      { do: 'forge', from: 'client', record: { type: 'plaintext', text: '\u0001\u0002\u0003\u0004' } },
      { do: 'transfer', from: 'client' },
      { do: 'SSL_read', by: 'server', expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED' } },
      completes('server'),
    ],
  },
]
