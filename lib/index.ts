export type { Alert, AlertLevel, AlertName } from './tls/alerts.js'
export { type Closure, type ClosureState, closureOf } from './closure/closure.js'
export {
  type ClosingConnect,
  closingConnect,
  type Connect,
  type ConnectCallback,
  type ConnectOptions,
  type ConnectRequest,
} from './policy/connect.js'
export {
  type KeyOfPeer,
  type LearnedCounters,
  LearnedWaiting,
  type LearnedWaitingOptions,
  learnedWaiting,
} from './learned/learned-waiting.js'
export type { LearnedPeer, LearnedState } from './learned/state.js'
export type { Peer } from './closing/peer.js'
export type { DiscardOptions, FlushOptions, ShutdownOptions, WaitOptions } from './closure/shutdown-options.js'
export { closingChannel, closureChannel, followedChannel, type PublishedReport } from './closure/published.js'
export { createSecureContext, type QuietContextOptions } from './closure/context.js'
export type { AgentLike } from './policy/agents.js'
export {
  type ClosureControl,
  type ClosureMessage,
  type ClosureTarget,
  controlClosure,
} from './policy/control.js'
export type { Drained, DrainOptions } from './policy/drains.js'
export type { ClosurePolicy, ConnectionPolicy, OnDestroy, OnTruncation } from './policy/policy.js'
export { controlProcess } from './process/control-process.js'
export type { PolicyOverride, ProcessPolicy } from './process/process-policy.js'
export { TruncationError } from './report/truncation-error.js'
export type {
  Afterwards,
  ClosureFacts,
  ClosureMode,
  Cut,
  EndedBy,
  FatalAlert,
  OnData,
  Received,
  Sent,
  TcpEnd,
} from './report/facts.js'
export type {
  AbortedReport,
  AlertedReport,
  CleanReport,
  ClosureReport,
  FloodedReport,
  HalfClosedReport,
  NoHandshakeReport,
  QuietReport,
  ReaderStalledReport,
  ResetReport,
  TimedOutReport,
  TruncatedReport,
  UnansweredReport,
  UnobservedReport,
  UnreciprocatedReport,
  Verdict,
} from './report/verdict.js'
export type { ErrorFacts, LoadRemedy } from './error-facts.js'
export { ClosureError, type ClosureErrorCode, type ClosureErrorOptions, type ClosureErrorOrigin } from './errors.js'
export { runtimeSupport } from './native/addon.js'
export {
  type StartedTls,
  type StartTlsClientOptions,
  type StartTlsOptions,
  type StartTlsServerOptions,
  startTls,
} from './unwrap/start-tls.js'
export { UnwrapError, type UnwrapErrorCode } from './report/unwrap-error.js'
export type { UnwrapOptions } from './unwrap/unwrap-options.js'
export type { SslErrorName } from './tls/ssl-errors.js'
export type { QueuedError, SslResult } from './tls/ssl-result.js'
export type { SslProtocol } from './tls/versions.js'
