import type { Cell, Share } from '../cell.js'
import { cellWith, measuredSeries, shareIn } from '../look-up.js'
import { valuesOf } from '../measures.js'
import type { Chart, ChartPoint, ChartSeries, Presentation, Table } from '../question.js'
import { type Network as AnyNetwork, rtt } from './plans.js'
import { allWaysOf, type Protocol, type Situation, settings, situations, type Way } from './situations.js'

type Network = AnyNetwork['kind']

export const presentation: Presentation = { answer, charts, table }

function answer(cells: readonly Cell[]): string {
  const lost = (situation: Situation, way: Way, network: Network = 'loopback'): string | undefined =>
    percent(lossOf(find(cells, situation, network, 'TLSv1.3', way)))
  const far = (situation: Situation, way: Way): string | undefined =>
    lost(situation, way, 'packets') ?? lost(situation, way, 'relay')
  const resumed = (way: Way): string | undefined =>
    percent(shareIn(find(cells, 'client closes at once', 'loopback', 'TLSv1.3', way), 'resumed'))
  const sentences = [
    sentence("Where an early answer cuts an upload short, a part of it is lost by Node's https server in", [
      [lost('upload cut', 'https'), 'of the runs on loopback'],
      [far('upload cut', 'https'), `at an RTT of ${rtt} ms`],
    ]),
    sentence('It is lost at that RTT in', [
      [far('upload cut', 'https, policy, unidirectional'), 'under a unidirectional policy'],
      [far('upload cut', 'https, policy, bidirectional'), 'under a bidirectional one'],
    ]),
    sentence('A client that closes right after its last write loses of it, at that RTT, in', [
      [far('client closes at once', 'destroy()'), 'of the runs by destroy()'],
      [far('client closes at once', 'bidirectional'), 'by a bidirectional closing'],
    ]),
    sentence('Its next connection then resumes in', [
      [resumed('destroy()'), 'of the runs after destroy()'],
      [resumed('end()'), 'after end()'],
      [resumed('bidirectional'), 'after a bidirectional closing'],
    ]),
  ]
  return sentences.filter((text) => text !== '').join(' ') || 'The situations that answer it were not measured.'
}

/** A sentence of the figures that are there; empty without any. */
function sentence(opening: string, parts: readonly (readonly [string | undefined, string])[]): string {
  const known = parts.filter(([figure]) => figure !== undefined).map(([figure, what]) => `${figure} ${what}`)
  return known.length === 0 ? '' : `${opening} ${known.join(', ')}.`
}

const shown: readonly { readonly situation: Situation; readonly network: Network; readonly name: string }[] = [
  { situation: 'upload cut', network: 'loopback', name: 'upload cut, loopback' },
  { situation: 'upload cut', network: 'packets', name: `upload cut, RTT ${rtt} ms` },
  { situation: 'client closes at once', network: 'loopback', name: 'client closes at once, loopback' },
  { situation: 'client closes at once', network: 'packets', name: `client closes at once, RTT ${rtt} ms` },
  { situation: 'server closes at once', network: 'loopback', name: 'server closes at once, loopback' },
  { situation: 'peer pauses', network: 'loopback', name: 'peer pauses, loopback' },
]

function charts(cells: readonly Cell[]): readonly Chart[] {
  const side = { label: 'closed by', scale: 'category' } as const
  return [
    {
      name: 'loss-runs',
      title: 'Runs in which the peer did not get all (TLS 1.3)',
      description: 'Bars of the share of runs with loss, for each way of closing, in each situation.',
      kind: 'bars' as const,
      x: side,
      y: { label: '% of runs with loss', scale: 'linear' } as const,
      series: seriesOf(cells, shown, lossPoint),
    },
    {
      name: 'loss-bytes',
      title: 'Bytes that the peer did not get (TLS 1.3)',
      description:
        'Bars of the mean part of the written bytes that was lost, for each way of closing, in each situation.',
      kind: 'bars' as const,
      x: side,
      y: { label: '% of bytes lost, mean', scale: 'linear' } as const,
      series: seriesOf(cells, shown, bytesPoint),
    },
    {
      name: 'loss-resumption',
      title: 'Next connections that resume the session (TLS 1.3)',
      description: 'Bars of the share of runs after which the next connection of the client resumed the session.',
      kind: 'bars' as const,
      x: side,
      y: { label: '% that resume', scale: 'linear' } as const,
      series: seriesOf(cells, shown, (cell) => sharePoint(shareIn(cell, 'resumed'))),
    },
  ].filter(({ series }) => series.length > 0)
}

