/** The tables of clients, for docs/field-guide.md and for a terminal: pure. */
import { type Framing, framings } from '../../lib/lab/peers/http.js'
import { nameOfRun, type RunVerdict } from '../../lib/lab/assess/result.js'
import type { ServerProfileName } from '../../lib/lab/peers/profiles.js'
import {
  type ClientResult,
  closingsAt,
  type FieldClientResult,
  type KeptRun,
  type MeasuredClient,
} from './client-result.js'
import type { Situation } from './judge/client-judge.js'
import { table } from './table.js'

export function clientTables({ clients }: FieldClientResult): readonly string[] {
  const all = clients.filter((client) => client.outcome === 'measured')
  const measured = all.filter(({ sights }) => sights === undefined)
  return [
    table(['client', 'version', 'TLS by', 'measured', 'by'], all.map(identityOf)),
    '### Which truncations clients take for a whole response\n',
    table(truncationHead, measured.map(truncationsOf)),
    '### How clients close\n',
    table(closingHead, measured.map(closingsOf)),
    '### Whole responses that were refused, and waits\n',
    table(['client', 'refused, though whole', 'data lost', 'hung', 'took longer by'], measured.map(troublesOf)),
    '### A client with a protocol of its own\n',
    table(['client', 'its row is cut by', 'takes it for whole', 'prints', 'closes by'], all.flatMap(sightsOf)),
  ]
}

function identityOf({ title, version, library, date, madeBy }: MeasuredClient): readonly string[] {
  return [title, version, library, date, `close-notify ${madeBy['close-notify']}, Node ${madeBy.node}`]
}

/** What cuts a response, and in which framings it is asked about. */
const cuts: readonly {
  readonly profile: ServerProfileName
  readonly short: string
  readonly in: readonly Framing[]
}[] = [
  { profile: 'truncates', short: 'FIN', in: framings },
  { profile: 'fin-mid-record', short: 'FIN in a record', in: framings },
  { profile: 'truncates-by-reset', short: 'RST', in: framings },
  { profile: 'truncates-by-close-notify', short: 'close_notify', in: ['content-length', 'chunked'] },
]

const framingWords: Readonly<Record<Framing, string>> = {
  'content-length': 'Content-Length',
  chunked: 'chunks',
  close: 'to the end',
}

const truncationHead = [
  'client',
  ...cuts.flatMap(({ short, in: asked }) => asked.map((framing) => `${short}, ${framingWords[framing]}`)),
  'close_notify in the handshake',
]

function truncationsOf(client: MeasuredClient): readonly string[] {
  const cell = (profile: ServerProfileName, framing: Framing): string =>
    acceptanceOf(client.runs.filter((run) => run.profile === profile && run.framing === framing))
  return [
    client.title,
    ...cuts.flatMap(({ profile, in: asked }) => asked.map((framing) => cell(profile, framing))),
    cell('close-notify-in-handshake', 'content-length'),
  ]
}

/** Of runs that were cut at different bytes, and were repeated. */
function acceptanceOf(runs: readonly KeptRun[]): string {
  const verdicts = runs.flatMap((run) => run.verdicts)
  const of = (wanted: RunVerdict): number => verdicts.filter((verdict) => verdict === wanted).length
  if (verdicts.length === 0) return ''
  if (of('hung') > 0) return '**hangs**'
  const accepted = of('truncation accepted')
  if (accepted === 0) return 'refused'
  if (accepted === verdicts.length) return '**accepted**'
  const where = runs.filter((run) => run.verdicts.includes('truncation accepted')).map(placeOf)
  return `**accepted** ${where.join(', ')}`
}

function placeOf({ sent, verdicts }: KeptRun): string {
  const place = sent.kind !== 'cut' ? '' : sent.at === 0 ? 'behind the head' : 'in the body'
  return verdicts.length > 1 ? `${place}, now and then` : place
}

const closingHead = [
  ...['client', 'by itself', "at the server's close_notify", 'at FIN behind a whole response', 'at FIN in a response'],
]

const closingColumns: readonly Situation[] = ['mutual-wait', 'schannel', 'bare-fin', 'truncates']

