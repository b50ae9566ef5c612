import type { AssessedRun, RunFacts } from '../../../lib/lab/assess/result.js'
import type { PeerLogEntry } from '../../../lib/lab/peers/log.js'

const connection: PeerLogEntry = {
  format: 1,
  profile: 'polite',
  side: 'server',
  connection: 1,
  date: '2026-11-30T00:00:00.000Z',
  handshake: { kind: 'done', version: 'TLSv1.3', at: 1, servername: 'localhost' },
  did: [{ did: 'request', at: 2, bytes: 80 }],
  other: { closing: 'close_notify+fin', closeNotify: { at: 3, order: 'before ours' }, finAt: 3, bytes: 80 },
  endedAt: 4,
}

/** A run that went well, but for what is said. */
export function facts(otherwise: Partial<RunFacts> = {}): RunFacts {
  return {
    profile: 'polite',
    framing: 'content-length',
    sent: { kind: 'whole' },
    exitCode: 0,
    signal: null,
    ms: 12,
    printed: { bytes: 1000, body: 'whole' },
    stderr: '',
    connections: [connection],
    isHung: false,
    ...otherwise,
  }
}

export function run(otherwise: Partial<AssessedRun> = {}): AssessedRun {
  const { isHung: _, ...ran } = facts()
  return { ...ran, verdict: 'accepted', ...otherwise }
}