type Point = Omit<ChartPoint, 'x'> | undefined

function seriesOf(cells: readonly Cell[], which: typeof shown, pointOf: (cell: Cell) => Point): readonly ChartSeries[] {
  return measuredSeries(
    which.map(({ situation, network, name }) => {
      const points = allWaysOf(situation).flatMap(({ way }) => {
        const cell = find(cells, situation, network, 'TLSv1.3', way)
        const point = cell && pointOf(cell)
        return point === undefined ? [] : [{ x: way, ...point }]
      })
      return { name, points }
    }),
  )
}

function lossPoint(cell: Cell): Point {
  return sharePoint(lossOf(cell))
}

function sharePoint(measure: Share | undefined): Point {
  if (measure === undefined) return undefined
  const { hits, of, interval } = measure
  return { y: (100 * hits) / of, low: 100 * interval.low, high: 100 * interval.high }
}

function bytesPoint(cell: Cell): Point {
  const mean = meanLost(cell)
  const written = writtenIn(cell)
  return mean === undefined || written === undefined ? undefined : { y: (100 * mean) / written }
}

function table(cells: readonly Cell[]): Table {
  const rows = situations.flatMap((situation) =>
    allWaysOf(situation).map(({ way }) => {
      const at = (network: Network, protocol: Protocol): Cell | undefined =>
        find(cells, situation, network, protocol, way)
      const here = at('loopback', 'TLSv1.3')
      const far = at('packets', 'TLSv1.3')
      const figures = [
        percent(lossOf(here)),
        percent(lossOf(at('loopback', 'TLSv1.2'))),
        percent(lossOf(far)),
        percent(lossOf(at('relay', 'TLSv1.3'))),
        bytes(meanLost(here)),
        bytes(meanLost(far)),
        percent(shareIn(here, 'reset')),
        percent(shareIn(far, 'reset')),
        percent(shareIn(here, 'resumed')),
      ]
      return { name: [situation, way], figures }
    }),
  )
  return {
    head: [
      'situation',
      'closed by',
      'loss',
      'loss, TLS 1.2',
      `loss, ${rtt} ms`,
      `loss, ${rtt} ms, relay`,
      'bytes',
      `bytes, ${rtt} ms`,
      'RST',
      `RST, ${rtt} ms`,
      'resumes',
    ],
    rows: rows
      .filter(({ figures }) => figures.some((figure) => figure !== undefined))
      .map(({ name, figures }) => [...name, ...figures.map((figure) => figure ?? '')]),
  }
}

function find(cells: readonly Cell[], situation: Situation, network: Network, protocol: Protocol, side: Way) {
  return cellWith(cells, { situation, network, protocol, side })
}

/** The share of runs in which something was lost: those that are left of `delivered`. */
function lossOf(cell: Cell | undefined): Share | undefined {
  const delivered = shareIn(cell, 'delivered')
  if (delivered === undefined) return undefined
  const { hits, of, interval } = delivered
  return {
    ...delivered,
    better: 'lower',
    hits: of - hits,
    interval: { low: 1 - interval.high, high: 1 - interval.low },
  }
}

function meanLost(cell: Cell | undefined): number | undefined {
  const measure = cell?.measures['lostBytes']
  if (measure?.kind !== 'distribution') return undefined
  // The histogram keeps three digits: none of its values may exceed the greatest that was seen.
  const values = valuesOf(measure).map((value) => Math.min(value, measure.max))
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function writtenIn({ parameters }: Cell): number | undefined {
  const situation = situations.find((name) => name === parameters['situation'])
  return situation && settings[situation].bytes
}

function percent(measure: Share | undefined): string | undefined {
  if (measure === undefined) return undefined
  const value = (100 * measure.hits) / measure.of
  // What happened now and then is neither never nor always.
  const isEdge = measure.hits === 0 || measure.hits === measure.of
  return `${isEdge ? value : value.toFixed(1)} %`
}

function bytes(value: number | undefined): string | undefined {
  return value === undefined ? undefined : Math.round(value).toLocaleString('en')
}