function closingsOf(client: MeasuredClient): readonly string[] {
  return [client.title, ...closingColumns.map((situation) => waysOf(closingsAt(client, situation)))]
}

function waysOf(closings: readonly string[]): string {
  return closings.map((closing) => (closing === 'open' ? 'not at all' : `\`${closing}\``)).join(' or ')
}

function troublesOf({ title, runs, control }: MeasuredClient): readonly string[] {
  const named = (wanted: RunVerdict): string =>
    [...new Set(runs.filter(({ verdicts }) => verdicts.includes(wanted)).map(wholeNameOf))].join(', ')
  // A browser may take a second more to start.
  const slow = runs.filter(({ ms, verdicts }) => !verdicts.includes('hung') && ms - control >= noticeable)
  const waits = slow.map((run) => `${wholeNameOf(run)}: ${((run.ms - control) / 1000).toFixed(1)} s`)
  return [title, named('refused'), named('data lost'), named('hung'), [...new Set(waits)].join(', ')]
}

function sightsOf({ title, sights = [] }: MeasuredClient): readonly (readonly string[])[] {
  return sights.map(({ situation, exit, printed, closings }) => {
    const isWhole = situation === 'whole'
    const verdict = exit === 'hung' ? '**hangs**' : exit === 'success' ? (isWhole ? 'yes' : '**yes**') : 'no'
    return [title, isWhole ? 'nothing' : situation, verdict, `${printed} bytes`, waysOf(closings)]
  })
}

const noticeable = 2000

function wholeNameOf({ profile, framing }: KeptRun): string {
  return framing === 'content-length' ? `\`${profile}\`` : `\`${profile}\` (${framingWords[framing]})`
}

/** For a terminal: what is notable of each, and each difference below it. */
export function textOfClients(clients: readonly ClientResult[]): string {
  return clients
    .flatMap((client) => {
      if (client.outcome !== 'measured') return [`${client.name}: ${client.outcome}: ${client.why}`]
      const notable = new Set<RunVerdict>(['truncation accepted', 'data lost', 'hung', 'refused', 'not reached'])
      const lines = client.runs
        .filter(({ verdicts }) => verdicts.some((verdict) => notable.has(verdict)))
        .map((run) => `  ${run.verdicts.join(' or ')}: ${nameOfRun(run)}`)
      const ways = Object.entries(client.closings).map(
        ([situation, closings]) => `${situation} ${closings.join(' or ')}`,
      )
      const differences = client.differences.map((line) => `  DIFFERS ${line}`)
      const head = `${client.name}: ${client.title} ${client.version}, ${client.library}`
      const sights = (client.sights ?? []).map(
        ({ situation, exit, printed, closings }) =>
          `  ${situation}: ${exit}, ${printed} bytes printed, closes by ${closings.join(', ')}`,
      )
      return [head, ...lines, ...(ways.length === 0 ? [] : [`  closes: ${ways.join('; ')}`]), ...sights, ...differences]
    })
    .map((line) => `${line}\n`)
    .join('')
}

export interface Change {
  readonly text: string
  /** False where it only says that nothing can be said. */
  readonly isChange: boolean
}

/** What is other than it was kept, of clients in the same versions; and of which clients that cannot be said. */
export function heldAgainst({ clients }: FieldClientResult, measured: readonly ClientResult[]): readonly Change[] {
  return measured.flatMap((client): readonly Change[] => {
    const known = clients.find(({ name }) => name === client.name)
    if (client.outcome !== 'measured' || known?.outcome !== 'measured') return []
    if (known.version !== client.version || known.library !== client.library) {
      const text = `${client.name}: not held against what is kept, which is of ${known.version}, ${known.library}`
      return [{ text, isChange: false }]
    }
    const before = new Map(known.runs.map((run) => [nameOfRun(run), run.verdicts]))
    return client.runs.flatMap((run) => {
      const verdicts = before.get(nameOfRun(run))
      if (verdicts === undefined || run.verdicts.every((verdict) => verdicts.includes(verdict))) return []
      const text = `CHANGED ${client.name}: ${nameOfRun(run)}: ${verdicts.join(' or ')} before, now ${run.verdicts.join(' or ')}`
      return [{ text, isChange: true }]
    })
  })
}
