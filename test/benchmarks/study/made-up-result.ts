/** A result that nobody measured, with every kind of measure, chart and mishap, and with text that would break out. */
import type { Cell, Check, QuestionName } from '../../../benchmarks/study/cell.js'
import { formatMeasure } from '../../../benchmarks/study/format.js'
import { amount, differences, distribution, present, series, share } from '../../../benchmarks/study/measures.js'
import type { Chart, ChartPoint, Question } from '../../../benchmarks/study/question.js'
import { newResult, type StudyResult } from '../../../benchmarks/study/result.js'
import { seededRandom } from '../../../benchmarks/support/random.js'

export const hostile = `</script><img src=x onerror="throw new Error('broke out')">]]>&amp;'"\u0007`

const random = seededRandom(7)
const sides = ['end()', 'destroy()', 'quiet', 'unidirectional', 'bidirectional', 'policy, bidirectional', 'C, bidirectional', 'C, unidirectional', 'Python, unwrap()', hostile] // biome-ignore format: one line
const rtts = [0, 10, 50, 200]

function cellsOf(question: QuestionName): readonly Cell[] {
  return rtts.flatMap((rtt) =>
    sides.map((side, index): Cell => {
      const waits = side.includes('bidirectional') || side.includes('Python')
      const typical = (waits ? rtt : 0) + 0.04 * (index + 1)
      const values = Array.from({ length: 40 }, () => typical * (1 + random() * 0.1))
      return {
        question,
        parameters: { rtt, side },
        measures: present({
          done: distribution(values, { unit: 'ms', better: 'lower' }, random),
          aboveEcho: differences(
            values.map((value) => value - (waits ? rtt : 0) - 0.1),
            { unit: 'ms', better: 'lower', precision: { relative: 10, absolute: 100 } },
            random,
          ),
          resets: share(index * 20, 200, 'lower'),
          lost: amount(index * 12_345, 'bytes', 'lower'),
          open: series(
            [0, 1, 2, 3, 4].map((time) => [time * 100, 100 - time * index]),
            'count',
          ),
        }),
        ...(index === 3 && { absent: { closed: hostile } }),
      }
    }),
  )
}

const chartsOf = (cells: readonly Cell[]): readonly Chart[] => [
  {
    name: 'done-by-rtt',
    title: 'Until our side is done, TLS 1.3, a peer that answers',
    description: 'Median time from the call until nothing is left to send or to wait for, by round trip time.',
    kind: 'lines',
    x: { label: 'round trip time', scale: 'category' },
    y: { label: 'ms until our side is done', scale: 'log' },
    series: [
      ...sides.slice(0, 8).map((side) => ({
        name: side,
        role: 'measured' as const,
        points: pointsOf(cells, side, 'done'),
      })),
      { name: '1 RTT', role: 'limit', points: rtts.slice(1).map((rtt) => ({ x: `${rtt} ms`, y: rtt })) },
    ],
  },
  {
    name: 'above-echo',
    title: 'What a bidirectional closing adds to 1 RTT',
    description: 'Median of the closing minus an echo over the same way at the same moment.',
    kind: 'bars',
    x: { label: 'round trip time', scale: 'category' },
    y: { label: 'ms above an echo', scale: 'linear' },
    series: [
      ...sides.slice(4).map((side) => ({
        name: side,
        role: 'measured' as const,
        points: pointsOf(cells, side, 'aboveEcho'),
      })),
      { name: 'to reach', role: 'limit', points: rtts.map((rtt) => ({ x: `${rtt} ms`, y: 0.2 })) },
    ],
  },
  {
    name: 'by-peer',
    title: 'Until our file descriptor is gone, by peer',
    description: 'Median time from the call until the descriptor is closed.',
    kind: 'bars',
    x: { label: 'the peer', scale: 'category' },
    y: { label: 'ms', scale: 'log' },
    series: sides.slice(0, 5).map((side, index) => ({
      name: side,
      role: 'measured',
      points: ['answers', 'answers after 50 ms', 'answers after 100 kB of data', hostile].map((x, place) => {
        const y = index === 0 && place === 3 ? 0 : 0.3 * (index + 1) * 6 ** place
        return { x, y, low: y * 0.8, high: y * 1.3 }
      }),
    })),
  },
]

