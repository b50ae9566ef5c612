/**
 * The time that JavaScript adds to a shutdown of the engine and the record that comes of it, relative to the same two
 * calls in a C++ loop over the same libssl file.
 *
 * A sample is made in a process of its own, which times nothing but the loop over objects whose handshake was made
 * before: `warm`, 64 objects that stay in the processor's caches, reopened by SSL_set_shutdown(ssl, 0) between the
 * passes; `cold`, as many objects as --size says, reopened likewise; `fresh`, the same objects at their first shutdown.
 * The sides:
 *
 * - combined: shutdownAndTransmit(); two calls: shutdown() and transmit(), with a Buffer of its own; raw: the addon's
 *   function under the first, without lib/openssl
 * - engine: native/engine in C++, the same without Node-API
 * - checked: SSL_shutdown and BIO_read on memory BIOs, with ERR_clear_error and SSL_get_error as SSL_get_error(3)
 *   demands
 * - plain: the same without those two
 */
import { Loop } from './loop.js'
import type { Program } from '../program.js'
import { startWorker } from '../numbers.js'

const description = {
  name: 'engine-shutdown',
  question: 'One engine shutdown() + transmit() through JavaScript, relative to the same two calls in a C++ loop',
  unit: 'SSLs of the cold loops',
  size: 1000,
}

const rounds = 10
const sides = ['combined', 'two calls', 'raw', 'engine', 'engine again', 'checked', 'plain'] as const
const phases = ['fresh', 'cold', 'warm'] as const

export const engineShutdown: Program = {
  description,
  start: async ({ size }, measurements) => {
    const loop = await Loop.compile()
    measurements.facts['libssl'] = loop.libssl
    const sample = async (side: (typeof sides)[number]): Promise<readonly number[]> => {
      if (side === 'plain' || side === 'checked') return await loop.run(side, 'shutdown', size, rounds)
      if (side === 'engine' || side === 'engine again') return await loop.run('engine', 'shutdown', size, rounds)
      const worker = await startWorker(new URL('./shutdown-process.js', import.meta.url), [
        side,
        loop.libssl,
        String(size),
        String(rounds),
      ])
      try {
        return await worker.ask('measure')
      } finally {
        await worker.stop()
      }
    }
    return {
      step: async (pair) => {
        const times = new Map<string, readonly number[]>()
        for (let i = 0; i < sides.length; i++) {
          const side = sides[(i + pair) % sides.length] ?? 'plain'
          times.set(side, await sample(side))
        }
        for (const [at, phase] of phases.entries()) {
          const of = (side: (typeof sides)[number]): number => times.get(side)?.[at] ?? Number.NaN
          for (const side of sides) measurements.add(`ns ${phase}, ${side}`, of(side))
          const [target, targetOfPlain] = phase === 'warm' ? ['at most 1.10', 'at most 1.25'] : []
          measurements.add(`${phase}: combined / engine`, of('combined') / of('engine'), target)
          measurements.add(`${phase}: combined / checked`, of('combined') / of('checked'), target)
          measurements.add(`${phase}: combined / plain`, of('combined') / of('plain'), targetOfPlain)
          measurements.add(`${phase}: two calls / engine`, of('two calls') / of('engine'))
          measurements.add(`${phase}: raw / engine`, of('raw') / of('engine'))
          measurements.add(`${phase}: engine / engine (A/A)`, of('engine again') / of('engine'))
        }
        return !measurements.isNarrow('warm: combined / engine', 0.01)
      },
      stop: () => loop.remove(),
    }
  },
}
