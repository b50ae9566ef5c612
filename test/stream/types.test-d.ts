// The public types: what can be asked for, and what is told.
import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PeerCertificate } from 'node:tls'
import { describe, expectTypeOf, test } from 'vitest'
import {
  type ClosureError,
  type ClosureMode,
  type ClosureReport,
  connect,
  type ConnectOptions,
  type ContextOptions,
  createContext,
  createServer,
  type OpenSSL,
  type ServerOptions,
  type SslContext,
  type SslError,
  type SslProtocol,
  type StreamClosingOptions,
  type StreamShutdownOptions,
  type TlsServer,
  TlsStream,
  type TlsStreamOptions,
  TruncationError,
  type UnwrapOptions,
} from '../../lib/stream/index.js'
import type { ClosureReport as ClosureReportOfClosure, ShutdownOptions } from '../../lib/index.js'
import { TruncationError as TruncationErrorOfPolicies } from '../../lib/index.js'

describe('a stream', () => {
  test('is a Duplex over any Duplex', () => {
    expectTypeOf<TlsStream>().toExtend<Duplex>()
    expectTypeOf(TlsStream).constructorParameters.toEqualTypeOf<[Duplex, TlsStreamOptions]>()
    expectTypeOf(createContext).returns.toEqualTypeOf<SslContext>()
    expectTypeOf(connect).returns.toEqualTypeOf<TlsStream>()
    expectTypeOf(createServer).returns.toEqualTypeOf<TlsServer>()
    expectTypeOf<TlsServer>().toExtend<Server>()
  })

  test('closes with the words of closures, but for what unwrap() does', () => {
    expectTypeOf<TlsStream['report']>().toEqualTypeOf<Promise<ClosureReport>>()
    expectTypeOf<ClosureReport>().toEqualTypeOf<ClosureReportOfClosure>()
    expectTypeOf<StreamShutdownOptions>().toEqualTypeOf<Omit<ShutdownOptions, 'afterwards'>>()
    expectTypeOf<StreamClosingOptions['closing']>().toEqualTypeOf<ClosureMode | undefined>()
    expectTypeOf<TlsStream['unwrap']>().toEqualTypeOf<(options?: UnwrapOptions) => Promise<Duplex>>()
    expectTypeOf<UnwrapOptions['onTimeout']>().toEqualTypeOf<'destroy' | 'reject' | undefined>()
    expectTypeOf<UnwrapOptions>().not.toHaveProperty('mode')
  })

  test('takes a library, and says what the handshake has brought', () => {
    expectTypeOf<ConnectOptions['openssl']>().toEqualTypeOf<OpenSSL | undefined>()
    expectTypeOf<ServerOptions['secureContext']>().toEqualTypeOf<SslContext | undefined>()
    expectTypeOf<TlsStream['getProtocol']>().returns.toEqualTypeOf<SslProtocol | undefined>()
    expectTypeOf<TlsStream['alpnProtocol']>().toEqualTypeOf<string | false>()
    expectTypeOf<ReturnType<TlsStream['getPeerCertificate']>>().toEqualTypeOf<Partial<PeerCertificate> | null>()
    expectTypeOf<Parameters<TlsServer['addContext']>>().toEqualTypeOf<
      [hostname: string, context: SslContext | ContextOptions]
    >()
    expectTypeOf<Required<ServerOptions>['SNICallback']>().parameter(0).toBeString()
    expectTypeOf<ReturnType<Required<ServerOptions>['ALPNCallback']>>().toEqualTypeOf<string | undefined>()
    expectTypeOf<TlsStream['getSession']>().returns.toEqualTypeOf<Buffer | undefined>()
  })

  test('fails with errors that can be told apart', () => {
    expectTypeOf<TruncationError>().toExtend<ClosureError>()
    expectTypeOf(TruncationError).toEqualTypeOf(TruncationErrorOfPolicies)
    expectTypeOf<SslError['code']>().toBeString()
  })
})
