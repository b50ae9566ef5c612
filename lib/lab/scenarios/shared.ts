// Words that the suites share.
import type { Actor, BuildRange, Difference, Expectation, Step } from './types.js'

export const bothVersions = ['TLSv1.2', 'TLSv1.3'] as const

export const boringssl: BuildRange = { kind: 'BoringSSL' }

export const before30: BuildRange = { kind: 'OpenSSL', before: '3.0' }

/** Both directions, the client's first. */
export const transferBoth: readonly Step[] = [
  { do: 'transfer', from: 'client' },
  { do: 'transfer', from: 'server' },
]

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

/** What a call gives that finds EOF before close_notify. */
export const findsEof = {
  error: 'SSL_ERROR_SSL',
  reason: 'unexpected eof while reading',
} as const satisfies Expectation

/** How the builds without that reason tell of EOF, in the steps with these labels. */
export function eofElsewhere(...labels: readonly string[]): readonly Difference[] {
  const expect = Object.fromEntries(
    labels.map((label) => [label, { error: 'SSL_ERROR_SYSCALL', reason: 'none' } satisfies Expectation]),
  )
  return [
    {
      when: before30,
      expect,
      because:
        'Before 3.0 OpenSSL takes EOF for a matter of the transport: SSL_ERROR_SYSCALL with an empty queue (and errno 0).',
    },
    {
      when: boringssl,
      expect,
      because: 'BoringSSL kept what OpenSSL did before 3.0: SSL_ERROR_SYSCALL with an empty queue.',
    },
  ]
}
