import Table from 'cli-table3'
import type { Interval, Summary } from '../../support/statistics.js'
import { peers } from './closing.js'
import { silentHold, silentWait } from './measure.js'
import type { Limit, Result, RowResult } from './result.js'

/** The result for people. */
export function renderTable(result: Result): string {
  return [...heading(result), table(result), ...notes()].join('\n') + '\n'
}

function heading({ machine, versions, startedAt, seconds, seed, rows, relays, outcome }: Result): string[] {
  const counts = rows.map((row) => row.samples.length)
  const least = Math.min(...counts)
  const most = Math.max(...counts)
  const samples = least === most ? String(least) : `${least} to ${most}`
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`
  return [
    'What closing a TLS 1.3 connection costs the side that closes first, in ms',
    '',
    `close-notify ${versions['close-notify']}, Node ${versions.node}, OpenSSL ${versions.openssl}`,
    `${machine.cpu}, ${machine.cores} cores, ${memory}, ${machine.system}, load ${machine.load.toFixed(2)}`,
    `${startedAt}, ${seconds.toFixed(0)} s, seed ${seed}, closings of each kind: ${samples}`,
    ...relays.map(
      ({ rtt, echo }) =>
        `echo through the relay at RTT ${rtt}: ` +
        (echo === null ? 'not measured' : `median ${ms(echo.median)}, p99 ${ms(echo.p99)}`),
    ),
    ...(outcome === 'complete' ? [] : ['', outcomeLines[outcome]]),
    '',
  ]
}

const outcomeLines = {
  interrupted: 'INTERRUPTED: the run was not finished; this is what had been measured until then.',
  failed: 'FAILED: the run was not finished; this is what had been measured until then.',
} as const

function table({ relays, rows }: Result): string {
  const rendered = new Table({
    head: [
      'RTT',
      'peer',
      'closing',
      'done\nmedian',
      '\np99',
      'limit',
      'above the limit\nmedian [95 %]',
      'released\nmedian',
      '\np99',
    ],
    colAligns: ['right', 'left', 'left', 'right', 'right', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const { rtt } of relays) {
    for (const peer of peers) {
      const group = rows.filter((row) => row.rtt === rtt && row.peer === peer).map(cells)
      // One row of several lines, so that rules stand between groups only.
      const lines = (group[0] ?? []).map((_cell, column) => group.map((row) => row[column]).join('\n'))
      rendered.push([String(rtt), peer, ...lines])
    }
  }
  return rendered.toString()
}

function cells(row: RowResult): string[] {
  const { closing, done, limit, aboveLimit } = row
  return [
    closing,
    median(done),
    p99(done),
    limitName(limit),
    aboveLimit === null ? nothing : `${ms(aboveLimit.median)} ${range(aboveLimit.interval)}`,
    ...released(row),
  ]
}

function released({ released: gone, stillOpen }: RowResult): [string, string] {
  if (stillOpen === 0) return [median(gone), p99(gone)]
  const open = `> ${silentHold}`
  // With the open ones counted as the longest.
  return [gone !== null && gone.count > stillOpen ? median(gone) : open, open]
}

function limitName(limit: Limit): string {
  return limit.kind === 'rtt' ? `${limit.count} RTT` : `wait ${limit.ms}`
}

const nothing = '-'
const ms = (value: number): string => value.toFixed(2)
const median = (summary: Summary | null): string => (summary === null ? nothing : ms(summary.median))
const p99 = (summary: Summary | null): string => (summary === null ? nothing : ms(summary.p99))
const range = (interval: Interval | undefined): string =>
  interval === undefined ? '' : `[${ms(interval.low)}, ${ms(interval.high)}]`

function notes(): string[] {
  return [
    "done      from the call until our side has nothing left to send or to wait for: 'finish' for end(), the promise",
    '          of shutdown() for the modes',
    "limit     what no implementation can go below: 0 RTT where nobody is waited for, 1 RTT for the peer's close_notify,",
    `          the wait budget (waitTimeout: ${silentWait}) for the close_notify of a silent peer`,
    "above     done minus the limit; 1 RTT is the relay's echo, measured right before or after that very closing",
    "released  from the call until 'close': the file descriptor is gone. Node keeps it until the peer ended TCP too;",
    `          what a silent peer keeps open the benchmark destroys after ${silentHold}`,
    'p99       nearest rank: with fewer than 100 closings it is the largest',
    'Sides alternate in shuffled rounds in one run; peers and relay are processes of their own; warm-up is not counted.',
  ]
}
