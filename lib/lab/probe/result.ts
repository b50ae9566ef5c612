/**
 * What a probe found of one server. It is JSON, in the form of docs/probe-result.schema.json: `format` changes where a field changes
 * its meaning or goes. Times are ms, from what the name of the field says.
 */
import type { AlertName } from '../../tls/alerts.js'
import type { TlsVersion } from '../../tls/versions.js'

/** All that a probe found of one server, as JSON of the form of docs/probe-result.schema.json. */
export interface ProbeResult {
  readonly format: 1
  readonly kind: 'probe'
  /** The target as it was given. */
  readonly target: string
  /** Its host and port; port 0 where the text is no target. */
  readonly host: string
  readonly port: number
  /** The address that was connected to first; absent where there was none, and behind a proxy. */
  readonly address?: string
  /** ISO 8601. */
  readonly date: string
  readonly madeBy: { readonly 'close-notify': string; readonly node: string; readonly library: string }
  readonly settings: ProbeSettings
  readonly versions: readonly VersionResult[]
}

/** What was asked, as far as the answers depend on it. */
export interface ProbeSettings {
  readonly request: 'http/1.1' | 'h2' | 'bytes' | 'none'
  readonly starttls?: string
  /** CCC was asked for, and whether we logged in before. Absent where it was not. */
  readonly ccc?: 'login' | 'no-login'
  readonly alpn?: readonly string[]
  /** ms that each question waits for an answer. */
  readonly wait: number
  /** ms for connecting, STARTTLS and the handshake together. */
  readonly timeout: number
  /** ms of the question `idle`; absent where it was not asked. */
  readonly idle?: number
}

/** One version of TLS. */
export type VersionResult = ProbedVersion | FailedVersion

/** No connection of that version came to be. */
export interface FailedVersion {
  readonly kind: 'failed'
  readonly version: TlsVersion
  readonly failure: Failure
}

/** A version of TLS in which the server answered, and what it did. */
export interface ProbedVersion {
  readonly kind: 'probed'
  readonly version: TlsVersion
  readonly cipher?: string
  readonly alpn?: string
  readonly certificate: Certificate
  /** ms of TCP's handshake, without a proxy the shortest of all connections: about a round trip. */
  readonly connect?: number
  /** ms of the first TLS handshake. */
  readonly handshake: number
  readonly answers: Answers
  readonly resumption: Readonly<Record<CloseKind, Resumption>>
  /** What an FTP server does at CCC; absent where it was not asked. */
  readonly ccc?: Ccc
  /** What the answers mean for a client. The only judgement here: all else was seen. */
  readonly advice: Advice
}

/** Good: nothing is to be done. Note: something to know. Risk: data can be lost, or a cut be taken for an end. */
export type Weight = 'good' | 'note' | 'risk'

/** What one answer means for a client, and how much it matters. */
export interface Finding {
  readonly question: Question | 'resumption' | 'ccc'
  readonly weight: Weight
  /** What the server does, and what it means. Whole sentences. */
  readonly text: string
}

/** How to close towards this server in this version of TLS, and why. */
export interface Advice {
  /** How to close towards this server, in the words of a policy. */
  readonly mode: 'unidirectional' | 'bidirectional'
  /** ms, for mode bidirectional. */
  readonly waitTimeout?: number
  readonly findings: readonly Finding[]
}

/** Whether the certificate is one that Node trusts, for this host, now. A probe goes on in any case. */
export type Certificate = { readonly trusted: true } | { readonly trusted: false; readonly reason: string }

/** By question; absent where a question was not asked. */
export interface Answers {
  /** (a) What follows a complete response to a request that asks to close? */
  readonly afterResponse?: Answer
  /** (b) What follows our close_notify, TCP open, when nothing was asked before? */
  readonly onCloseNotify?: Answer
  /** (b, d) What follows a request and our close_notify right behind it: is it answered, and how does it end? */
  readonly onCloseNotifyAfterRequest?: Answer
  /** (c) What follows our FIN without close_notify, when nothing was asked before? */
  readonly onFin?: Answer
  /** (c) What follows our FIN without close_notify in the middle of a request? */
  readonly onFinInRequest?: Answer
  /** (f) What happens while nothing is sent? */
  readonly idle?: Answer
}

/** The name of a question; docs/lab.md says what each sends. */
export type Question = keyof Answers

/** The answer to a question: what was seen, or why nothing was. */
export type Answer = Observed | NotObserved

/** How the server's side ended, in the closed vocabulary of docs/lab.md. */
export type Ending = 'close_notify+fin' | 'close_notify' | 'fin' | 'reset' | `alert:${AlertName}` | 'silent'

