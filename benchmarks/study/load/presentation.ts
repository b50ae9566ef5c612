/** How the question is shown: what waiting costs a server, and the formula beside what was measured. */
import type { Amount, Cell, Measure, Series } from '../cell.js'
import { cellsWith, measuredSeries, sampled } from '../look-up.js'
import type { Chart, ChartPoint, ChartSeries, Presentation, Table } from '../question.js'

export const presentation: Presentation = { answer, charts, table }

const sizes = [100, 1000, 10_000] as const

function answer(cells: readonly Cell[]): string {
  return [formulaAnswer(cells), cpuAnswer(cells)].filter((sentence) => sentence !== undefined).join(' ') || nothing
}

const nothing = 'No figure was precise enough for an answer.'

function formulaAnswer(cells: readonly Cell[]): string | undefined {
  const bidirectional = cellsWith(cells, { load: 'stream', side: 'bidirectional' }).flatMap((cell) => {
    const held = figure(cell.measures['held'])
    const formula = figure(cell.measures['formula'])
    return held === undefined || formula === undefined
      ? []
      : [{ silent: cell.parameters['silent'], held, formula, cell }]
  })
  const first = bidirectional[0]?.cell.parameters
  if (first === undefined) return undefined
  const found = bidirectional.map(({ silent, held, formula }) => {
    return `${round(held)} with ${silent} % silent peers, by the formula ${round(formula)}`
  })
  return (
    'A server that waits holds as many descriptors as it closes connections per second, times RTT + silent share x ' +
    `budget: with about ${first['perSecond']} closes per second, an RTT of ${first['rtt']} ms and a budget of ` +
    `${first['budget']} ms, bidirectional closing held ${found.join('; ')}.`
  )
}

function cpuAnswer(cells: readonly Cell[]): string | undefined {
  for (const connections of [1000, 100]) {
    const cost = (side: string): number | undefined =>
      figure(cellsWith(cells, { load: 'burst', connections, silent: 0, side })[0]?.measures['cpuPerClose'])
    const [end, uni, both] = [cost('end()'), cost('unidirectional'), cost('bidirectional')]
    if (end === undefined || uni === undefined || both === undefined) continue
    const streams = [cost('TlsStream, unidirectional'), cost('TlsStream, bidirectional')] as const
    return (
      `When ${grouped(connections)} connections close at once on a server that has closed thousands before, a close ` +
      `takes ${round(both)} µs of its CPU time bidirectionally and ${round(uni)} µs unidirectionally; Node's end() ` +
      `takes ${round(end)} µs.${streamAnswer(...streams)}`
    )
  }
  return undefined
}

function streamAnswer(uni: number | undefined, both: number | undefined): string {
  if (uni === undefined || both === undefined) return ''
  return ` A close of a TlsStream takes ${round(both)} µs bidirectionally and ${round(uni)} µs unidirectionally.`
}

function charts(cells: readonly Cell[]): readonly Chart[] {
  return [openFilesChart(cells), formulaChart(cells), cpuChart(cells)].filter(({ series }) => series.length > 0)
}

function openFilesChart(cells: readonly Cell[]): Chart {
  const streams = cellsWith(cells, { load: 'stream', silent: 10 })
  const given = streams[0]?.parameters ?? {}
  return {
    name: 'load-open-files',
    title: 'Descriptors held by connections that are closing, 10 % of the peers silent',
    description:
      `A steady stream of about ${given['perSecond']} closes per second, RTT ${given['rtt']} ms, budget ` +
      `${given['budget']} ms. Node's end() waits for silent peers without end; the other ways come to rest.`,
    kind: 'lines',
    x: { label: 's of the stream', scale: 'linear' },
    y: { label: 'descriptors held', scale: 'linear' },
    series: streams.flatMap(({ parameters, measures }): ChartSeries[] => {
      const line = seriesOf(measures['openFiles'])
      if (line === undefined) return []
      return [
        {
          name: String(parameters['side']),
          role: 'measured',
          points: line.points.map(([x, y]) => ({ x: Number((x / 1000).toFixed(3)), y })),
        },
      ]
    }),
  }
}

