export type { LibraryKind } from '../tls/libraries.js'
export type { ContextIdentity, LibraryIdentity } from './identity.js'
export type { OptionalCall } from './calls.js'
export type { SslContext } from './context.js'
export type { SslOptions } from './ssl-options.js'
export type { SslContextOptions, SslProtocol, SslVerifyMode } from './context-options.js'
export type {
  AlertEvent,
  ChangeCipherSpecEvent,
  HandshakeEvent,
  HandshakeName,
  KeylogEvent,
  NewSessionEvent,
  SslDirection,
  SslEvent,
  SslVersionName,
} from './events.js'
export { type LoadOptions, loadOpenSSL } from './load.js'
export type { OpenSSL } from './openssl.js'
export type { SslErrorName } from '../tls/ssl-errors.js'
export type { QueuedError, SslResult } from '../tls/ssl-result.js'
export type { SslSession } from './session.js'
export type { Ssl, SslPump, SslReadResult, SslShutdownExOptions, SslShutdownFlag, SslShutdownOutput } from './ssl.js'
export type { VerifyResult } from './ssl-inspection.js'
export type { SslOp } from './ssl-ops.js'
export type { AlertName } from '../tls/alerts.js'
export { ClosureError, type ClosureErrorCode, type ClosureErrorOptions, type ClosureErrorOrigin } from '../errors.js'
