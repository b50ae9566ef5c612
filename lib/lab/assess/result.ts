/**
 * What a command made of every peer. It is JSON as it is: `format` changes where a field changes its meaning or goes.
 * Times are ms.
 */
import type { TlsVersion } from '../../tls/versions.js'
import type { Framing } from '../peers/http.js'
import type { PeerLogEntry } from '../peers/log.js'
import type { ServerProfileName } from '../peers/profiles.js'

/** What a command made of the server profiles, as JSON: `format` changes where a field changes its meaning or goes. */
export interface Assessment {
  readonly format: 1
  readonly kind: 'assessment'
  /** ISO 8601. */
  readonly date: string
  readonly madeBy: { readonly 'close-notify': string; readonly node: string }
  /** As it was given, before anything was put in. */
  readonly command: readonly string[]
  /** The versions that were offered, ms that a run may take, and the bytes of a body. */
  readonly settings: { readonly versions: readonly TlsVersion[]; readonly timeout: number; readonly body: number }
  /** The run against a server that does everything right, which the others are compared with. */
  readonly control: AssessedRun
  readonly runs: readonly AssessedRun[]
  readonly summary: Summary
}

/** One run of the command against a server of a profile. */
export interface AssessedRun {
  readonly profile: ServerProfileName
  readonly framing: Framing
  /** What the peer was to send: a whole response, one that is cut at a byte of its body, or none. */
  readonly sent: Sent
  /** Null where a signal ended the command. */
  readonly exitCode: number | null
  readonly signal: string | null
  /** How long it ran. */
  readonly ms: number
  /** Bytes of the body on its standard output. */
  readonly printed: { readonly bytes: number; readonly body: 'whole' | 'cut' | 'nothing' }
  /** The end of its standard error. */
  readonly stderr: string
  /** How it closed its connections, as the peer saw it. */
  readonly connections: readonly PeerLogEntry[]
  readonly verdict: RunVerdict
}

/** What a peer sent of its response: all of it, a body that is cut before the byte `at`, or nothing. */
export type Sent =
  | { readonly kind: 'whole' }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'nothing' }

/**
 * | verdict | exit code | sent |
 * |---|---|---|
 * | `hung` | none within the time limit: it was killed | |
 * | `not reached` | any; no connection came | |
 * | `truncation accepted` | 0 | cut, or nothing |
 * | `truncation refused` | another, or a signal | cut, or nothing |
 * | `data lost` | 0, with less of the body than the control run printed | whole |
 * | `accepted` | 0 | whole |
 * | `refused` | another, or a signal | whole |
 */
export type RunVerdict =
  | 'accepted'
  | 'refused'
  | 'truncation accepted'
  | 'truncation refused'
  | 'data lost'
  | 'hung'
  | 'not reached'

/** The runs of an assessment, counted, and the verdict on all of them. */
export interface Summary {
  /** `not assessable`: the control run failed, so that nothing can be said. */
  readonly verdict: 'passed' | 'failed' | 'not assessable'
  /** Runs whose response was cut, by what tells the end of its body. */
  readonly truncations: Readonly<Record<Framing, { readonly accepted: number; readonly of: number }>>
  readonly hung: readonly string[]
  readonly dataLost: readonly string[]
  /** They were to be assessed, and were not. */
  readonly notReached: readonly string[]
  /** Connections by how the command closed them. */
  readonly closes: { readonly withCloseNotify: number; readonly without: number; readonly notAtAll: number }
}

/** The facts of a run, of which its verdict is made. */
export type RunFacts = Omit<AssessedRun, 'verdict'> & { readonly isHung: boolean }

/** The verdict of a run, compared with the control run where that is another one. */
export function verdictOf(run: RunFacts, control?: AssessedRun): RunVerdict {
  if (run.isHung) return 'hung'
  if (run.connections.length === 0) return 'not reached'
  if (run.sent.kind !== 'whole') return run.exitCode === 0 ? 'truncation accepted' : 'truncation refused'
  if (run.exitCode !== 0) return 'refused'
  const isLess = control?.printed.body === 'whole' && run.printed.body !== 'whole'
  return isLess ? 'data lost' : 'accepted'
}

export function summaryOf(control: AssessedRun, runs: readonly AssessedRun[]): Summary {
  const ofFraming = (framing: Framing) => {
    const cut = runs.filter((run) => run.framing === framing && run.sent.kind !== 'whole')
    return { accepted: cut.filter(({ verdict }) => verdict === 'truncation accepted').length, of: cut.length }
  }
  const named = (wanted: RunVerdict) => runs.filter(({ verdict }) => verdict === wanted).map(nameOfRun)
  const closings = runs.flatMap(({ connections }) => connections.map(({ other }) => other.closing))
  const isWith = (closing: string) => closing.startsWith('close_notify')
  const hasFailed = runs.some(({ verdict }) => isFailure(verdict))
  return {
    verdict: control.verdict !== 'accepted' ? 'not assessable' : hasFailed ? 'failed' : 'passed',
    truncations: {
      'content-length': ofFraming('content-length'),
      chunked: ofFraming('chunked'),
      close: ofFraming('close'),
    },
    hung: named('hung'),
    dataLost: named('data lost'),
    notReached: named('not reached'),
    closes: {
      withCloseNotify: closings.filter(isWith).length,
      without: closings.filter((closing) => closing !== 'open' && !isWith(closing)).length,
      notAtAll: closings.filter((closing) => closing === 'open').length,
    },
  }
}

/** Whether a verdict is one that a program ought not to get. One that did not connect has shown nothing. */
export function isFailure(verdict: RunVerdict): boolean {
  return ['truncation accepted', 'data lost', 'hung', 'not reached'].includes(verdict)
}

/** `truncates, chunked, cut at 10000` */
export function nameOfRun({ profile, framing, sent }: Pick<AssessedRun, 'profile' | 'framing' | 'sent'>): string {
  return [profile, framing, ...(sent.kind === 'cut' ? [`cut at ${sent.at}`] : [])].join(', ')
}
