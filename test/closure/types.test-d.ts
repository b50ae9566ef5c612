// The public types: what each verdict proves of the facts, and that the unions are closed.
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { describe, expectTypeOf, test } from 'vitest'
import {
  type AbortedReport,
  type Alert,
  type AlertName,
  type CleanReport,
  type Closure,
  ClosureError,
  type ClosureErrorCode,
  type ClosureErrorOrigin,
  type ClosureFacts,
  type ClosureMode,
  type ClosureReport,
  type ClosureState,
  closureOf,
  createSecureContext,
  type Cut,
  type EndedBy,
  type FlushOptions,
  type NoHandshakeReport,
  type QuietContextOptions,
  type Received,
  runtimeSupport,
  type Sent,
  type ShutdownOptions,
  type TcpEnd,
  type Verdict,
} from '../../lib/index.js'
import type { Ssl } from '../../lib/openssl/index.js'

type Report<V extends Verdict> = Extract<ClosureReport, { readonly verdict: V }>
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

describe('ClosureReport', () => {
  test('has these verdicts and no other', () => {
    expectTypeOf<Verdict>().toEqualTypeOf<
      | 'clean'
      | 'half-closed'
      | 'unanswered'
      | 'unreciprocated'
      | 'quiet'
      | 'timed-out'
      | 'reader-stalled'
      | 'flooded'
      | 'alerted'
      | 'reset'
      | 'truncated'
      | 'aborted'
      | 'no-handshake'
      | 'unobserved'
    >()
  })

  test('is a report of facts, whatever the verdict', () => {
    expectTypeOf<ClosureReport>().toExtend<ClosureFacts>()
    expectTypeOf<ClosureFacts>().not.toExtend<ClosureReport>()
  })

  test('is narrowed by the verdict to the named interface', () => {
    expectTypeOf<Report<'clean'>>().toEqualTypeOf<CleanReport>()
    expectTypeOf<Report<'aborted'>>().toEqualTypeOf<AbortedReport>()
    expectTypeOf<Report<'no-handshake'>>().toEqualTypeOf<NoHandshakeReport>()
  })

  test('clean proves both alerts', () => {
    expectTypeOf<Report<'clean'>['sent']['kind']>().toEqualTypeOf<'close_notify'>()
    expectTypeOf<Report<'clean'>['received']['kind']>().toEqualTypeOf<'close_notify'>()
    expectTypeOf<Report<'clean'>['received']['userCanceledFirst']>().toEqualTypeOf<boolean>()
    expectTypeOf<Report<'clean'>['handshake']>().toEqualTypeOf<'completed'>()
  })

  test('half-closed and unanswered prove ours and differ in how TCP ended', () => {
    expectTypeOf<Report<'half-closed' | 'unanswered'>['sent']['kind']>().toEqualTypeOf<'close_notify'>()
    expectTypeOf<Report<'half-closed' | 'unanswered'>['received']['kind']>().toEqualTypeOf<'nothing'>()
    expectTypeOf<Report<'half-closed'>['tcp']>().toEqualTypeOf<{ readonly kind: 'open' }>()
    expectTypeOf<Report<'unanswered'>['tcp']['kind']>().toEqualTypeOf<'fin'>()
    expectTypeOf<Report<'unanswered'>['tcp']['cut']>().toEqualTypeOf<Cut | undefined>()
  })

  test('unreciprocated proves theirs, and that ours did not leave', () => {
    expectTypeOf<Report<'unreciprocated'>['received']['kind']>().toEqualTypeOf<'close_notify'>()
    expectTypeOf<Report<'unreciprocated'>['sent']['kind']>().toEqualTypeOf<'nothing' | 'not-flushed'>()
  })

  test('quiet proves that nothing was sent, on purpose, by us first', () => {
    expectTypeOf<Report<'quiet'>['quiet']>().toEqualTypeOf<true>()
    expectTypeOf<Report<'quiet'>['sent']>().toEqualTypeOf<{ readonly kind: 'nothing' }>()
    expectTypeOf<Report<'quiet'>['began']>().toEqualTypeOf<'local'>()
  })

  test('the end of our waiting is named by the verdicts that come of it', () => {
    expectTypeOf<Report<'timed-out'>['endedBy']>().toEqualTypeOf<'flush-timeout' | 'wait-timeout' | 'linger-timeout'>()
    expectTypeOf<Report<'reader-stalled'>['endedBy']>().toEqualTypeOf<'reader-stalled'>()
    expectTypeOf<Report<'flooded'>['endedBy']>().toEqualTypeOf<'discard-limit' | 'unexpected-data'>()
    expectTypeOf<Report<'clean'>['endedBy']>().toEqualTypeOf<EndedBy | undefined>()
  })

  test('reset and truncated prove how TCP ended', () => {
    expectTypeOf<Report<'reset'>['tcp']['kind']>().toEqualTypeOf<'reset'>()
    expectTypeOf<Report<'reset'>['tcp']['code']>().toEqualTypeOf<string>()
    expectTypeOf<Report<'truncated'>['tcp']['kind']>().toEqualTypeOf<'fin'>()
    expectTypeOf<Report<'truncated'>['received']>().toEqualTypeOf<{ readonly kind: 'nothing' }>()
  })

  test('no-handshake proves that there was none, and unobserved proves nothing', () => {
    expectTypeOf<Report<'no-handshake'>['handshake']>().toEqualTypeOf<'not-completed'>()
    expectTypeOf<Report<'unobserved'>['handshake']>().toEqualTypeOf<ClosureFacts['handshake']>()
    expectTypeOf<Report<'unobserved'>['sent']>().toEqualTypeOf<Sent>()
  })

  test('a switch over the verdict can be exhaustive', () => {
    const weight = (report: ClosureReport): number => {
      switch (report.verdict) {
        case 'clean':
          return report.received.at
        case 'half-closed':
        case 'unanswered':
          return report.sent.at
        case 'reset':
          return report.tcp.at
        case 'unreciprocated':
        case 'quiet':
        case 'timed-out':
        case 'reader-stalled':
        case 'flooded':
        case 'alerted':
        case 'truncated':
        case 'aborted':
        case 'no-handshake':
        case 'unobserved':
          return report.endedAt
        default:
          return report satisfies never
      }
    }
    expectTypeOf(weight).returns.toBeNumber()
  })

  test('cannot be written to', () => {
    expectTypeOf<Mutable<ClosureFacts>>().not.toEqualTypeOf<ClosureFacts>()
    expectTypeOf<ClosureFacts['alerts']>().toEqualTypeOf<readonly Alert[]>()
  })
})

