/**
 * The cost of the first closureOf() of a secured socket, with few and with many other connections in the process.
 *
 * A sample is made in a process of its own, which holds connections over Duplex pairs, without file descriptors: 10 or
 * 10,000 secured ones, or 10 and 10,000 handshakes that are never finished. It times closureOf() of one fresh, secured
 * socket after the other, and reports the median. What is amortised counts too: the first call of all meets every SSL
 * that was made before, and is reported apart, as a fact.
 */
import type { Program } from '../program.js'
import { startWorker } from '../numbers.js'

const description = {
  name: 'lookup',
  question: 'First closureOf() of a secured socket: its cost with many connections in the process, relative to 10',
  unit: 'connections on the larger side',
  size: 10_000,
}

const target = 'at most 2'

export const lookup: Program = {
  description,
  start: ({ size }, measurements) => {
    const sides = {
      few: ['10', '0'],
      again: ['10', '0'],
      many: [String(size), '0'],
      unfinished: ['10', String(size)],
    } as const
    const names = ['few', 'again', 'many', 'unfinished'] as const
    return {
      step: async (pair) => {
        const medians: Partial<Record<(typeof names)[number], number>> = {}
        for (let i = 0; i < names.length; i++) {
          const name = names[(i + pair) % names.length] ?? 'few'
          const worker = await startWorker(new URL('./sample-process.js', import.meta.url), sides[name])
          const [first = Number.NaN, median = Number.NaN] = await worker.ask('measure')
          await worker.stop()
          medians[name] = median
          measurements.add(`microseconds, ${name}`, median, name === 'again' ? undefined : 'at most 8')
          measurements.add(`microseconds of the first call of all, ${name}`, first)
        }
        const { few, again, many, unfinished } = medians
        if (few === undefined || again === undefined || many === undefined || unfinished === undefined) return true
        measurements.add(`${size} connections / 10`, many / few, target)
        measurements.add(`${size} unfinished handshakes / 10 connections`, unfinished / few, target)
        measurements.add('A/A', again / few)
        const rows = [`${size} connections / 10`, `${size} unfinished handshakes / 10 connections`]
        return !rows.every((row) => measurements.isNarrow(row, 0.01))
      },
    }
  },
}