/** What the server did behind our last act, until its side ended or the time was over. */
export interface Observed {
  readonly kind: 'observed'
  readonly ending: Ending
  /** user_canceled came before. */
  readonly userCanceled: boolean
  /**
   * TCP in the end: the server's FIN had not come (`open`); it had come, and the server still took what we sent
   * (`half-closed`); it did not, or it sent RST (`closed`).
   */
  readonly tcp: 'open' | 'half-closed' | 'closed'
  /** ms from our last act until close_notify, a fatal alert, FIN and RST came. Negative: it came before. */
  readonly closeNotifyAt?: number
  readonly alertAt?: number
  readonly finAt?: number
  readonly resetAt?: number
  /** ms that were waited. */
  readonly waited: number
  /** Application data that came behind our last act, in bytes, and when the last of it came. */
  readonly bytes: number
  readonly lastBytesAt?: number
  /** Data was still coming when the time, or the limit of bytes, was over. */
  readonly stillSending: boolean
  /** Bytes that followed the server's close_notify. */
  readonly surplus?: number
  readonly response?: ResponseFacts
}

/** The response to our request, on the same connection. */
export interface ResponseFacts {
  /** Of HTTP. */
  readonly status?: number
  /** What tells its end: the connection's end, where it is `close`. Absent where it is not HTTP. */
  readonly delimitedBy?: 'content-length' | 'chunked' | 'close' | 'no-body' | 'frames'
  /** All of it came. Absent where nothing but the connection's end could tell. */
  readonly complete?: boolean
  /** All application data of the connection, in bytes. */
  readonly bytes: number
}

/** The connection for the question did not come to be, or ended before it could be asked. */
export interface NotObserved {
  readonly kind: 'not-observed'
  readonly failure: Failure
}

/** Ways to end a connection, by which its session may have become unusable. */
export type CloseKind = 'afterResponse' | 'afterCloseNotify' | 'afterFin'

/**
 * A session of a connection that ended so was offered to the next one: it was resumed, or a full handshake was done;
 * there was no session to offer; or there was no such next connection.
 */
export type Resumption = 'resumed' | 'full-handshake' | 'no-session' | 'not-asked'

/**
 * The answer to FTP's CCC, behind which the control connection goes on in plaintext: RFC 4217 section 5. `refused`: the
 * server says no, to CCC or to the login before it. `no-reply`: nothing came that answers, and how the server's side
 * stood then; `plaintext`, it spoke outside of TLS before it had agreed to.
 */
export type Ccc =
  | NotObserved
  | { readonly kind: 'refused'; readonly command: CccCommand; readonly reply: FtpReply }
  | { readonly kind: 'no-reply'; readonly command: CccCommand; readonly ending: Ending | 'plaintext' }
  | CccAccepted

/** A command of FTP on the way to CCC: USER and PASS are the login before it. RFC 959 section 4.1.1, RFC 4217 section 5. */
export type CccCommand = 'USER' | 'PASS' | 'CCC'

/** A reply of FTP, RFC 959 section 4.2: of many lines the text of the first. */
export interface FtpReply {
  readonly code: number
  readonly text: string
}

/** The server agreed (200), in TLS; we sent our close_notify, and then NOOP in plaintext. */
export type CccAccepted = {
  readonly kind: 'accepted'
  readonly reply: FtpReply
  /** How the server ended TLS, within the time that each question waits. */
  readonly tls: 'close_notify' | `alert:${AlertName}` | 'none'
  /** ms from our close_notify until the server's came. Negative: it came before. */
  readonly closeNotifyAt?: number
  /** Bytes of plaintext that came before we had said anything in plaintext: somebody may have put them there. */
  readonly unasked?: number
} & CccControl

/** The control connection behind the end of TLS. */
export type CccControl =
  /** It goes on: the server answered NOOP. */
  | { readonly control: 'plaintext'; readonly noop: FtpReply }
  /** What came is no reply. */
  | { readonly control: 'garbage'; readonly detail: string }
  | { readonly control: 'silent' | 'fin' | 'reset' }

/** Why no answer was got, in a closed set of words: docs/lab.md has the meaning of each. */
export type FailureReason =
  /** The text is no host, or no host with a port. */
  | 'not-a-target'
  | 'host-not-found'
  | 'refused'
  | 'unreachable'
  | 'proxy'
  | 'starttls-refused'
  | 'not-the-protocol'
  | 'plaintext-after-starttls'
  | 'too-long'
  /** The server ended TCP: FIN, or RST. */
  | 'closed'
  | 'reset'
  | 'not-tls'
  /** OpenSSL gave up the handshake: its reason is the detail. */
  | 'handshake'
  | `alert:${AlertName}`
  /** Nothing was wrong but that it took too long. */
  | 'timeout'
  /** This libssl cannot do it. */
  | 'library'

/** Why a connection did not come to be, or ended too early, and how far it had come. */
export interface Failure {
  /** How far it came. */
  readonly stage: 'connect' | 'proxy' | 'starttls' | 'handshake' | 'request'
  readonly reason: FailureReason
  /** For people. */
  readonly detail?: string
}
