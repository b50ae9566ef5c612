/** How the question is shown: computed from the cells, of which any may be absent. */
import { wilsonInterval } from '../../support/statistics.js'
import type { Cell, Share } from '../cell.js'
import { cellsWith, shareIn } from '../look-up.js'
import type { Chart, ChartPoint, Presentation, Table } from '../question.js'
import { type Client, clients, endings, framingsOf, policies, type Policy, protocols, type Sweep } from './cells.js'
import type { Framing } from './responses.js'
import { results } from './tally.js'

export const presentation: Presentation = {
  answer,
  charts: (cells) => (cells.length === 0 ? [] : [acceptedChart(cells)]),
  table,
}

type Asked = { readonly [Name in keyof Sweep]?: Sweep[Name] }

/** A measure of all cells with those parameters, as if they were one. */
function pooled(cells: readonly Cell[], measure: string, asked: Asked): Pick<Share, 'hits' | 'of'> | undefined {
  const found = cellsWith(cells, asked).flatMap((cell) => shareIn(cell, measure) ?? [])
  if (found.length === 0) return undefined
  const sum = (of: (share: Share) => number): number => found.reduce((total, share) => total + of(share), 0)
  return { hits: sum((share) => share.hits), of: sum((share) => share.of) }
}

const bodyCuts = 'body cut-accepted'

function answer(cells: readonly Cell[]): string {
  if (cells.length === 0) return 'No cut was tried.'
  const accepted: string[] = []
  const refused: string[] = []
  for (const client of clients) {
    const share = pooled(cells, bodyCuts, { client, framing: openFraming(client), ending: 'FIN', policy: 'none' })
    if (share === undefined) continue
    const frames = client === 'http2' ? ', before its END_STREAM' : ''
    if (share.hits > 0) accepted.push(`${nameOf(client)} (${percent(share)}${frames})`)
    else refused.push(nameOf(client))
  }
  const sentences = [
    accepted.length > 0 ? `A body without a length that a FIN has cut is whole to ${listed(accepted)}.` : undefined,
    refused.length > 0 ? `It is never whole to ${listed(refused)}.` : undefined,
    framedSentence(cells),
    policySentence(cells),
  ]
  return sentences.filter((sentence) => sentence !== undefined).join(' ')
}

function framedSentence(cells: readonly Cell[]): string | undefined {
  const framed = (['content-length', 'chunked'] as const)
    .map((framing) => pooled(cells, bodyCuts, { framing, policy: 'none' }))
    .filter((share) => share !== undefined)
  if (framed.length === 0) return undefined
  const hits = framed.reduce((sum, share) => sum + share.hits, 0)
  const of = framed.reduce((sum, share) => sum + share.of, 0)
  return `With Content-Length or chunks ${hits} of ${count(of)} cuts inside the body were accepted.`
}

function policySentence(cells: readonly Cell[]): string | undefined {
  const share = pooled(cells, 'cut-accepted', { policy: 'onTruncation: error' })
  if (share === undefined) return undefined
  const hasStreams = cellsWith(cells, { client: 'https over TlsStream' }).length > 0
  const also = hasStreams ? ', which a TlsStream has by default,' : ''
  return `With onTruncation: 'error'${also} Node's clients accepted ${share.hits} of ${count(share.of)} cut responses.`
}

/** The framing in which nothing but the end of the connection, or an END_STREAM that is missing, tells of a cut. */
function openFraming(client: Client): Framing {
  return client === 'http2' ? 'http2' : 'close-delimited'
}

const names: Readonly<Partial<Record<Client, string>>> = {
  curl: 'curl (OpenSSL)',
  'libcurl-gnutls': 'libcurl (GnuTLS)',
  http2: "Node's http2",
  'http.client': "Python's http.client",
  urllib: "Python's urllib",
}

function nameOf(client: Client): string {
  return names[client] ?? client
}

function acceptedChart(cells: readonly Cell[]): Chart {
  return {
    name: 'truncation-accepted',
    title: 'Cut bodies that are taken for whole',
    description:
      'Bars: for each client the share of the cuts inside a body without a length (http2: inside its frames) that it ' +
      'accepts, by FIN and by RST, without a policy and with onTruncation: error. Both versions of TLS together.',
    kind: 'bars',
    x: { label: 'client', scale: 'category' },
    y: { label: '% of the cuts inside the body', scale: 'linear' },
    series: policies.flatMap((policy) =>
      endings.map((ending) => ({
        name: policy === 'none' ? ending : `${ending}, ${policy}`,
        role: 'measured' as const,
        points: clients.flatMap((client): ChartPoint[] => {
          const share = pooled(cells, bodyCuts, { client, framing: openFraming(client), ending, policy })
          if (share === undefined || share.of === 0) return []
          const { low, high } = wilsonInterval(share.hits, share.of)
          return [{ x: nameOf(client), y: (100 * share.hits) / share.of, low: 100 * low, high: 100 * high }]
        }),
      })),
    ),
  }
}

function table(cells: readonly Cell[]): Table {
  const columns = protocols.flatMap((protocol) => endings.map((ending) => ({ protocol, ending })))
  return {
    head: [
      'client',
      'framing',
      'policy',
      ...columns.map(({ protocol, ending }) => `accepted inside the body, ${protocol} ${ending}`),
      ...results.map((result) => (result === 'cut-accepted' ? 'all cuts: accepted' : result)),
      'positions',
    ],
    rows: clients.flatMap((client) =>
      framingsOf(client).flatMap((framing) =>
        policies.flatMap((policy) => {
          const asked = { client, framing, policy } as const
          const all = pooled(cells, 'cut-accepted', asked)
          if (all === undefined) return []
          return [
            [
              nameOf(client),
              framing,
              describePolicy(policy),
              ...columns.map((column) => shareText(pooled(cells, bodyCuts, { ...asked, ...column }))),
              ...results.map((result) => shareText(pooled(cells, result, asked))),
              count(all.of),
            ],
          ]
        }),
      ),
    ),
  }
}

function describePolicy(policy: Policy): string {
  return policy === 'none' ? 'none' : "onTruncation: 'error'"
}

function shareText(share: Pick<Share, 'hits' | 'of'> | undefined): string {
  return share === undefined ? '' : percent(share)
}

/** Not rounded to none or all where it is neither. */
function percent({ hits, of }: Pick<Share, 'hits' | 'of'>): string {
  if (of === 0) return ''
  const exact = (100 * hits) / of
  const rounded = exact.toFixed(1)
  if (hits > 0 && rounded === '0.0') return '< 0.1 %'
  if (hits < of && rounded === '100.0') return '> 99.9 %'
  return `${rounded.replace(/\.0$/, '')} %`
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function listed(items: readonly string[]): string {
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}
