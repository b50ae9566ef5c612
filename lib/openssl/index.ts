export type { LibraryKind } from '../tls/libraries.js'
export type { ContextIdentity, LibraryIdentity } from './identity.js'
export type { OptionalCall } from './calls.js'
export type { SslContext } from './context.js'
export type { SslOptions } from './ssl-options.js'
export type { SslContextOptions, SslVerifyMode } from './context-options.js'
export type {
  AlertEvent,
  ChangeCipherSpecEvent,
  HandshakeEvent,
  KeylogEvent,
  NewSessionEvent,
  SslDirection,
  SslEvent,
} from './events.js'
export type { HandshakeName } from '../tls/handshake.js'
export { type LoadOptions, loadOpenSSL } from './load.js'
export type { OpenSSL } from './openssl.js'
export type { SslErrorName } from '../tls/ssl-errors.js'
export type { QueuedError, SslResult } from '../tls/ssl-result.js'
export type { SslSession } from './session.js'
export type {
  Ssl,
  SslPump,
  SslReadResult,
  SslShutdownExOptions,
  SslShutdownFlag,
  SslShutdownOutput,
  SslWriteOutput,
} from './ssl.js'
export type { ClientHello, ClientHelloAnswer } from './ssl-client-hello.js'
export type { VerifyResult } from './ssl-inspection.js'
export type { SslProtocol, SslVersionName } from '../tls/versions.js'
export type { SslOp } from './ssl-ops.js'
export type { Alert, AlertLevel, AlertName } from '../tls/alerts.js'
export type { ErrorFacts, LoadRemedy } from '../error-facts.js'
export { ClosureError, type ClosureErrorCode, type ClosureErrorOptions, type ClosureErrorOrigin } from '../errors.js'
