import type { Cell } from '../cell.js'
import { formatMeasure } from '../format.js'
import { cellWith, measuredSeries, medianIn, pointsOf } from '../look-up.js'
import type { Chart, ChartPoint, ChartSeries, Presentation, Table } from '../question.js'
import { peers } from './sides.js'

export const latencyPresentation: Presentation = { answer, charts, table }

/** Of the table. */
const shown = [
  'end()',
  'quiet',
  'unidirectional',
  'bidirectional',
  'TlsStream, quiet',
  'TlsStream, unidirectional',
  'TlsStream, bidirectional',
  'C, bidirectional',
  'Python, unwrap()',
]
/** Of charts, which have eight colours. */
const drawn = shown.filter((side) => side !== 'TlsStream, quiet')
const rtts = [0, 10, 50, 200]

function answer(cells: readonly Cell[]): string {
  const sentences: string[] = []
  // Where the cost above 1 RTT is known best.
  const known = (measure: string) => (rtt: number) =>
    rtt <= 50 && medianIn(find(cells, { rtt, side: 'bidirectional' }), measure) !== undefined
  const rtt = rtts.findLast(known('aboveEcho')) ?? rtts.findLast(known('done'))
  if (rtt !== undefined) {
    const at = (side: string, measure = 'done'): string => text(find(cells, { rtt, side }), measure)
    sentences.push(
      `With a peer that answers and a round trip of ${rtt} ms, a bidirectional closing takes ${at('bidirectional')}, ` +
        `which is ${at('bidirectional', 'aboveEcho')} more than an echo takes (the C program: ` +
        `${at('C, bidirectional', 'aboveEcho')}); a unidirectional one takes ${at('unidirectional')}, ` +
        `and Node's end() ${at('end()')}.`,
    )
    if (find(cells, { rtt, side: 'TlsStream, bidirectional' }) !== undefined) {
      sentences.push(
        `On a TlsStream a bidirectional one takes ${at('TlsStream, bidirectional', 'aboveEcho')} more than an echo, ` +
          `and a unidirectional one ${at('TlsStream, unidirectional')}.`,
      )
    }
  }
  const silent = find(cells, { rtt: rtt ?? 0, side: 'bidirectional', peer: 'silent' })
  if (silent !== undefined) sentences.push(`A silent peer costs the whole budget: ${text(silent, 'done')}.`)
  return sentences.length > 0 ? sentences.join(' ') : 'Not enough was measured to answer.'
}

function charts(cells: readonly Cell[]): readonly Chart[] {
  return [byRtt(cells), aboveLimit(cells), byPeer(cells)].filter(({ series }) => series.length > 0)
}

function byRtt(cells: readonly Cell[]): Chart {
  const limit: ChartSeries = {
    name: '1 RTT',
    role: 'limit',
    points: rtts.filter((rtt) => rtt > 0).map((rtt) => ({ x: `${rtt} ms`, y: rtt })),
  }
  const measured = seriesOf(drawn, (side) =>
    rtts.flatMap((rtt) => pointsOf(`${rtt} ms`, find(cells, { rtt, side })?.measures['done'])),
  )
  return {
    name: 'latency-by-rtt',
    title: 'Until our side is done, TLS 1.3, a peer that answers',
    description:
      'Median time from the call until nothing is left to send or to wait for, by round trip time. What waits for ' +
      'nobody stays flat; what waits for close_notify lies on the line of 1 RTT.',
    kind: 'lines',
    x: { label: 'round trip time', scale: 'category' },
    y: { label: 'ms', scale: 'log' },
    series: measured.length > 0 ? [...measured, limit] : [],
  }
}

function aboveLimit(cells: readonly Cell[]): Chart {
  const waiting = [
    'bidirectional',
    'bidirectional again',
    'policy, bidirectional',
    'TlsStream, bidirectional',
    'C, bidirectional',
    'Python, unwrap()',
  ]
  return {
    name: 'latency-above-limit',
    title: 'What a bidirectional closing adds to 1 RTT, TLS 1.3',
    description: 'Median of the closing minus an echo over the same way at the same moment, by round trip time.',
    kind: 'bars',
    x: { label: 'round trip time', scale: 'category' },
    y: { label: 'ms above an echo', scale: 'linear' },
    series: seriesOf(waiting, (side) =>
      rtts.flatMap((rtt) => pointsOf(`${rtt} ms`, find(cells, { rtt, side })?.measures['aboveEcho'])),
    ),
  }
}

function byPeer(cells: readonly Cell[]): Chart {
  return {
    name: 'latency-by-peer',
    title: 'Until our file descriptor is gone, TLS 1.3, round trip 50 ms',
    description:
      'Median time from the call until the descriptor is closed, by how the peer behaves. A peer that stays silent ' +
      'holds the descriptor of end() for as long as it likes: there is no mark.',
    kind: 'bars',
    x: { label: 'the peer', scale: 'category' },
    y: { label: 'ms', scale: 'log' },
    series: seriesOf(drawn, (side) =>
      peers.flatMap((peer) => pointsOf(peer, find(cells, { rtt: 50, side, peer })?.measures['closed'])),
    ),
  }
}

function table(cells: readonly Cell[]): Table {
  const rows: string[][] = []
  for (const network of ['relay', 'packets']) {
    for (const rtt of rtts) {
      for (const side of shown) {
        const cell = find(cells, { network, rtt, side })
        if (cell === undefined) continue
        const columns = ['delivered', 'known', 'done', 'closed', 'aboveEcho'].map((measure) => text(cell, measure))
        rows.push([network, `${rtt} ms`, side, ...columns])
      }
    }
  }
  return { head: ['network', 'RTT', 'side', 'delivered', 'known', 'done', 'closed', 'above an echo'], rows }
}

interface Wanted {
  readonly rtt: number
  readonly side: string
  readonly peer?: string
  readonly network?: string
}

function find(cells: readonly Cell[], { rtt, side, peer = 'answers', network = 'relay' }: Wanted): Cell | undefined {
  return cellWith(cells, { rtt, side, peer, network, protocol: 'TLSv1.3' })
}

function text(cell: Cell | undefined, name: string): string {
  const measure = cell?.measures[name]
  return measure === undefined ? '-' : formatMeasure(measure)
}

function seriesOf(sides: readonly string[], points: (side: string) => readonly ChartPoint[]): readonly ChartSeries[] {
  return measuredSeries(sides.map((name) => ({ name, points: points(name) })))
}
