/**
 * The module's own native memory per SSL that it tracks and nobody controls, counted twice.
 *
 * By sizeof: what native code says of its records (list node, index node, bucket, allocator's header and rounding).
 *
 * By the allocator: two processes make the same SSLs over streams that lead nowhere, one with the module imported and one
 * without; the growth of glibc's main arena (the mapping [heap] of /proc/self/smaps, which holds no JavaScript objects) is
 * divided by their number. malloc itself says less without a debugger. The module has met and hooked all of them; their
 * handshakes are not done, so that the node of the index (a part of the count by sizeof) is not in it.
 */
import { trackingCounts } from '../../../../lib/native/addon.js'
import type { Program } from '../program.js'
import { startWorker } from '../numbers.js'

const description = {
  name: 'memory',
  question: 'Native memory of the module per tracked, uncontrolled SSL, in bytes',
  unit: 'SSLs per process',
  size: 10_000,
}

export const memory: Program = {
  description,
  start: ({ size }, measurements) => {
    measurements.facts['bytes per SSL by sizeof (target: at most 512)'] = trackingCounts().bytesPerSsl
    const sample = async (side: 'with' | 'without'): Promise<number> => {
      const worker = await startWorker(
        new URL('./sample-process.js', import.meta.url),
        [side, String(size)],
        ['--expose-gc'],
      )
      const [bytes = Number.NaN] = await worker.ask('measure')
      await worker.stop()
      return bytes / size
    }
    return {
      step: async (pair) => {
        const first = await sample(pair % 2 === 0 ? 'with' : 'without')
        const second = await sample(pair % 2 === 0 ? 'without' : 'with')
        const again = await sample('without')
        const [loaded, without] = pair % 2 === 0 ? [first, second] : [second, first]
        measurements.add('growth per SSL, without', without)
        measurements.add('growth per SSL, with', loaded)
        measurements.add('with - without', loaded - without, 'at most 512 bytes')
        measurements.add('without - without (A/A)', again - without)
        return !measurements.isNarrow('with - without', 16)
      },
    }
  },
}
