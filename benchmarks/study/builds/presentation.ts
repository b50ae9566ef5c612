import type { Cell, Measure } from '../cell.js'
import { formatMeasure, formatValue } from '../format.js'
import { cellWith, measuredSeries, pointsOf, sampled } from '../look-up.js'
import type { Chart, Presentation, Table } from '../question.js'
import { buildNames } from './builds.js'
import { protocols } from './pairs.js'
import type { Protocol } from './pairs.js'

export const buildsPresentation: Presentation = { answer, charts: (cells) => [chart(cells)].filter(isFilled), table }

const protocolNames: Readonly<Record<Protocol, string>> = { 'TLSv1.2': 'TLS 1.2', 'TLSv1.3': 'TLS 1.3' }
const labels: Readonly<Record<string, string>> = { own: "Node's own", boringssl: 'BoringSSL' }
const measured = ['shutdown', 'close'] as const
const measureNames = { shutdown: 'SSL_shutdown', close: 'whole close' } as const

function answer(cells: readonly Cell[]): string {
  const closes = timesOf(cells, 'close')
  const [cheapest, dearest] = [closes[0], closes.at(-1)]
  const calls = timesOf(cells, 'shutdown')
  const [leastCall, mostCall] = [calls[0], calls.at(-1)]
  if (cheapest === undefined || dearest === undefined || leastCall === undefined || mostCall === undefined)
    return 'Not enough was measured to answer.'
  return (
    `A whole bidirectional close in memory takes ${us(cheapest)} (${cheapest.name}) to ${us(dearest)} ` +
    `(${dearest.name}), both sides together, and its first SSL_shutdown ${us(leastCall)} (${leastCall.name}) to ` +
    `${us(mostCall)} (${mostCall.name}): whichever the build, the cost of waiting is the network's.`
  )
}

interface Time {
  readonly name: string
  readonly us: number
}

/** Of each build and protocol, from the cheapest on. */
function timesOf(cells: readonly Cell[], measure: 'shutdown' | 'close'): readonly Time[] {
  const times = buildNames.flatMap((build) =>
    protocols.flatMap((protocol): Time[] => {
      const median = sampled(find(cells, build, protocol, measure))?.median
      return median === undefined ? [] : [{ name: `${labelOf(build)}, ${protocolNames[protocol]}`, us: median }]
    }),
  )
  return times.sort((a, b) => a.us - b.us)
}

function us(time: Time): string {
  return formatValue(time.us, 'us')
}

function chart(cells: readonly Cell[]): Chart {
  const bars = measured.flatMap((measure) =>
    protocols.map((protocol) => {
      const name = `${measureNames[measure]}, ${protocolNames[protocol]}`
      const points = buildNames.flatMap((build) => pointsOf(labelOf(build), find(cells, build, protocol, measure)))
      return { name, points }
    }),
  )
  return {
    name: 'builds',
    title: 'A close in memory, by build of libssl',
    description:
      'Median microseconds per call of SSL_shutdown that sends close_notify, and per whole bidirectional close of both ' +
      'sides, without a socket, by build and protocol.',
    kind: 'bars',
    x: { label: 'build', scale: 'category' },
    y: { label: 'µs', scale: 'linear' },
    series: measuredSeries(bars),
  }
}

function isFilled({ series }: Chart): boolean {
  return series.length > 0
}

function table(cells: readonly Cell[]): Table {
  const rows = buildNames.flatMap((build) =>
    protocols.flatMap((protocol) => {
      const found = ['shutdown', 'close', 'quiet', 'get'].map((measure) => find(cells, build, protocol, measure))
      if (found.every((one) => one === undefined)) return []
      const texts = found.map((one) => (one === undefined ? '-' : formatMeasure(one)))
      return [[labelOf(build), protocolNames[protocol], ...texts]]
    }),
  )
  const head = ['build', 'protocol', 'SSL_shutdown', 'whole close', 'quiet SSL_shutdown', 'SSL_get_shutdown']
  return { head, rows }
}

function labelOf(build: string): string {
  return labels[build] ?? build.replace('openssl-', 'OpenSSL ')
}

function find(cells: readonly Cell[], build: string, protocol: Protocol, name: string): Measure | undefined {
  return cellWith(cells, { build, protocol })?.measures[name]
}