describe('facts', () => {
  test('are unions on kind, each arm with its own fields only', () => {
    expectTypeOf<Sent['kind']>().toEqualTypeOf<
      'close_notify' | 'not-flushed' | 'fatal-alert' | 'nothing' | 'unobserved'
    >()
    expectTypeOf<Received['kind']>().toEqualTypeOf<'close_notify' | 'fatal-alert' | 'nothing' | 'unobserved'>()
    expectTypeOf<TcpEnd['kind']>().toEqualTypeOf<'fin' | 'reset' | 'open'>()
    expectTypeOf<Extract<Received, { kind: 'fatal-alert' }>['name']>().toEqualTypeOf<AlertName>()
    expectTypeOf<Extract<Received, { kind: 'nothing' }>>().not.toHaveProperty('at')
    expectTypeOf<Extract<TcpEnd, { kind: 'open' }>>().not.toHaveProperty('at')
  })

  test('name alerts by their names in the RFCs, or by number', () => {
    expectTypeOf<'close_notify'>().toExtend<AlertName>()
    expectTypeOf<'alert_200'>().toExtend<AlertName>()
    expectTypeOf<'closenotify'>().not.toExtend<AlertName>()
    expectTypeOf<Alert['direction']>().toEqualTypeOf<'sent' | 'received'>()
  })
})

describe('options', () => {
  test('are optional and readonly, and take no explicit undefined', () => {
    const shutdown: ShutdownOptions = {}
    // @ts-expect-error options are readonly
    shutdown.mode = 'quiet'
    const flush: FlushOptions = {}
    // @ts-expect-error options are readonly
    flush.flushTimeout = 1
    const context: QuietContextOptions = {}
    // @ts-expect-error options are readonly
    context.quietShutdown = true
    // @ts-expect-error exactOptionalPropertyTypes
    expectTypeOf<{ mode: undefined }>().toExtend<ShutdownOptions>()
  })

  test('are literal unions, and unknown keys are errors', () => {
    expectTypeOf<ClosureMode>().toEqualTypeOf<'quiet' | 'unidirectional' | 'bidirectional'>()
    expectTypeOf<ShutdownOptions['signal']>().toEqualTypeOf<AbortSignal | undefined>()
    // @ts-expect-error no such mode
    const mode: ShutdownOptions = { mode: 'both' }
    // @ts-expect-error no such option
    const unknown: ShutdownOptions = { timeout: 3 }
    expectTypeOf([mode, unknown]).toEqualTypeOf<ShutdownOptions[]>()
  })
})

