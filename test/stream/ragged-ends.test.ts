// Which side keeps to close_notify, crossed with which side demands it: who gets all, who is told of a cut, and what both reports
// say. Both ends are streams of ours.
import { describe, expect, test } from 'vitest'
import { collect, once } from '../support/streams.js'
import { streamSides } from './pair.js'
import { tcpPair, wrap } from './wrapped.js'

/** `standard`: closes in both directions, and takes no end without close_notify for one. */
const kinds = {
  standard: { closing: 'bidirectional', onTruncation: 'error' },
  careless: { closing: 'quiet', onTruncation: 'report' },
} as const

interface Row {
  readonly sender: keyof typeof kinds
  readonly receiver: keyof typeof kinds
  /** Whether the receiver reads an end; if not, it has an error. */
  readonly isEnd: boolean
  readonly atReceiver: string
  /** Whether the sender, which waits for an answer where it is standard, has an error. */
  readonly isRefused: boolean
  readonly atSender: string
}

const rows: readonly Row[] = [
  {
    sender: 'standard',
    receiver: 'standard',
    isEnd: true,
    atReceiver: 'clean',
    isRefused: false,
    atSender: 'clean',
  },
  {
    sender: 'standard',
    receiver: 'careless',
    isEnd: true,
    atReceiver: 'unreciprocated',
    isRefused: true,
    atSender: 'unanswered',
  },
  {
    sender: 'careless',
    receiver: 'standard',
    isEnd: false,
    atReceiver: 'truncated',
    isRefused: false,
    atSender: 'quiet',
  },
  {
    sender: 'careless',
    receiver: 'careless',
    isEnd: true,
    atReceiver: 'truncated',
    isRefused: false,
    atSender: 'quiet',
  },
]

describe.each(streamSides)('$name, $version, the receiver is the $near', (sides) => {
  const { near } = sides
  const far = near === 'client' ? 'server' : 'client'

  test.each(rows)('sender: $sender, receiver: $receiver', async (row) => {
    const { client, server } = await tcpPair()
    const [ours, theirs] = near === 'client' ? [client, server] : [server, client]
    const receiver = wrap(ours, sides, kinds[row.receiver])
    const sender = wrap(theirs, { ...sides, near: far }, kinds[row.sender])
    await Promise.all([once(receiver, 'secure'), once(sender, 'secure')])
    const [atReceiver, atSender] = [collect(receiver), collect(sender)]
    sender.end('hello')
    const { bytes, ended, error } = await atReceiver
    expect([String(bytes), ended, error?.code]).toEqual([
      'hello',
      row.isEnd,
      row.isEnd ? undefined : 'ERR_TLS_TRUNCATED',
    ])
    expect((await atSender).error?.code).toBe(row.isRefused ? 'ERR_TLS_TRUNCATED' : undefined)
    expect((await receiver.report).verdict).toBe(row.atReceiver)
    expect((await sender.report).verdict).toBe(row.atSender)
  })

  test('the end of the data is an end at each later look, and writing after it is refused', async () => {
    const { client, server } = await tcpPair()
    const [ours, theirs] = near === 'client' ? [client, server] : [server, client]
    const receiver = wrap(ours, sides)
    const sender = wrap(theirs, { ...sides, near: far })
    await Promise.all([once(receiver, 'secure'), once(sender, 'secure')])
    const atReceiver = collect(receiver)
    sender.resume().end('hello')
    expect(await atReceiver).toMatchObject({ ended: true, error: undefined })
    expect([receiver.read(), receiver.readableEnded]).toEqual([null, true])
    const refused = new Promise<unknown>((resolve) => void receiver.write('late', resolve))
    expect(await refused).toBeInstanceOf(Error)
  })
})
