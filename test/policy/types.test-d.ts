import type { Server as HttpServer } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import type { Agent as HttpsAgent, Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import type { Agent, buildConnector } from 'undici'
import { describe, expectTypeOf, test } from 'vitest'
import type {
  closingConnect,
  ClosureControl,
  ClosureError,
  ClosureMessage,
  ClosurePolicy,
  ClosureReport,
  Connect,
  ConnectionPolicy,
  controlClosure,
  Drained,
  LearnedWaiting,
  learnedWaiting,
  TruncationError,
  UnwrapOptions,
  Verdict,
} from '../../lib/index.js'

type Target = Parameters<typeof controlClosure>[0]

describe('controlClosure()', () => {
  test('takes what makes TLS connections, or one, and nothing else', () => {
    expectTypeOf<TlsServer>().toExtend<Target>()
    expectTypeOf<HttpsServer>().toExtend<Target>()
    expectTypeOf<Http2SecureServer>().toExtend<Target>()
    expectTypeOf<HttpsAgent>().toExtend<Target>()
    expectTypeOf<TLSSocket>().toExtend<Target>()
    expectTypeOf<HttpServer>().not.toExtend<Target>()
    expectTypeOf<Socket>().not.toExtend<Target>()
  })

  test('has options of which each may be left out, and literal choices', () => {
    expectTypeOf<{ readonly mode: 'quiet' }>().toExtend<ClosurePolicy>()
    expectTypeOf<{ readonly mode: 'loud' }>().not.toExtend<ClosurePolicy>()
    expectTypeOf<Parameters<typeof controlClosure>[1]>().toEqualTypeOf<ClosurePolicy | undefined>()
    expectTypeOf<ConnectionPolicy['mode']>().toEqualTypeOf<'quiet' | 'unidirectional' | 'bidirectional' | undefined>()
    expectTypeOf<ConnectionPolicy['waitTimeout']>().toEqualTypeOf<number | LearnedWaiting | undefined>()
    expectTypeOf<UnwrapOptions['waitTimeout']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<ConnectionPolicy['onDestroy']>().toEqualTypeOf<'bare' | 'close_notify' | undefined>()
    expectTypeOf<ConnectionPolicy['onTruncation']>().toEqualTypeOf<'report' | 'error' | undefined>()
    expectTypeOf<ClosurePolicy>().toExtend<ConnectionPolicy>()
    expectTypeOf<NonNullable<ClosurePolicy['perConnection']>>().returns.toEqualTypeOf<ConnectionPolicy | undefined>()
  })

  test('gives a control whose events and counters are typed', () => {
    expectTypeOf<ReturnType<typeof controlClosure>>().toEqualTypeOf<ClosureControl>()
    expectTypeOf<ClosureControl>().toExtend<Disposable>()
    expectTypeOf<ClosureControl['counters']>().toEqualTypeOf<Readonly<Record<Verdict, number>>>()
    expectTypeOf<ClosureControl['waiting']>().toBeNumber()
    const listen = (control: ClosureControl) =>
      control.on('closure', (report, socket) => {
        expectTypeOf(report).toEqualTypeOf<ClosureReport>()
        expectTypeOf(socket).toEqualTypeOf<TLSSocket>()
      })
    expectTypeOf(listen).toBeFunction()
    expectTypeOf<ClosureMessage['target']>().toEqualTypeOf<Target | undefined>()
  })
})

describe('closingConnect()', () => {
  test("gives what undici's Agent takes, and goes around what its buildConnector gives", () => {
    expectTypeOf<Connect>().toExtend<NonNullable<NonNullable<ConstructorParameters<typeof Agent>[0]>['connect']>>()
    expectTypeOf<buildConnector.connector>().toExtend<Parameters<ReturnType<typeof closingConnect>>[0]>()
    expectTypeOf<{ readonly ca: string }>().toExtend<Parameters<ReturnType<typeof closingConnect>>[0]>()
    expectTypeOf<ReturnType<typeof closingConnect>['control']>().toEqualTypeOf<ClosureControl>()
  })

  test('gives options of other libraries the type that they had', () => {
    const ofRedis = (connecting: ReturnType<typeof closingConnect>) =>
      connecting({ host: 'localhost', port: 6379, tls: true })
    expectTypeOf(ofRedis).returns.toEqualTypeOf<{ host: string; port: number; tls: boolean }>()
  })
})

describe('TruncationError', () => {
  test('is a ClosureError with the report', () => {
    expectTypeOf<TruncationError>().toExtend<ClosureError>()
    expectTypeOf<TruncationError['report']>().toEqualTypeOf<ClosureReport>()
  })
})

describe('learnedWaiting()', () => {
  test('takes what it has exported', () => {
    expectTypeOf<ReturnType<LearnedWaiting['exportState']>>().toExtend<
      NonNullable<NonNullable<Parameters<typeof learnedWaiting>[0]>['state']>
    >()
  })
})

describe('drained()', () => {
  test('tells what is left only where its time was over', () => {
    expectTypeOf<Extract<Drained, { readonly kind: 'timed-out' }>>().toHaveProperty('waiting')
    expectTypeOf<Extract<Drained, { readonly kind: 'drained' }>>().not.toHaveProperty('waiting')
  })
})
