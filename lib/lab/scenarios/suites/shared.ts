// Words that the suites share. Measured were OpenSSL 1.1.1, 3.0, 3.5, 3.6 and 4.0: a border in between stands where the
// cause came, such as the new record layer of 3.2.
import type { Actor, BuildRange, ExpectedDifference, Expectation, Step } from '../types.js'

export { tlsVersions } from '../../../tls/versions.js'

export const boringssl: BuildRange = { kind: 'BoringSSL' }
export const before30: BuildRange = { kind: 'OpenSSL', before: '3.0' }
export const since32: BuildRange = { kind: 'OpenSSL', from: '3.2' }
export const since40: BuildRange = { kind: 'OpenSSL', from: '4.0' }

/** A step under a name of its own, by which `differs` finds it: a number moves when a step is inserted before. */
export function named(as: string, step: Step): Step {
  return { ...step, as }
}

/** The first SSL_shutdown of a side that has received nothing. */
export function sendsCloseNotify(by: Actor): Step {
  return {
    do: 'SSL_shutdown',
    by,
    expect: { value: 0, flags: 'SENT', alerts: ['sent warning close_notify'], reason: 'none' },
  }
}

/** SSL_read that finds the other's close_notify, its own not being sent. */
export function readsCloseNotify(by: Actor): Step {
  return { do: 'SSL_read', by, expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN', flags: 'RECEIVED' } }
}

/** SSL_shutdown that ends with both close_notifies. */
export function completes(by: Actor): Step {
  return { do: 'SSL_shutdown', by, expect: { value: 1, error: 'SSL_ERROR_NONE', flags: 'SENT|RECEIVED' } }
}

/** The result of a call that finds EOF before close_notify; with `findsEofOpen` our side can still send an alert. */
export const findsEof = {
  error: 'SSL_ERROR_SSL',
  reason: 'unexpected eof while reading',
} as const satisfies Expectation

export const findsEofOpen = {
  value: 0,
  ...findsEof,
  flags: 'none',
  alerts: ['sent fatal decode_error'],
} as const satisfies Expectation

const eofElsewhereBecause = {
  before30:
    'Before 3.0 OpenSSL takes EOF for a matter of the transport: SSL_ERROR_SYSCALL with an empty queue (and errno 0), no alert, and the SSL stays usable. Since 3.0 it is a fatal error, for which decode_error is sent.',
  boringssl: 'BoringSSL kept what OpenSSL did before 3.0: EOF is SSL_ERROR_SYSCALL with an empty queue, and no alert.',
}

/** The results of builds for which EOF is no error of the protocol: of the steps so labelled, and further ones. */
export function eofElsewhere(
  labels: readonly string[],
  further: Readonly<Record<string, Expectation>> = {},
): readonly ExpectedDifference[] {
  const notFatal: Expectation = { error: 'SSL_ERROR_SYSCALL', reason: 'none', alerts: [] }
  const expect = { ...Object.fromEntries(labels.map((label) => [label, notFatal])), ...further }
  return [
    { when: before30, expect, because: eofElsewhereBecause.before30 },
    { when: boringssl, expect, because: eofElsewhereBecause.boringssl },
  ]
}

/** SSL_shutdown on an SSL that has failed. */
export function refusesToClose(by: Actor): Step {
  return { do: 'SSL_shutdown', by, expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'shutdown while in init' } }
}

/** The results of steps on an SSL that has failed, since 4.0. */
export function failedSince40(...labels: readonly string[]): ExpectedDifference {
  return {
    when: since40,
    expect: Object.fromEntries(labels.map((label) => [label, { error: 'SSL_ERROR_SSL', reason: 'none' } as const])),
    because:
      'Since 4.0 every call on an SSL that has failed gives SSL_ERROR_SSL with an empty queue; before, SSL_read gives SSL_ERROR_SYSCALL, and SSL_shutdown complains of a handshake.',
  }
}

/** The entry that a step which fails over a record adds to the error queue since 3.2. */
export function entrySince32(...labels: readonly string[]): ExpectedDifference {
  return {
    when: since32,
    expect: Object.fromEntries(labels.map((label) => [label, { reason: 'record layer failure' }])),
    because: 'The record layer of 3.2 adds an entry of its own to the error queue, behind the cause.',
  }
}

/** SSL_shutdown that finds application data in place of close_notify. */
export function meetsData(by: Actor): Step {
  return {
    do: 'SSL_shutdown',
    by,
    as: `${by} meets data`,
    expect: { value: -1, error: 'SSL_ERROR_SSL', reason: 'application data after close notify', flags: 'SENT' },
  }
}

/** Steps in which SSL_shutdown meets data. */
export function dataInBoringssl(...labels: readonly string[]): ExpectedDifference {
  return {
    when: boringssl,
    expect: Object.fromEntries(labels.map((label) => [label, { reason: 'application data on shutdown' }])),
    because: 'BoringSSL has a name of its own for application data that SSL_shutdown meets.',
  }
}

/** SSL_shutdown during a handshake. */
export function quietInHandshake(...labels: readonly string[]): ExpectedDifference {
  const expectation: Expectation = { value: 1, error: 'SSL_ERROR_NONE', reason: 'none' }
  return {
    when: boringssl,
    expect: Object.fromEntries(labels.map((label) => [label, expectation])),
    because:
      'During a handshake, and before it, SSL_shutdown of BoringSSL does nothing and gives 1: callers often call it before SSL_free, whatever became of the handshake.',
  }
}

export const lacksIgnoreEof: readonly ExpectedDifference[] = [
  {
    when: before30,
    lacks: ['SSL_OP_IGNORE_UNEXPECTED_EOF'],
    because: 'SSL_OP_IGNORE_UNEXPECTED_EOF came with 3.0, together with the error that it takes back.',
  },
  {
    when: boringssl,
    lacks: ['SSL_OP_IGNORE_UNEXPECTED_EOF'],
    because: 'BoringSSL has no SSL_OP_IGNORE_UNEXPECTED_EOF: EOF is never an error of the protocol there.',
  },
]

export const lacksNoRenegotiation: ExpectedDifference = {
  when: boringssl,
  lacks: ['SSL_OP_NO_RENEGOTIATION'],
  because: 'In BoringSSL renegotiation is forbidden unless it is allowed; the option does nothing.',
}

export const noSessionFromBoringssl =
  'In TLS 1.3 BoringSSL hands a session that can be resumed to the callback of SSL_CTX_sess_set_new_cb only; SSL_get1_session gives that of the handshake, which cannot be resumed. Its server sends tickets along with the first thing it writes, and its SSL_shutdown drops those that it meets.'

export const keepsCloseNotify =
  'Since 3.2 the record of a TLS 1.3 close_notify stays with the SSL when it has been read (openssl/openssl#25254 is another consequence): it counts as pending, and is read once more where the flag has been cleared.'
