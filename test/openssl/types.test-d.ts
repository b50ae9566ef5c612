// The public types: what can be asked for, and what is told.
import { describe, expectTypeOf, test } from 'vitest'
import {
  type AlertEvent,
  type AlertName,
  ClosureError,
  type ClosureErrorCode,
  type HandshakeEvent,
  type HandshakeName,
  type LibraryKind,
  type LoadOptions,
  loadOpenSSL,
  type OpenSSL,
  type OptionalCall,
  type Ssl,
  type SslContext,
  type SslContextOptions,
  type SslErrorName,
  type SslEvent,
  type SslOp,
  type SslOptions,
  type SslProtocol,
  type SslPump,
  type SslReadResult,
  type SslResult,
  type QueuedError,
  type SslSession,
  type SslShutdownFlag,
  type SslShutdownOutput,
  type SslVerifyMode,
  type VerifyResult,
} from '../../lib/openssl/index.js'

describe('a library', () => {
  test('is loaded by path, or is the own', () => {
    expectTypeOf<Parameters<typeof loadOpenSSL>>().toEqualTypeOf<
      [libssl?: string | undefined, options?: LoadOptions | undefined]
    >()
    expectTypeOf(loadOpenSSL).returns.toEqualTypeOf<OpenSSL>()
    expectTypeOf<LoadOptions>().toEqualTypeOf<{ readonly crypto?: string }>()
  })

  test('says what it is', () => {
    expectTypeOf<OpenSSL['kind']>().toEqualTypeOf<'OpenSSL' | 'BoringSSL' | 'LibreSSL' | 'AWS-LC'>()
    expectTypeOf<LibraryKind>().toEqualTypeOf<OpenSSL['kind']>()
    expectTypeOf<OpenSSL['versionNumber']>().toEqualTypeOf<number>()
    expectTypeOf<OpenSSL['libssl']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<OpenSSL['lacking']>().toEqualTypeOf<readonly string[]>()
    expectTypeOf<'SSL_shutdown_ex' | 'SSL_key_update'>().toExtend<OptionalCall>()
    expectTypeOf<'SSL_shutdown'>().not.toExtend<OptionalCall>()
  })

  test('makes contexts and sessions', () => {
    expectTypeOf<OpenSSL['createContext']>().toEqualTypeOf<(options: SslContextOptions) => SslContext>()
    expectTypeOf<OpenSSL['sessionFrom']>().toEqualTypeOf<(der: Uint8Array) => SslSession>()
  })
})

describe('the options of a context', () => {
  test('demand a side and nothing else', () => {
    expectTypeOf<{ side: 'client' }>().toExtend<SslContextOptions>()
    expectTypeOf<{ cert: string }>().not.toExtend<SslContextOptions>()
    expectTypeOf<SslContextOptions['side']>().toEqualTypeOf<'client' | 'server'>()
  })

  test('name versions, modes and options', () => {
    expectTypeOf<SslProtocol>().toEqualTypeOf<'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'>()
    expectTypeOf<SslVerifyMode>().toEqualTypeOf<'none' | 'peer' | 'require' | 'report'>()
    expectTypeOf<'IGNORE_UNEXPECTED_EOF' | 'NO_RENEGOTIATION' | 'NO_TICKET'>().toExtend<SslOp>()
    expectTypeOf<'SSL_OP_NO_TICKET'>().not.toExtend<SslOp>()
    expectTypeOf<Required<SslContextOptions>['alpn']>().toEqualTypeOf<readonly string[]>()
    expectTypeOf<SslOptions>().toEqualTypeOf<{
      readonly servername?: string
      readonly verifyHost?: string
      readonly session?: SslSession
      readonly trace?: boolean
      readonly maxOutput?: number
    }>()
  })
})

