// Our own scenarios on what becomes of a session when its connection ends in one way or another.
import {
  before30,
  boringssl,
  tlsVersions,
  completes,
  eofElsewhere,
  findsEofOpen,
  noSessionFromBoringssl,
  sendsCloseNotify,
} from './shared.js'
import type { ExpectedDifference, Scenario, Step } from '../types.js'

const before = 'resumable before'
const afterFree = 'resumable after SSL_free'
const reused = 'client SSL_session_reused'

function isResumable(as: string, value: number): Step {
  return { do: 'SSL_SESSION_is_resumable', by: 'client', as, expect: { value } }
}

const holdSession: readonly Step[] = [
  { do: 'handshake' },
  { do: 'SSL_get1_session', by: 'client', expect: { value: 1 } },
  isResumable(before, 1),
]

/** The client frees its SSL and offers the session that it held in a new connection. */
function resumes(value: number): readonly Step[] {
  return [
    { do: 'SSL_free', by: 'client' },
    isResumable(afterFree, value),
    { do: 'reconnect', offer: 'session', expect: { value: 1 } },
    { do: 'handshake', as: 'new handshake' },
    { do: 'SSL_session_reused', by: 'client', expect: { value } },
  ]
}

/** Sessions that OpenSSL keeps: in TLS 1.3 the engine gets none from BoringSSL that it could resume. */
const noneFromBoringssl: ExpectedDifference = {
  when: boringssl,
  versions: ['TLSv1.3'],
  expect: { [before]: { value: 0 }, [afterFree]: { value: 0 }, [reused]: { value: 0 } },
  because: noSessionFromBoringssl,
}

/** Sessions that OpenSSL drops. */
function keptByBoringssl(...labels: readonly string[]): readonly ExpectedDifference[] {
  return [
    {
      when: boringssl,
      versions: ['TLSv1.2'],
      expect: Object.fromEntries([...labels, afterFree, reused].map((label) => [label, { value: 1 }])),
      because: 'BoringSSL never takes a session back, however its connection ended.',
    },
    { when: boringssl, versions: ['TLSv1.3'], expect: { [before]: { value: 0 } }, because: noSessionFromBoringssl },
  ]
}

const server = { tickets: 2 }

export const labSessionScenarios: readonly Scenario[] = [
  {
    name: 'lab-tickets-before-close-notify',
    title: 'TLS 1.3: session tickets that the second SSL_shutdown meets are taken, and it goes on waiting',
    versions: ['TLSv1.3'],
    server,
    steps: [
      { do: 'handshake', tickets: 'unread' },
      sendsCloseNotify('client'),
      {
        do: 'SSL_shutdown',
        by: 'client',
        as: 'client awaits close_notify',
        expect: { value: -1, error: 'SSL_ERROR_WANT_READ', newSessions: 2 },
      },
    ],
    differs: [
      {
        when: boringssl,
        expect: { 'client awaits close_notify': { newSessions: 0 } },
        because: noSessionFromBoringssl,
      },
    ],
  },
  {
    name: 'lab-session-after-shutdown',
    title: 'A session whose connection ended with our close_notify can be resumed',
    versions: tlsVersions,
    server,
    steps: [...holdSession, sendsCloseNotify('client'), ...resumes(1)],
    differs: [noneFromBoringssl],
  },
  {
    name: 'lab-session-after-quiet',
    title: 'A session whose connection ended with a quiet shutdown can be resumed',
    versions: tlsVersions,
    client: { quietShutdown: true },
    server,
    steps: [...holdSession, completes('client'), ...resumes(1)],
    differs: [noneFromBoringssl],
  },
  {
    name: 'lab-session-after-set-sent',
    title: 'A session can be resumed where SSL_set_shutdown says that close_notify was sent',
    versions: tlsVersions,
    server,
    steps: [
      ...holdSession,
      { do: 'SSL_set_shutdown', by: 'client', flags: 'SENT', expect: { flags: 'SENT' } },
      ...resumes(1),
    ],
    differs: [noneFromBoringssl],
  },
  {
    name: 'lab-session-after-free',
    title: 'A session whose SSL is freed without close_notify is lost',
    versions: tlsVersions,
    server,
    steps: [...holdSession, ...resumes(0)],
    differs: keptByBoringssl(),
  },
  {
    name: 'lab-session-after-received-only',
    title: 'A session whose connection only the peer has closed is lost',
    versions: tlsVersions,
    server,
    steps: [
      ...holdSession,
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server', expect: { wire: ['alert warning close_notify'] } },
      {
        do: 'SSL_read',
        by: 'client',
        expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED', newSessions: 0 },
      },
      ...resumes(0),
    ],
    differs: [
      ...keptByBoringssl(),
      {
        when: boringssl,
        versions: ['TLSv1.3'],
        expect: {
          'server transfer': { wire: ['new_session_ticket new_session_ticket', 'alert warning close_notify'] },
          'client SSL_read': { newSessions: 2 },
        },
        because: noSessionFromBoringssl,
      },
    ],
  },
  {
    name: 'lab-session-after-eof',
    title: 'A session whose connection meets EOF without close_notify is lost at once',
    versions: tlsVersions,
    server,
    steps: [
      ...holdSession,
      { do: 'eof', to: 'client' },
      { do: 'SSL_read', by: 'client', as: 'client meets EOF', expect: findsEofOpen },
      isResumable('resumable after EOF', 0),
      ...resumes(0),
    ],
    differs: [
      ...eofElsewhere(['client meets EOF']),
      {
        when: before30,
        expect: { 'resumable after EOF': { value: 1 } },
        because: 'Before 3.0 EOF is not fatal: the session is lost when its SSL is freed without close_notify.',
      },
      ...keptByBoringssl('resumable after EOF'),
    ],
  },
  {
    name: 'lab-session-after-fatal-alert',
    title: 'A session whose connection ends with a fatal alert of the peer is lost at once',
    versions: tlsVersions,
    server,
    steps: [
      ...holdSession,
      { do: 'forge', from: 'server', record: { type: 'alert', level: 'fatal', name: 'internal_error' } },
      { do: 'transfer', from: 'server' },
      { do: 'SSL_read', by: 'client', expect: { value: 0, error: 'SSL_ERROR_SSL', flags: 'RECEIVED' } },

      isResumable('resumable after the alert', 0),
      ...resumes(0),
    ],
    differs: [
      ...keptByBoringssl('resumable after the alert'),
      {
        when: boringssl,
        expect: { 'client SSL_read': { value: -1 } },
        because: 'In BoringSSL SSL_read gives -1 for a fatal alert.',
      },
    ],
  },
  {
    name: 'lab-session-copy',
    title: 'A copy of a session, made through its DER, can be resumed after any end of its connection',
    versions: tlsVersions,
    server,
    steps: [
      ...holdSession,
      { do: 'reconnect', offer: 'copy', expect: { value: 1 } },
      { do: 'handshake', as: 'new handshake' },
      { do: 'SSL_session_reused', by: 'client', expect: { value: 1 } },
    ],
    differs: [
      {
        when: boringssl,
        versions: ['TLSv1.3'],
        expect: { [before]: { value: 0 }, [reused]: { value: 0 } },
        because: noSessionFromBoringssl,
      },
    ],
  },
]
