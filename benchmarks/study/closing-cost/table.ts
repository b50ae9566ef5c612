import Table from 'cli-table3'
import type { Interval, Summary } from '../../support/statistics.js'
import { peers } from './closing.js'
import { silentHold, silentWait } from './measure.js'
import type { Limit, Result, RowResult } from './result.js'

/** A terminal that nobody has made wider. */
const width = 80

/** The result for people, in lines of at most 80 columns. */
export function renderTable(result: Result): string {
  return [...heading(result), table(result), '', ...notes()].join('\n') + '\n'
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
    ...wrapped(`${machine.cpu}, ${machine.cores} cores, ${memory}, ${machine.system}, load ${machine.load.toFixed(2)}`),
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
    chars: { ...noLines, middle: '  ' },
    colAligns: ['left', 'right', 'right', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  rendered.push(['', 'done', '', 'limit', 'above it', 'released', ''])
  rendered.push(['', 'median', 'p99', '', 'median [95 %]', 'median', 'p99'])
  for (const { rtt } of relays) {
    for (const peer of peers) {
      rendered.push(
        [{ colSpan: 7, content: '' }],
        [{ colSpan: 7, content: `round trip ${rtt} ms, the peer ${peerNames[peer]}` }],
      )
      for (const row of rows) if (row.rtt === rtt && row.peer === peer) rendered.push(cells(row))
    }
  }
  return rendered
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

const peerNames = { answers: 'answers', silent: 'stays silent' } as const

const noLines = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap((name) => [name, `${name}-mid`, `${name}-left`, `${name}-right`])
    .map((name) => [name, '']),
)

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
/** In as many places as fit six columns. */
const ms = (value: number): string => value.toFixed(Math.abs(value) < 100 ? 2 : Math.abs(value) < 1000 ? 1 : 0)
const median = (summary: Summary | null): string => (summary === null ? nothing : ms(summary.median))
const p99 = (summary: Summary | null): string => (summary === null ? nothing : ms(summary.p99))
const range = (interval: Interval | undefined): string =>
  interval === undefined ? '' : `[${ms(interval.low)}, ${ms(interval.high)}]`

function notes(): string[] {
  const lines = {
    'end()':
      "Node's own: it sends close_notify and FIN at once, never learns whether all that was sent arrived, and has the " +
      'peer keep the file descriptor for as long as it likes',
    done:
      "from the call until our side has nothing left to send or to wait for: 'finish' for end(), the promise of " +
      'shutdown() for the modes',
    limit:
      "what no implementation can go below: 0 RTT where nobody is waited for, 1 RTT for the peer's close_notify, the " +
      `wait budget (waitTimeout: ${silentWait}) for the close_notify of a silent peer`,
    'above it': "done minus the limit; 1 RTT is the relay's echo, measured right before or after that very closing",
    released:
      "from the call until 'close': the file descriptor is gone. Node keeps it until the peer ended TCP too; what a " +
      `silent peer keeps open the benchmark destroys after ${silentHold}`,
    p99: 'nearest rank: with fewer than 100 closings it is the largest',
  }
  return [
    ...Object.entries(lines).flatMap(([name, text]) => described(name, text)),
    ...wrapped(
      'Sides alternate in shuffled rounds in one run; peers and relay are processes of their own; warm-up is not counted.',
    ),
  ]
}

function described(name: string, text: string): string[] {
  const indent = 10
  return wrapped(text, width - indent).map((line, index) => (index === 0 ? name : '').padEnd(indent) + line)
}

function wrapped(text: string, columns = width): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