describe('calls', () => {
  test('give what they say', () => {
    expectTypeOf(closureOf).returns.toEqualTypeOf<Closure>()
    expectTypeOf<Closure['report']>().toEqualTypeOf<Promise<ClosureReport>>()
    expectTypeOf<Closure['shutdown']>().returns.resolves.toEqualTypeOf<ClosureReport>()
    expectTypeOf<Closure['closeNotify']>().returns.resolves.toBeVoid()
    expectTypeOf<Closure['getShutdown']>().returns.toBeNumber()
    expectTypeOf<Closure['getQuietShutdown']>().returns.toBeBoolean()
    expectTypeOf<Closure['sslShutdown']>().returns.toEqualTypeOf<ReturnType<Ssl['shutdown']>>()
    expectTypeOf<Closure['state']>().toEqualTypeOf<ClosureState>()
    expectTypeOf<ClosureState>().toEqualTypeOf<'handshake' | 'open' | 'closing' | 'closed' | 'untracked'>()
    expectTypeOf(createSecureContext).parameter(0).toEqualTypeOf<QuietContextOptions | undefined>()
  })

  test('take a TLSSocket and nothing else', () => {
    expectTypeOf(closureOf).parameters.toEqualTypeOf<[TLSSocket]>()
    expectTypeOf<Socket>().not.toExtend<Parameters<typeof closureOf>[0]>()
  })

  test('tell errors apart by a literal code and by whose doing they are', () => {
    expectTypeOf<ClosureError['code']>().toEqualTypeOf<ClosureErrorCode>()
    expectTypeOf<ClosureErrorOrigin>().toEqualTypeOf<'caller' | 'environment' | 'connection'>()
    expectTypeOf<ClosureErrorCode>().toEqualTypeOf<
      | 'ERR_CLOSURE_INVALID_ARGUMENT'
      | 'ERR_CLOSURE_NOT_TLS'
      | 'ERR_CLOSURE_HANDSHAKE_PENDING'
      | 'ERR_CLOSURE_INSIDE_OPENSSL'
      | 'ERR_CLOSURE_IN_PROGRESS'
      | 'ERR_CLOSURE_CLOSED'
      | 'ERR_CLOSURE_OWNED'
      | 'ERR_CLOSURE_NATIVE_TRANSPORT'
      | 'ERR_CLOSURE_CONTROLLED'
      | 'ERR_WRITE_AFTER_CLOSE_NOTIFY'
      | 'ERR_TLS_ALREADY_STARTED'
      | 'ERR_PLAINTEXT_UNDER_TLS'
      | 'ERR_UNWRAP_ABORTED'
      | 'ERR_OPENSSL_FREED'
      | 'ERR_OPENSSL_STATE'
      | 'ERR_OPENSSL_CALL_FAILED'
      | 'ERR_CLOSURE_OUT_OF_MEMORY'
      | 'ERR_CLOSURE_UNTRACKED'
      | 'ERR_CLOSURE_UNSUPPORTED_RUNTIME'
      | 'ERR_CLOSURE_LOAD_FAILED'
      | 'ERR_OPENSSL_NOT_A_LIBRARY'
      | 'ERR_OPENSSL_WRONG_ARCHITECTURE'
      | 'ERR_OPENSSL_NEEDS_NEWER_GLIBC'
      | 'ERR_OPENSSL_LACKS_FUNCTION'
      | 'ERR_OPENSSL_LIBCRYPTO'
      | 'ERR_OPENSSL_SONAME_IN_USE'
      | 'ERR_OPENSSL_LOAD_FAILED'
      | 'ERR_OPENSSL_UNSUPPORTED_CALL'
      | 'ERR_LAB_BUILD'
      | 'ERR_LAB_NOT_A_JOURNAL'
      | 'ERR_LAB_JOURNAL_DIFFERS'
      | 'ERR_LAB_JOURNAL_IN_USE'
      | 'ERR_LAB_SCENARIO'
      | 'ERR_TLS_TRUNCATED'
      | 'ERR_CLOSURE_FLUSH_TIMEOUT'
      | 'ERR_UNWRAP_TIMEOUT'
      | 'ERR_UNWRAP_FAILED'
      | 'ERR_CLOSURE_OPENSSL'
    >()
    expectTypeOf(ClosureError).toExtend<new (...args: never) => Error>()
  })

  test('say of a runtime either its OpenSSL or the reason', () => {
    const support = runtimeSupport()
    if (support.supported) expectTypeOf(support.openssl).toBeString()
    else expectTypeOf(support.reason).toEqualTypeOf<ClosureError>()
  })
})