describe('a result', () => {
  test('is a value, an error by name, and the queue', () => {
    expectTypeOf<SslResult>().toEqualTypeOf<{
      readonly value: number
      readonly error: SslErrorName
      readonly queue: readonly QueuedError[]
    }>()
    expectTypeOf<'SSL_ERROR_WANT_READ' | 'SSL_ERROR_ZERO_RETURN' | 'SSL_ERROR_41'>().toExtend<SslErrorName>()
    expectTypeOf<'SSL_ERROR_WANT_SOMETHING'>().not.toExtend<SslErrorName>()
    expectTypeOf<QueuedError['reason']>().toEqualTypeOf<string | undefined>()
  })

  test('is what every call gives that can move an SSL', () => {
    type Moving =
      | 'doHandshake'
      | 'write'
      | 'shutdown'
      | 'shutdownEx'
      | 'keyUpdate'
      | 'renegotiate'
      | 'verifyClientPostHandshake'
      | 'setSession'
    expectTypeOf<ReturnType<Ssl[Moving]>>().toEqualTypeOf<SslResult>()
    expectTypeOf<ReturnType<Ssl['read' | 'peek']>>().toEqualTypeOf<SslReadResult>()
    expectTypeOf<SslReadResult>().toExtend<SslResult>()
    expectTypeOf<SslReadResult['data']>().toEqualTypeOf<Buffer>()
    expectTypeOf<ReturnType<Ssl['shutdownAndTransmit']>>().toEqualTypeOf<SslShutdownOutput>()
    expectTypeOf<SslShutdownOutput>().toExtend<SslResult & { readonly output: Uint8Array }>()
    expectTypeOf<Ssl['pump']>().toEqualTypeOf<(bytes?: Uint8Array, into?: Buffer) => SslPump>()
    expectTypeOf<SslPump>().toExtend<{ result: SslResult; plaintext: Uint8Array; output: Uint8Array }>()
    expectTypeOf<Parameters<Ssl['keyUpdate']>>().toEqualTypeOf<[type: 'update_not_requested' | 'update_requested']>()
    expectTypeOf<SslShutdownFlag>().toEqualTypeOf<'RAPID' | 'NO_STREAM_FLUSH' | 'NO_BLOCK' | 'WAIT_PEER'>()
  })

  test('of what may not be there yet is undefined', () => {
    expectTypeOf<ReturnType<Ssl['getCipher' | 'getAlpn' | 'getServername']>>().toEqualTypeOf<string | undefined>()
    expectTypeOf<ReturnType<Ssl['getPeerCertificate' | 'getCertificate']>>().toEqualTypeOf<Buffer | undefined>()
    expectTypeOf<ReturnType<Ssl['getSession']>>().toEqualTypeOf<SslSession | undefined>()
    expectTypeOf<ReturnType<Ssl['getVerifyResult']>>().toEqualTypeOf<VerifyResult>()
    expectTypeOf<ReturnType<Ssl['getShutdown']>>().toEqualTypeOf<number>()
  })
})

describe('an event', () => {
  test('is told apart by its type', () => {
    expectTypeOf<SslEvent['type']>().toEqualTypeOf<
      'alert' | 'handshake' | 'change_cipher_spec' | 'keylog' | 'new_session'
    >()
    expectTypeOf<Extract<SslEvent, { type: 'alert' }>>().toEqualTypeOf<AlertEvent>()
    expectTypeOf<AlertEvent['name']>().toEqualTypeOf<AlertName>()
    expectTypeOf<AlertEvent['direction']>().toEqualTypeOf<'sent' | 'received'>()
    expectTypeOf<Extract<SslEvent, { type: 'handshake' }>>().toEqualTypeOf<HandshakeEvent>()
    expectTypeOf<HandshakeEvent['message']>().toEqualTypeOf<HandshakeName>()
    expectTypeOf<'client_hello' | 'handshake_99'>().toExtend<HandshakeName>()
    expectTypeOf<ReturnType<Ssl['takeEvents']>>().toEqualTypeOf<readonly SslEvent[]>()
    expectTypeOf<SslEvent['at']>().toEqualTypeOf<number>()
  })
})

describe('an object of the engine', () => {
  test('can be disposed', () => {
    expectTypeOf<SslContext | Ssl | SslSession>().toExtend<Disposable>()
  })

  test('throws one class of error', () => {
    expectTypeOf<ClosureError['code']>().toEqualTypeOf<ClosureErrorCode>()
    expectTypeOf<'ERR_OPENSSL_FREED' | 'ERR_OPENSSL_SONAME_IN_USE'>().toExtend<ClosureErrorCode>()
    expectTypeOf(ClosureError).toBeConstructibleWith('ERR_OPENSSL_STATE', 'a message')
  })
})
