/**
 * The time that JavaScript adds to the decryption of 16 KiB records that come in chunks of 64 KiB: pump() against the
 * same loop in C++, over native/engine (engine) and over memory BIOs and SSL_read (plain). A sample is made in a
 * process of its own.
 */
import { Loop } from './loop.js'
import type { Program } from '../program.js'
import { startWorker } from '../numbers.js'

const description = {
  name: 'engine-bulk',
  question: 'Decryption of 16 KiB records through pump(), relative to the same loop in C++',
  unit: 'MiB per sample',
  size: 64,
}

const sides = ['pump', 'engine', 'engine again', 'plain'] as const

export const engineBulk: Program = {
  description,
  start: async ({ size }, measurements) => {
    const loop = await Loop.compile()
    measurements.facts['libssl'] = loop.libssl
    const sample = async (side: (typeof sides)[number]): Promise<number> => {
      if (side !== 'pump') {
        const [time = Number.NaN] = await loop.run(side === 'plain' ? 'plain' : 'engine', 'bulk', size)
        return time
      }
      const worker = await startWorker(new URL('./bulk-process.js', import.meta.url), [loop.libssl, String(size)])
      try {
        const [time = Number.NaN] = await worker.ask('measure')
        return time
      } finally {
        await worker.stop()
      }
    }
    return {
      step: async (pair) => {
        const times = new Map<string, number>()
        for (let i = 0; i < sides.length; i++) {
          const side = sides[(i + pair) % sides.length] ?? 'plain'
          times.set(side, await sample(side))
        }
        const of = (side: (typeof sides)[number]): number => times.get(side) ?? Number.NaN
        for (const side of sides) measurements.add(`ns per record, ${side}`, of(side))
        measurements.add('pump / engine', of('pump') / of('engine'))
        measurements.add('pump / plain', of('pump') / of('plain'))
        measurements.add('engine / engine (A/A)', of('engine again') / of('engine'))
        return !measurements.isNarrow('pump / engine', 0.01)
      },
      stop: () => loop.remove(),
    }
  },
}
