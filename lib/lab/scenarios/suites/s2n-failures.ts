// Those of s2n's scenarios that are about alerts and about records that fail. The list is in s2n.ts.
import {
  boringssl,
  tlsVersions,
  entrySince32,
  failedSince40,
  lacksNoRenegotiation,
  named,
  refusesToClose,
  sendsCloseNotify,
  since32,
} from './shared.js'
import type { Actor, Scenario, Step } from '../types.js'

const malformed: readonly Step[] = [
  { do: 'forge', from: 'client', record: { type: 'plaintext', text: 'no record at all' } },
  { do: 'transfer', from: 'client' },
]

function fatalAlert(from: Actor): readonly Step[] {
  return [
    { do: 'forge', from, record: { type: 'alert', level: 'fatal', name: 'internal_error' } },
    { do: 'transfer', from, expect: { wire: ['alert fatal internal_error'] } },
  ]
}

const failedOnRecord =
  'BoringSSL marks the reading side as closed when reading has failed, and repeats the error that it failed with.'

const dropsAlerts =
  'After a fatal alert of the peer BoringSSL still sends close_notify when asked to, and it has SSL_read give -1.'

export const s2nFailureScenarios: readonly Scenario[] = [
  {
    name: 's2n-after-our-fatal-alert',
    title: 'After a fatal alert of our own SSL_shutdown sends no close_notify',
    versions: tlsVersions,
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
      entrySince32('server SSL_read'),
      {
        when: since32,
        versions: ['TLSv1.3'],
        expect: {
          'server SSL_read': { alerts: ['sent fatal unexpected_message'] },
          'server transfer': { wire: ['alert fatal unexpected_message'] },
        },
        because: 'The record layer of 3.2 looks at the type of a record before its version in TLS 1.3.',
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
    versions: tlsVersions,
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
          'server SSL_shutdown': { value: 0, error: 'SSL_ERROR_NONE', reason: 'none', flags: 'SENT|RECEIVED' },
          'server transfer': { wire: ['alert warning close_notify'] },
        },
        because: dropsAlerts,
      },
    ],
  },
  {
    name: 's2n-fatal-alert-while-waiting',
    title: 'A fatal alert that arrives while SSL_shutdown waits, and SSL_shutdown after that',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      ...fatalAlert('client'),
      {
        do: 'SSL_shutdown',
        by: 'server',
        as: 'server meets the alert',
        expect: {
          value: 1,
          error: 'SSL_ERROR_NONE',
          reason: 'tlsv1 alert internal error',
          flags: 'SENT|RECEIVED',
          alerts: ['received fatal internal_error'],
        },
      },
      named('server closes again', refusesToClose('server')),
      named('server closes once more', refusesToClose('server')),
      { do: 'transfer', from: 'server', expect: { wire: [] } },
    ],
    differs: [
      failedSince40('server closes again', 'server closes once more'),
      {
        when: boringssl,
        expect: {
          'server meets the alert': { value: -1, error: 'SSL_ERROR_SSL' },
          'server closes again': { reason: 'tlsv1 alert internal error' },
          'server closes once more': { reason: 'tlsv1 alert internal error' },
        },
        because: 'BoringSSL tells a fatal alert from a close_notify, and repeats it; in OpenSSL SSL_shutdown gives 1.',
      },
    ],
  },
  {
    name: 's2n-after-malformed-record',
    title: 'After a malformed record nothing is awaited any more, and the next SSL_read fails too',
    versions: tlsVersions,
    steps: [
      { do: 'handshake' },
      ...malformed,
      {
        do: 'SSL_read',
        by: 'server',
        as: 'server meets the record',
        expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'wrong version number', flags: 'none' },
      },
      {
        do: 'SSL_read',
        by: 'server',
        as: 'server reads again',
        expect: { value: -1, error: 'SSL_ERROR_SYSCALL', reason: 'none' },
      },
      named('server closes', refusesToClose('server')),
      named('server closes again', refusesToClose('server')),
    ],
    differs: [
      entrySince32('server meets the record'),
      failedSince40('server reads again', 'server closes', 'server closes again'),
      {
        when: boringssl,
        expect: {
          'server meets the record': { flags: 'RECEIVED' },
          'server reads again': { error: 'SSL_ERROR_SSL', reason: 'wrong version number' },
          'server closes': { reason: 'protocol is shutdown' },
          'server closes again': { reason: 'protocol is shutdown' },
        },
        because: failedOnRecord,
      },
    ],
  },
  {
    name: 's2n-partial-malformed-record',
    title: 'A record that comes in two parts and was changed on the way: the second SSL_shutdown fails',
    versions: tlsVersions,
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
        as: 'server meets the record',
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
      entrySince32('server meets the record'),
      {
        when: { kind: 'OpenSSL', from: '3.0' },
        versions: ['TLSv1.2'],
        expect: {
          'server meets the record': { reasons: ['cipher operation failed', 'decryption failed or bad record mac'] },
        },
        because: 'Since 3.0 the provider that deciphers adds an entry of its own to the error queue, before the cause.',
      },
      {
        when: since32,
        versions: ['TLSv1.2'],
        expect: {
          'server meets the record': {
            reasons: ['cipher operation failed', 'decryption failed or bad record mac', 'record layer failure'],
          },
        },
        because: 'The record layer of 3.2 adds an entry of its own to the error queue, behind the cause.',
      },
      { when: boringssl, expect: { 'server meets the record': { flags: 'SENT|RECEIVED' } }, because: failedOnRecord },
    ],
  },
  {
    name: 's2n-our-fatal-alert-while-waiting',
    title: 'A malformed record that arrives after our close_notify is answered by no alert any more',
    versions: tlsVersions,
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
      named('server closes again', refusesToClose('server')),
    ],
    differs: [
      entrySince32('server SSL_read'),
      failedSince40('server closes again'),
      {
        when: boringssl,
        expect: {
          'server SSL_read': { flags: 'SENT|RECEIVED' },
          'server closes again': { reason: 'wrong version number' },
        },
        because: failedOnRecord,
      },
    ],
  },
  {
    name: 's2n-read-fatal-alert-while-waiting',
    title: 'After our close_notify SSL_read finds a fatal alert; SSL_shutdown after that',
    versions: tlsVersions,
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
      named('client closes again', refusesToClose('client')),
    ],
    differs: [
      failedSince40('client closes again'),
      {
        when: boringssl,
        expect: {
          'client SSL_read': { value: -1 },
          'client closes again': { reason: 'tlsv1 alert internal error' },
        },
        because: 'BoringSSL repeats the error that reading has failed with, and it has SSL_read give -1.',
      },
    ],
  },
]
