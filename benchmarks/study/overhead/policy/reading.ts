/** A reader of whole reports: whatever of them is made when it is asked for has been made then. */
import type { Alert, ClosureFacts, ClosureReport, Received, Sent, TcpEnd } from '../../../../lib/index.js'

// By name, as a program reads them; a property that a report gets is missed here by the compiler.
type Readers = { readonly [Name in keyof Required<ClosureFacts>]: (report: ClosureFacts) => number }

const readers: Readers = {
  side: ({ side }) => side.length,
  protocol: ({ protocol }) => lengthOf(protocol),
  handshake: ({ handshake }) => handshake.length,
  mode: ({ mode }) => mode.length,
  quiet: ({ quiet }) => Number(quiet),
  sent: ({ sent }) => readEnd(sent),
  received: ({ received }) => readEnd(received),
  tcp: ({ tcp }) => readTcp(tcp),
  waitRefused: ({ waitRefused }) => Number(waitRefused),
  waited: ({ waited }) => waited ?? 0,
  learnedWait: ({ learnedWait }) => learnedWait ?? 0,
  began: ({ began }) => began.length,
  endedBy: ({ endedBy }) => lengthOf(endedBy),
  discardedBytes: ({ discardedBytes }) => discardedBytes,
  undeliveredBytes: ({ undeliveredBytes }) => undeliveredBytes ?? 0,
  surplusBytes: ({ surplusBytes }) => surplusBytes,
  alerts: ({ alerts }) => alerts.reduce((sum, alert) => sum + readAlert(alert), 0),
  startedAt: ({ startedAt }) => startedAt,
  endedAt: ({ endedAt }) => endedAt,
}

const all = Object.values(readers)

/** Reads every property of a report and of what hangs on it; the sum keeps any of it from being optimised away. */
export function readWhole(report: ClosureReport): number {
  let sum = report.verdict.length
  for (const read of all) sum += read(report)
  return sum
}

function readEnd(end: Sent | Received): number {
  let sum = end.kind.length
  if (end.kind === 'close_notify' || end.kind === 'not-flushed') sum += end.at
  if (end.kind === 'close_notify' && 'userCanceledFirst' in end) sum += Number(end.userCanceledFirst)
  if (end.kind === 'fatal-alert') sum += readAlert(end)
  return sum
}

function readTcp(tcp: TcpEnd): number {
  if (tcp.kind === 'open') return tcp.kind.length
  const more = tcp.kind === 'fin' ? lengthOf(tcp.cut) : tcp.code.length
  return tcp.kind.length + tcp.at + more
}

function readAlert({ direction, level, name, code, at }: Alert): number {
  return direction.length + level.length + name.length + code + at
}

function lengthOf(text: string | undefined): number {
  return text === undefined ? 0 : text.length
}
