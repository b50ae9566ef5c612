import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { describe, expectTypeOf, test } from 'vitest'
import {
  type ClosureError,
  type ClosureReport,
  type StartedTls,
  startTls,
  type StartTlsOptions,
  type UnwrapError,
  type UnwrapErrorCode,
  type UnwrapOptions,
} from '../../lib/index.js'

describe('startTls()', () => {
  test('takes a net.Socket, a TLSSocket too, and the options of one side', () => {
    expectTypeOf(startTls).parameter(0).toEqualTypeOf<Socket>()
    expectTypeOf<TLSSocket>().toExtend<Parameters<typeof startTls>[0]>()
    expectTypeOf<{ servername: string; ca: string }>().toExtend<StartTlsOptions>()
    expectTypeOf<{ isServer: true; key: string; cert: string; requestCert: boolean }>().toExtend<StartTlsOptions>()
  })

  test('gives a TLSSocket and a way back to the net.Socket', () => {
    expectTypeOf(startTls).returns.toEqualTypeOf<StartedTls>()
    expectTypeOf<StartedTls['socket']>().toEqualTypeOf<TLSSocket>()
    expectTypeOf<StartedTls['unwrap']>().parameter(0).toEqualTypeOf<UnwrapOptions | undefined>()
    expectTypeOf<StartedTls['unwrap']>().returns.resolves.toEqualTypeOf<Socket>()
  })

  test('has errors with a literal code and the report', () => {
    expectTypeOf<UnwrapError>().toExtend<ClosureError>()
    expectTypeOf<UnwrapError['code']>().toEqualTypeOf<UnwrapErrorCode>()
    expectTypeOf<UnwrapErrorCode>().toEqualTypeOf<'ERR_UNWRAP_TIMEOUT' | 'ERR_UNWRAP_FAILED' | 'ERR_UNWRAP_ABORTED'>()
    expectTypeOf<UnwrapError['report']>().toEqualTypeOf<ClosureReport>()
  })
})