function formulaChart(cells: readonly Cell[]): Chart {
  const series = new Map<string, ChartPoint[]>()
  for (const { parameters, measures } of cellsWith(cells, { load: 'stream' })) {
    const formula = figure(measures['formula'])
    const held = sampled(measures['held'])
    if (formula === undefined || held?.median === undefined) continue
    const side = String(parameters['side'])
    const points = series.get(side) ?? []
    series.set(side, points)
    points.push({
      ...{ x: Number(formula.toFixed(3)), y: held.median },
      ...(held.interval && { low: held.interval.low, high: held.interval.high }),
    })
  }
  const lines = [...series].map(([name, points]): ChartSeries => {
    return { name, role: 'measured', points: points.sort((a, b) => Number(a.x) - Number(b.x)) }
  })
  const all = lines.flatMap(({ points }) => points.map(({ x }) => Number(x)))
  const limit: ChartSeries = {
    name: 'the formula',
    role: 'limit',
    points: [Math.min(...all), Math.max(...all)].map((x) => ({ x, y: x })),
  }
  return {
    name: 'load-formula',
    title: 'Descriptors held in a steady stream, beside the formula',
    description:
      'Measured over closes per second x (RTT + silent share x budget). On the line the formula is right. Quiet and ' +
      'unidirectional lie above it with silent peers: their lingerTimeout ends at the next look.',
    kind: 'lines',
    x: { label: 'descriptors by the formula', scale: 'log' },
    y: { label: 'descriptors held', scale: 'log' },
    series: lines.length === 0 ? [] : [...lines, limit],
  }
}

function cpuChart(cells: readonly Cell[]): Chart {
  const series = sizes.map((connections) => {
    const points = cellsWith(cells, { load: 'burst', connections, silent: 0 }).flatMap(({ parameters, measures }) => {
      const cpu = sampled(measures['cpuPerClose'])
      if (cpu === undefined) return []
      // Of a few samples the middle of their range is drawn, with the range.
      const { low, high } = cpu.interval ?? { low: cpu.min, high: cpu.max }
      return [{ x: String(parameters['side']), y: cpu.median ?? (low + high) / 2, low, high }]
    })
    return { name: `${grouped(connections)} at once`, points }
  })
  return {
    name: 'load-cpu',
    title: "The server's CPU time per close, all peers answering",
    description:
      'Microseconds of user and system time per connection, by the way of closing and by how many close at once, when ' +
      'the server has closed thousands before. The ' +
      'whisker is the interval of the median, or the range of fewer than six samples.',
    kind: 'bars',
    x: { label: 'way of closing', scale: 'category' },
    y: { label: 'µs per close', scale: 'linear' },
    series: measuredSeries(series),
  }
}

/** The head of the table; bursts with few silent peers are left to the file. */
const head = [
  'load',
  'silent peers',
  'way of closing',
  'ms until all are closed',
  'µs CPU per close',
  'CPU to end()',
  'descriptors held',
  'by the formula',
  'descriptor s per 1,000 closes',
  'longest stall, ms',
  'RSS per closing, kB',
] as const

function table(cells: readonly Cell[]): Table {
  const shown = cells.filter(({ parameters: { load, silent } }) => load === 'stream' || silent === 0 || silent === 100)
  return { head, rows: shown.map(rowOf) }
}

function rowOf({ parameters, measures }: Cell): readonly string[] {
  const { load, connections, perSecond, silent, side } = parameters
  const name = load === 'burst' ? `${grouped(Number(connections))} at once` : `${perSecond} per second`
  const cpu = measures['cpuPerClose'] ?? measures['cpuPerConnection']
  return [
    ...[name, `${silent} %`, String(side)],
    ...[shownAs(measures['wall']), shownAs(cpu), shownAs(measures['cpuToEnd'], 1, 2)],
    ...[shownAs(measures['held']), shownAs(measures['formula']), shownAs(measures['fdSeconds'])],
    ...[shownAs(measures['longestStall']), shownAs(measures['rssPerClosing'], 1024)],
  ]
}

/** The median with its interval, the range of too few samples, or a dash for what could not be known. */
function shownAs(measure: Measure | undefined, divisor = 1, digits?: number): string {
  const text = (value: number): string => {
    return digits === undefined ? round(value / divisor) : (value / divisor).toFixed(digits)
  }
  if (measure?.kind === 'amount') return text(measure.value)
  const distribution = sampled(measure)
  if (distribution === undefined) return '–'
  const { median, interval, min, max } = distribution
  const { low, high } = interval ?? { low: min, high: max }
  const range = `${text(low)} to ${text(high)}`
  return median === undefined ? range : `${text(median)} (${range})`
}

function figure(measure: Measure | undefined): number | undefined {
  return measure?.kind === 'amount' ? amountOf(measure) : sampled(measure)?.median
}

function amountOf({ value }: Amount): number | undefined {
  return Number.isFinite(value) ? value : undefined
}

function seriesOf(measure: Measure | undefined): Series | undefined {
  return measure?.kind === 'series' ? measure : undefined
}

/** Three digits are more than any of these figures is worth. */
function round(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toFixed(digits)
}

function grouped(value: number): string {
  return value.toLocaleString('en-US')
}
