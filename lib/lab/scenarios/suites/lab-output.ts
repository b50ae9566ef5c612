// Our own scenarios with an output that is full, and with records given by their bytes.
import {
  boringssl,
  completes,
  failedSince40,
  named,
  readsCloseNotify,
  refusesToClose,
  sendsCloseNotify,
  since32,
  tlsVersions,
} from './shared.js'
import type { ExpectedDifference, Scenario } from '../types.js'

// Holds the record of `hello` whole (34 bytes in TLS 1.2, 27 in TLS 1.3) and a part of the alert's behind it.
const narrow = { maxOutput: 40 }

/** NewSessionTicket: good for a day, nothing to add to its age, the nonce 00, the ticket deadbeef, no extensions. */
const ticket = '04000012000151800000000001000004deadbeef0000'

const alert = 'sent warning close_notify'

/** Steps in which an alert that was held back is written after all. */
function untoldSince32(label: string): ExpectedDifference {
  return {
    when: since32,
    expect: { [label]: { alerts: [] } },
    because:
      'Since 3.2 the message callback never runs for an alert that SSL_ERROR_WANT_WRITE held back, although it leaves.',
  }
}

const blocked = { value: -1, error: 'SSL_ERROR_WANT_WRITE' } as const

export const labOutputScenarios: readonly Scenario[] = [
  {
    name: 'lab-shutdown-blocked',
    title: 'A close_notify that does not fit into the output is sent by the next SSL_shutdown that finds room',
    versions: tlsVersions,
    client: narrow,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'client', data: 'hello', expect: { value: 5 } },
      { do: 'SSL_shutdown', by: 'client', as: 'client finds no room', expect: { ...blocked, flags: 'SENT' } },
      { do: 'SSL_shutdown', by: 'client', as: 'client still finds no room', expect: { ...blocked, flags: 'SENT' } },
      { do: 'transfer', from: 'client', as: 'room is made', expect: { wire: ['data 5'] } },
      {
        do: 'SSL_shutdown',
        by: 'client',
        as: 'client finds room',
        expect: { value: 0, flags: 'SENT', alerts: [alert] },
      },
      { do: 'transfer', from: 'client', as: 'the alert leaves', expect: { wire: ['alert warning close_notify'] } },
      { do: 'SSL_read', by: 'server', expect: { value: 5, data: 'hello' } },
      named('server reads on', readsCloseNotify('server')),
    ],
    differs: [untoldSince32('client finds room')],
  },
  {
    name: 'lab-answer-blocked',
    title: 'A close_notify that answers one and does not fit into the output',
    versions: tlsVersions,
    server: narrow,
    steps: [
      { do: 'handshake' },
      { do: 'SSL_write', by: 'server', data: 'hello', expect: { value: 5 } },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      readsCloseNotify('server'),
      { do: 'SSL_shutdown', by: 'server', as: 'server finds no room', expect: { ...blocked, flags: 'SENT|RECEIVED' } },
      { do: 'SSL_shutdown', by: 'server', as: 'server still finds no room', expect: { ...blocked } },
      { do: 'transfer', from: 'server', as: 'room is made', expect: { wire: ['data 5'] } },
      {
        do: 'SSL_shutdown',
        by: 'server',
        as: 'server finds room',
        expect: { value: 1, flags: 'SENT|RECEIVED', alerts: [alert] },
      },
      { do: 'transfer', from: 'server', as: 'the alert leaves', expect: { wire: ['alert warning close_notify'] } },
      { do: 'SSL_read', by: 'client', expect: { value: 5, data: 'hello' } },
      completes('client'),
    ],
    differs: [untoldSince32('server finds room')],
  },
  {
    name: 'lab-key-update-after-close-notify',
    title: 'TLS 1.3: a KeyUpdate that asks for one in return, after our close_notify',
    versions: ['TLSv1.3'],
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client', as: 'the alert leaves' },
      { do: 'forge', from: 'server', record: { type: 'handshake', hex: '1800000101' } },
      { do: 'SSL_write', by: 'server', data: 'under the next key', expect: { value: 18 } },
      { do: 'transfer', from: 'server', expect: { wire: ['key_update', 'data 18'] } },
      { do: 'SSL_read', by: 'client', expect: { value: 18, data: 'under the next key', flags: 'SENT' } },
      { do: 'transfer', from: 'client', as: 'the answer', expect: { wire: [] } },
    ],
  },
  {
    name: 'lab-ticket-before-close-notify',
    title: 'TLS 1.3: a NewSessionTicket right before close_notify is taken',
    versions: ['TLSv1.3'],
    steps: [
      { do: 'handshake' },
      { do: 'forge', from: 'server', record: { type: 'handshake', hex: ticket } },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server', expect: { wire: ['new_session_ticket', 'alert warning close_notify'] } },
      {
        do: 'SSL_read',
        by: 'client',
        expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED', newSessions: 1 },
      },
      completes('client'),
    ],
  },
  {
    name: 'lab-unknown-alert',
    title: 'A fatal alert that has no name ends the connection as any other',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      { do: 'forge', from: 'server', record: { type: 'alert', hex: '02ff' } },
      { do: 'transfer', from: 'server', expect: { wire: ['alert fatal alert_255'] } },
      {
        do: 'SSL_read',
        by: 'client',
        expect: { value: 0, error: 'SSL_ERROR_SSL', flags: 'RECEIVED', alerts: ['received fatal alert_255'] },
      },
      refusesToClose('client'),
      { do: 'transfer', from: 'client', expect: { wire: [] } },
    ],
    differs: [
      failedSince40('client SSL_shutdown'),
      {
        when: boringssl,
        expect: {
          'client SSL_read': { value: -1 },
          'client SSL_shutdown': { value: 0, error: 'SSL_ERROR_NONE', reason: 'none', flags: 'SENT|RECEIVED' },
          'client transfer': { wire: ['alert warning close_notify'] },
        },
        because:
          'After a fatal alert of the peer BoringSSL still sends close_notify when asked to, and it has SSL_read give -1.',
      },
    ],
  },
]
