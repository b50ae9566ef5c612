/**
 * LibreSSL's regress/lib/libssl/shutdown/shutdowntest.c: ten combinations of SSL_set_shutdown and
 * SSL_set_quiet_shutdown, and the lock-step. There both sides call SSL_shutdown in turn until it gives 1 or finds EOF,
 * which the other leaves behind when it is done; here every call of that loop is a step of its own. Where that test asks
 * SSL_get_error(ssl, 0) for ZERO_RETURN, SSL_read is called.
 */
import { tlsVersions, completes, eofElsewhere, findsEof, sendsCloseNotify } from './shared.js'
import type { Actor, Expectation, Scenario, Step } from '../types.js'
import type { ShutdownFlags } from '../../../tls/shutdown-flags.js'

const both = 'SENT|RECEIVED'
const received = 'received warning close_notify'

export const libresslScenarios: readonly Scenario[] = [
  row('bidirectional', 'Both sides close in turn and both receive close_notify', [
    sends('client'),
    sends('server'),
    receives('client'),
    receives('server'),
  ]),
  row('client-quiet', 'A quiet client sends nothing, and the server finds EOF', [
    quiet('client'),
    doneAtOnce('client'),
    sends('server'),
    meetsEof('server'),
  ]),
  row('server-quiet', 'A quiet server sends nothing, and the client finds EOF', [
    quiet('server'),
    sends('client'),
    doneAtOnce('server'),
    meetsEof('client'),
  ]),
  row('both-quiet', 'Two quiet sides are done at once', [
    quiet('client'),
    quiet('server'),
    doneAtOnce('client'),
    doneAtOnce('server'),
  ]),
  row('client-set-sent', 'A client that says it has sent close_notify only waits for the other', [
    set('client', 'SENT'),
    waits('client'),
    sends('server'),
    receives('client'),
    meetsEof('server'),
  ]),
  row('client-set-received', 'A client that says it has received close_notify only sends its own', [
    set('client', 'RECEIVED'),
    sendsAndIsDone('client'),
    sends('server'),
    receives('server'),
  ]),
  row('client-set-both', 'A client that says it has sent and received close_notify sends nothing', [
    set('client', both),
    doneAtOnce('client'),
    sends('server'),
    meetsEof('server'),
  ]),
  row('server-set-sent', 'A server that says it has sent close_notify only waits for the other', [
    set('server', 'SENT'),
    sends('client'),
    receives('server'),
    meetsEof('client'),
  ]),
  row('server-set-received', 'A server that says it has received close_notify only sends its own', [
    set('server', 'RECEIVED'),
    sends('client'),
    sendsAndIsDone('server'),
    receives('client'),
  ]),
  row('server-set-both', 'A server that says it has sent and received close_notify sends nothing', [
    set('server', both),
    sends('client'),
    doneAtOnce('server'),
    meetsEof('client'),
  ]),
  {
    name: 'libressl-lock-step',
    title: 'The first SSL_shutdown only sends, the second tells that close_notify was received',
    versions: tlsVersions,
    steps: [
      ...greetings(),
      { do: 'SSL_get_shutdown', by: 'client', expect: { flags: 'none' } },
      { do: 'SSL_get_shutdown', by: 'server', expect: { flags: 'none' } },
      sendsCloseNotify('client'),
      { do: 'transfer', from: 'client' },
      sendsCloseNotify('server'),
      { do: 'transfer', from: 'server' },
      completes('client'),
      completes('server'),
    ],
  },
]

function row(name: string, title: string, parts: readonly (readonly Step[])[]): Scenario {
  const steps = [...greetings(), ...parts.flat()]
  const eofLabels = steps.flatMap(({ as }) => (as?.endsWith('meets EOF') ? [as] : []))
  return {
    name: `libressl-${name}`,
    title,
    versions: tlsVersions,
    steps,
    differs: eofLabels.length === 0 ? [] : eofElsewhere(eofLabels),
  }
}

/** The handshake, and a word each way. */
function greetings(): readonly Step[] {
  return [
    { do: 'handshake' },
    { do: 'SSL_write', by: 'client', data: 'hello' },
    { do: 'SSL_write', by: 'server', data: 'hello' },
    { do: 'transfer', from: 'client' },
    { do: 'transfer', from: 'server' },
    { do: 'SSL_read', by: 'server', expect: { data: 'hello' } },
    { do: 'SSL_read', by: 'client', expect: { data: 'hello' } },
  ]
}

function set(by: Actor, flags: ShutdownFlags): readonly Step[] {
  return [{ do: 'SSL_set_shutdown', by, flags, expect: { flags } }]
}

function quiet(by: Actor): readonly Step[] {
  return [{ do: 'SSL_set_quiet_shutdown', by, quiet: true }]
}

function sends(by: Actor): readonly Step[] {
  return [sendsCloseNotify(by), transfer(by, ['alert warning close_notify'])]
}

function sendsAndIsDone(by: Actor): readonly Step[] {
  const expect = { value: 1, flags: both, alerts: ['sent warning close_notify'] } as const
  return [{ do: 'SSL_shutdown', by, expect }, transfer(by, ['alert warning close_notify']), eofFrom(by)]
}

function doneAtOnce(by: Actor): readonly Step[] {
  const expect: Expectation = { value: 1, flags: both, alerts: [] }
  return [{ do: 'SSL_shutdown', by, expect }, transfer(by, []), eofFrom(by)]
}

function waits(by: Actor): readonly Step[] {
  return [{ do: 'SSL_shutdown', by, expect: { value: -1, error: 'SSL_ERROR_WANT_READ', flags: 'SENT' } }]
}

function receives(by: Actor): readonly Step[] {
  return [
    { do: 'SSL_shutdown', by, expect: { value: 1, flags: both, alerts: [received] } },
    { do: 'SSL_read', by, as: `${by} is told of close_notify`, expect: { value: 0, error: 'SSL_ERROR_ZERO_RETURN' } },
    eofFrom(by),
  ]
}

function meetsEof(by: Actor): readonly Step[] {
  return [
    { do: 'SSL_shutdown', by, as: `${by} meets EOF`, expect: { value: -1, ...findsEof, flags: 'SENT', alerts: [] } },
  ]
}

function transfer(from: Actor, wire: readonly string[]): Step {
  return { do: 'transfer', from, expect: { wire } }
}

function eofFrom(by: Actor): Step {
  return { do: 'eof', to: by === 'client' ? 'server' : 'client' }
}
