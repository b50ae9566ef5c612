import type { Cell, Measure } from '../cell.js'
import { formatMeasure, formatValue } from '../format.js'
import { cellWith, measuredSeries, medianIn, pointsOf } from '../look-up.js'
import type { Axis, Chart, Presentation, Table } from '../question.js'
import { callSides } from './calls/calls.js'
import { callNames, inOpenSSL } from './calls/names.js'
import { liveCounts } from './live/live.js'
import { serverTopics } from './servers.js'

export const overheadPresentation: Presentation = {
  answer,
  charts: (cells) => [servers(cells), live(cells), calls(cells)].filter(({ series }) => series.length > 0),
  table,
}

function answer(cells: readonly Cell[]): string {
  const sentences = [serverSentence(cells), liveSentence(cells), callSentence(cells)].filter((one) => one !== undefined)
  return sentences.length > 0 ? sentences.join(' ') : 'Not enough was measured to answer.'
}

function serverSentence(cells: readonly Cell[]): string | undefined {
  const part = (topic: string, side: string, of: string): string[] => {
    const ratio = medianIn(cellWith(cells, { topic, side }), 'cpuRatio')
    return ratio === undefined ? [] : [`${ratio.toFixed(2)} times with ${of}`]
  }
  const parts = [
    ...part('tls connections', 'imported', 'the package only loaded'),
    ...part('https connections', 'policy, unidirectional', 'a unidirectional policy'),
    ...part('https connections', 'policy, bidirectional', 'a bidirectional policy'),
    ...part('bytes', 'policy, unidirectional', 'a policy over a bulk transfer'),
    ...part('https connections', 'stock again', 'stock Node measured twice'),
  ]
  return parts.length === 0 ? undefined : `CPU time of a server relative to stock Node: ${parts.join(', ')}.`
}

function liveSentence(cells: readonly Cell[]): string | undefined {
  const measured = liveCounts.flatMap((count) => {
    const time = medianIn(cellWith(cells, { topic: 'closureOf', live: count }), 'time')
    return time === undefined ? [] : [`${formatValue(time, 'us')} with ${count.toLocaleString('en')}`]
  })
  const [least, most] = [measured[0], measured.at(-1)]
  if (least === undefined || most === undefined || least === most) return undefined
  return `closureOf() takes ${least} SSLs in the process and ${most}.`
}

function callSentence(cells: readonly Cell[]): string | undefined {
  const call = inOpenSSL.sslShutdown
  const at = (side: string): number | undefined => medianIn(cellWith(cells, { topic: 'calls', call, side }), 'time')
  const [c, engine] = [at('C'), at('engine')]
  if (c === undefined || engine === undefined) return undefined
  return `SSL_shutdown takes ${formatValue(c, 'us')} in C and ${formatValue(engine, 'us')} from JavaScript over the same libssl.`
}

function servers(cells: readonly Cell[]): Chart {
  const sides = [...new Set(serverTopics.flatMap(({ sides: names }) => Object.keys(names)))]
  const series = sides.map((side) => {
    const points = serverTopics.flatMap(({ topic }) =>
      pointsOf(topic, cellWith(cells, { topic, side })?.measures['cpuRatio']),
    )
    return { name: side, points }
  })
  return {
    name: 'overhead-servers',
    title: "A server's CPU time relative to stock Node",
    description:
      'Median ratio of CPU time per connection, or per MiB, to that of stock Node in the same round. "stock again" is ' +
      'stock Node against itself.',
    kind: 'bars',
    x: { label: 'what the server does', scale: 'category' },
    y: { label: 'CPU time, stock = 1', scale: 'linear' },
    series: measuredSeries(series),
  }
}

function live(cells: readonly Cell[]): Chart {
  const points = liveCounts.flatMap((count) =>
    pointsOf(count, cellWith(cells, { topic: 'closureOf', live: count })?.measures['time']),
  )
  return {
    name: 'overhead-closure-of',
    title: 'closureOf() by the number of SSLs in the process',
    description: 'Median time of the first closureOf() of a secured socket, with 10 to 100,000 SSLs in the process.',
    kind: 'lines',
    x: { label: 'SSLs in the process', scale: 'log' },
    y: { label: 'µs', scale: 'linear' },
    series: measuredSeries([{ name: 'closureOf()', points }]),
  }
}

function calls(cells: readonly Cell[]): Chart {
  const y: Axis = { label: 'µs', scale: 'log' }
  const series = callSides.map((side) => {
    const points = callNames.flatMap((name) => {
      const call = inOpenSSL[name]
      return pointsOf(call, cellWith(cells, { topic: 'calls', call, side })?.measures['time'])
    })
    return { name: side, points }
  })
  return {
    name: 'overhead-calls',
    title: 'A call from JavaScript, and the same call in C',
    description: 'Median time of one call of OpenSSL, in a C program and through the package.',
    kind: 'bars',
    x: { label: 'call', scale: 'category' },
    y,
    series: measuredSeries(series),
  }
}

function table(cells: readonly Cell[]): Table {
  const row = (cell: Cell | undefined, what: string, side: string, columns: readonly string[]): string[][] => {
    if (cell === undefined) return []
    const texts = columns.map((name) => textOf(cell.measures[name]))
    return [[what, side, ...texts]]
  }
  const ofServers = serverTopics.flatMap(({ topic, sides }) =>
    Object.keys(sides).flatMap((side) =>
      row(cellWith(cells, { topic, side }), topic, side, ['rate', 'cpu', 'rateRatio', 'cpuRatio']),
    ),
  )
  const ofLive = liveCounts.flatMap((count) => {
    const cell = cellWith(cells, { topic: 'closureOf', live: count })
    return row(cell, 'closureOf()', `${count.toLocaleString('en')} SSLs`, ['none', 'time', 'none', 'ratio'])
  })
  const ofCalls = callNames.flatMap((name) =>
    callSides.flatMap((side) => {
      const cell = cellWith(cells, { topic: 'calls', call: inOpenSSL[name], side })
      return row(cell, inOpenSSL[name], side, ['none', 'time', 'none', 'ratio'])
    }),
  )
  const head = ['what', 'side', 'per second', 'time of one', 'per second, relative', 'time, relative']
  return { head, rows: [...ofServers, ...ofLive, ...ofCalls] }
}

function textOf(measure: Measure | undefined): string {
  return measure === undefined ? '-' : formatMeasure(measure)
}