const loadCharts: readonly Chart[] = [
  {
    name: 'descriptors',
    title: 'Open descriptors while 1,000 connections close',
    description: 'How many are open, by time.',
    kind: 'lines',
    x: { label: 'ms since the first call', scale: 'linear' },
    y: { label: 'open descriptors', scale: 'linear' },
    series: sides.slice(0, 5).map((name, index) => ({
      name,
      role: 'measured',
      points: Array.from({ length: 200 }, (_point, time) => ({
        x: time * 10,
        y: Math.round(1000 * Math.exp(-time / (10 + 12 * index))),
      })),
    })),
  },
  {
    name: 'held',
    title: 'Descriptors that are held, and the formula',
    description: 'By closes per second.',
    kind: 'lines',
    x: { label: 'connections', scale: 'log' },
    y: { label: 'CPU time per close, µs', scale: 'linear' },
    series: [
      ...sides.slice(0, 3).map((name, index) => ({
        name,
        role: 'measured' as const,
        points: [1, 10, 100, 1000, 10_000].map((x) => ({ x, y: 100 + index * 40 + x / 500, low: 90 + index * 40, high: 130 + index * 40 })), // biome-ignore format: one line
      })),
      { name: 'formula', role: 'limit', points: [1, 10_000].map((x) => ({ x, y: 80 })) },
    ],
  },
  {
    name: 'builds',
    title: 'SSL_shutdown by build',
    description: 'Names that do not fit.',
    kind: 'lines',
    x: { label: 'build of libssl', scale: 'category' },
    y: { label: 'µs', scale: 'linear' },
    series: ['TLSv1.2', 'TLSv1.3'].map((name, index) => ({
      name,
      role: 'measured',
      points: ['1.1.1w', '3.0.15', '3.1.7', '3.2.3', '3.3.2', '3.4.0', '3.5.0', '4.0.0-dev', 'BoringSSL'].map(
        (x, place) => {
          const y = 12 + 3 * index + place
          return { x: `OpenSSL ${x}`, y, low: y - 0.8, high: y + 1 }
        },
      ),
    })),
  },
  {
    name: 'nothing',
    title: 'A chart of nothing',
    description: 'No cell was precise enough.',
    kind: 'bars',
    x: { label: 'x', scale: 'category' },
    y: { label: 'y', scale: 'log' },
    series: [{ name: 'none', role: 'measured', points: [{ x: 'a', y: Number.NaN }] }],
  },
]

function pointsOf(cells: readonly Cell[], side: string, name: string): readonly ChartPoint[] {
  return cells.flatMap(({ parameters, measures }) => {
    const measure = measures[name]
    if (parameters['side'] !== side || measure === undefined || !('median' in measure)) return []
    const { median, interval } = measure
    return median === undefined ? [] : [{ x: `${parameters['rtt'] ?? ''} ms`, y: median, ...interval }]
  })
}

const latency: Question = {
  name: 'latency',
  title: 'What closing costs the side that closes first',
  definitions: { done: 'From the call until nothing is left to do.', [hostile]: hostile },
  blocks: () => [],
  presentation: {
    answer: () =>
      'With a peer that answers and a round trip of 50 ms, a bidirectional closing takes 50.4 ms [50.3, 50.5], which is ' +
      '0.31 ms more than an echo takes; a unidirectional one takes 0.12 ms, and Node’s end() 0.11 ms. ' +
      hostile,
    charts: chartsOf,
    table: (cells) => ({
      head: ['RTT', 'side', 'done', 'above an echo', 'with RST', 'bytes lost'],
      rows: cells.map(({ parameters, measures }) => [
        `${parameters['rtt'] ?? ''} ms`,
        String(parameters['side']),
        ...['done', 'aboveEcho', 'resets', 'lost'].map((name) => {
          const measure = measures[name]
          return measure === undefined ? '-' : formatMeasure(measure)
        }),
      ]),
    }),
  },
}

const load: Question = {
  ...latency,
  name: 'load',
  title: 'What many closings at once cost a server',
  presentation: {
    answer: () => '1,000 closings at once hold 312 descriptor seconds.',
    charts: () => loadCharts,
    table: () => ({ head: [], rows: [] }),
  },
}

const loss: Question = {
  ...latency,
  name: 'loss',
  title: 'What the cheaper ways lose',
  presentation: {
    ...load.presentation,
    charts: () => {
      throw new Error(`no charts ${hostile}`)
    },
  },
}

const truncation: Question = { ...latency, name: 'truncation', title: 'Which clients accept a cut response' }

export const madeUpQuestions: readonly Question[] = [latency, load, loss, truncation]

const checks: readonly Check[] = Array.from({ length: 12 }, (_check, index) => ({
  name: index === 5 ? hostile : 'never below the recorded delays',
  question: index % 2 === 0 ? 'latency' : 'load',
  where: `latency network=relay rtt=${index * 10}`,
  expected: 'at least 50.0 ms',
  found: index === 5 ? hostile : '50.2 ms',
  passed: index !== 5,
}))

export const madeUpResult: StudyResult = {
  ...newResult({
    questions: ['latency', 'load', 'loss', 'truncation'],
    cells: ['rtt=10', hostile],
    scale: 0.25,
    seed: 7,
  }),
  seconds: 754,
  outcome: 'failed',
  definitions: { latency: latency.definitions },
  done: [{ block: 'latency rtt=10', seconds: 754 }],
  cells: [...cellsOf('latency'), ...cellsOf('load').slice(0, 4), ...cellsOf('loss').slice(0, 1)],
  checks,
  leftOut: [{ block: 'truncation client=curl', why: 'curl is not installed: apt-get install curl' }],
  failures: [{ block: `load connections=10000 ${hostile}`, error: hostile }],
}
