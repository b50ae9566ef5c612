export { probe, Prober } from './probe/probe.js'
export type { ProbeOptions } from './probe/options.js'
export { type Deviation, deviationsFrom } from './probe/expect.js'
export type {
  Advice,
  Answer,
  Answers,
  Ccc,
  CccAccepted,
  CccCommand,
  CccControl,
  Certificate,
  CloseKind,
  Ending,
  FailedVersion,
  Failure,
  FailureReason,
  Finding,
  FtpReply,
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
export { startPeer, type Peer } from './peers/peer.js'
export { type Fleet, type FleetOptions, startFleet } from './peers/fleet.js'
export { connectAs, type ConnectOptions } from './peers/connect.js'
export type { PeerOptions } from './peers/options.js'
export type { Framing } from './peers/http.js'
export {
  type ClientProfileName,
  type Profile,
  profiles,
  type ServerProfileName,
} from './peers/profiles.js'
export type {
  Closing,
  Judgement,
  OtherSide,
  PeerHandshake,
  PeerLogEntry,
  PeerStep,
  StepName,
} from './peers/log.js'
export { assess, type AssessOptions } from './assess/assess.js'
export { assessServer, type ServerAssessment, type ServerAssessmentOptions, type ServerRun } from './assess/server.js'
export type { AssessedRun, Assessment, RunVerdict, Sent, Summary } from './assess/result.js'
export { type Credentials, credentialsFor } from './credentials.js'
export { TransportFailure, type TransportFailureFacts, type TransportFailureReason } from './transport/failure.js'
export type { StartTlsProtocol } from './transport/starttls/protocols.js'
export type { TlsVersion } from '../tls/versions.js'
export { ClosureError, type ClosureErrorCode, type ClosureErrorOptions, type ClosureErrorOrigin } from '../errors.js'
