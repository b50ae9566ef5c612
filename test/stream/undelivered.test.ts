// undeliveredBytes: what the kernel was never given in whole records counts, and nothing else.
import { describe, expect, test } from 'vitest'
import { collect, turns } from '../support/streams.js'
import { connectStreams, streamSides } from './pair.js'

describe.each(streamSides)('$name, $version, our side is the $near', (sides) => {
  test.each([6, 100_000])('write() and destroy() in one turn, %i bytes: nothing is lost', async (size) => {
    const { local, peer } = await connectStreams(sides)
    const came = collect(peer)
    local.write(Buffer.alloc(size))
    local.destroy()
    const { undeliveredBytes } = await local.report
    expect({ came: (await came).bytes.length, undeliveredBytes }).toEqual({ came: size, undeliveredBytes: 0 })
  })

  test.each([1000, 16_385, 1_000_000, 5_000_000])(
    'destroy() while the peer reads nothing, after writes of %i bytes: what came and what did not is all',
    async (size) => {
      const { local, peer, wire, near } = await connectStreams(sides)
      const before = wire.data(near).length
      wire.stall(near)
      let written = 0
      for (; written < 12_000_000; written += size) local.write(Buffer.alloc(size))
      // As far as the kernel takes it.
      let left: number | undefined = -1
      while (local.undeliveredBytes !== left) {
        left = local.undeliveredBytes
        await turns(50)
      }
      local.destroy()
      const { undeliveredBytes = 0 } = await local.report
      peer.resume()
      wire.stall(near, false)
      await wire.seen(near, 'fin')
      expect(wire.data(near).length - before + undeliveredBytes).toBe(written)
    },
  )
})
