export { probe, Prober } from './probe/probe.js'
export type { ProbeOptions } from './probe/options.js'
export { type Deviation, deviationsFrom } from './probe/expect.js'
export type {
  Advice,
  Answer,
  Answers,
  Certificate,
  CloseKind,
  Ending,
  FailedVersion,
  Failure,
  FailureReason,
  Finding,
  NotObserved,
  Observed,
  ProbedVersion,
  ProbeResult,
  ProbeSettings,
  Question,
  ResponseFacts,
  Resumption,
  VersionResult,
  Weight,
} from './probe/result.js'
export type { StartTlsProtocol } from './transport/starttls/protocols.js'
export { ClosureError, type ClosureErrorCode, type ClosureErrorOptions, type ClosureErrorOrigin } from '../errors.js'
