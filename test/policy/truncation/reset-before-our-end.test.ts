// The peer's RST is in the kernel when our side ends: what is written then is refused, and Node drops the error of that. The peer
// has not just gone after us: where truncation is an error, the stream does not end as if it were whole.
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { type ClosurePolicy, controlClosure } from '../../../lib/index.js'
import { connectStock, sides } from '../../closure/sides.js'
import { turns } from '../../support/streams.js'

const modes = ['quiet', 'unidirectional', 'bidirectional'] as const
const onTruncation = ['error', 'report'] as const

describe.each(sides)('$version, our side is the $near', (sides) => {
  const outcome = async (way: (socket: TLSSocket) => void, policy: ClosurePolicy | undefined) => {
    const { local, wire } = await connectStock(sides)
    if (policy !== undefined) controlClosure(local, policy)
    const told: string[] = []
    local.resume().on('end', () => told.push('end'))
    local.on('error', (error: NodeJS.ErrnoException) => told.push(error.code ?? error.name))
    await turns(2)
    void wire.close()
    way(local)
    await new Promise((resolve) => local.once('close', resolve))
    return told
  }

  test.each(modes)("end() under '%s' where truncation is an error", async (mode) => {
    const told = await outcome((socket) => void socket.end(), { mode, onTruncation: 'error' })
    expect(told).toEqual([expect.stringMatching(/^(ERR_TLS_TRUNCATED|ECONNRESET)$/)])
  })

  test('end() where it is reported is told as in stock', async () => {
    const end = (socket: TLSSocket) => void socket.end()
    const stock = await outcome(end, undefined)
    expect(await outcome(end, { mode: 'unidirectional', onTruncation: 'report' })).toEqual(stock)
  })

  test.each(onTruncation)("destroySoon() where truncation is '%s' tells nothing, as in stock", async (onTruncation) => {
    const destroySoon = (socket: TLSSocket) => socket.destroySoon()
    const stock = await outcome(destroySoon, undefined)
    expect(await outcome(destroySoon, { onTruncation })).toEqual(stock)
    expect(stock).toEqual([])
  })
})
