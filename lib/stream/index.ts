export type { IssuedCertificate } from './certificates.js'
export type { ALPNCallback, ClientHelloOptions, SNICallback } from './client-hello.js'
export { connect, type ConnectOptions } from './connect.js'
export type { ConnectListener } from './connect-arguments.js'
export { type ContextOptions, createContext, type Pem } from './context.js'
export type {
  CheckServerIdentity,
  IdentityOptions,
  StreamClosingOptions,
  StreamShutdownOptions,
  TlsStreamOptions,
} from './options.js'
export { createServer, type ServerOptions, type TlsServer } from './server.js'
export { SslError } from './ssl-error.js'
export { TlsStream } from './tls-stream.js'
export {
  type KeyOfPeer,
  type LearnedCounters,
  LearnedWaiting,
  type LearnedWaitingOptions,
  learnedWaiting,
} from '../learned/learned-waiting.js'
export type { LearnedPeer, LearnedState } from '../learned/state.js'
export type { Peer } from '../closing/peer.js'
export type { DiscardOptions, FlushOptions, WaitOptions } from '../closure/shutdown-options.js'
export type { ClosureFacts, ClosureMode, EndedBy, OnData, Received, Sent, TcpEnd } from '../report/facts.js'
export type { ClosureReport, Verdict } from '../report/verdict.js'
export { UnwrapError, type UnwrapErrorCode } from '../report/unwrap-error.js'
export type { UnwrapOptions } from '../unwrap/unwrap-options.js'
export { TruncationError } from '../report/truncation-error.js'
export { ClosureError, type ClosureErrorCode, type ClosureErrorOrigin } from '../errors.js'
export { loadOpenSSL } from '../openssl/load.js'
export type { OpenSSL, SslContext, SslProtocol } from '../openssl/index.js'
