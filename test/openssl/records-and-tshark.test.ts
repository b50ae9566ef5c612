// The records of the engine as tshark reads them with the engine's key log, held against lib/tls/records.ts and against
// the events of both sides. tshark is large, and fetched on demand: without it nothing here runs.
//
//     node scripts/peers/fetch.mjs tshark
//     npx vitest run records-and-tshark
//
// The capture file is made of the bytes that the SSLs exchanged, not captured from an interface: what is compared is the
// reading of records. A capture needs rights that a CI may not have, ends at no known byte, and can lose packets; and
// two SSLs in memory have no interface. What TCP does is held against the kernel in test/support/relay.test.ts.
import { describe, expect, test } from 'vitest'
import { presentBuilds } from '../support/builds.js'
import { lacks } from '../support/peers/programs.js'
import { readByTshark } from '../support/tshark.js'
import { linesByTshark, linesByUs, messagesOf } from './record-lines.js'
import { runEngineProgram } from './programs.js'
import { conversationOf, type Conversation } from './conversations.js'

// Of a suite that is skipped the body is run all the same.
const builds = lacks('tshark') ? [] : presentBuilds()

describe('records and events of the engine are those that tshark reads', () => {
  test.skipIf(lacks('tshark'))('tshark is there, and more than one build', () => {
    expect(builds.length).toBeGreaterThan(1)
  })

  describe.each(builds)('$name', async (build) => {
    const held = (await runEngineProgram('converses.mjs', [build.libssl ?? ''], { build })).map(conversationOf)
    const read = await readByTshark(held)
    const both = held.map((conversation, index) => [titleOf(conversation), conversation, read[index]] as const)

    test('most of the conversations are possible', () => {
      expect(held.length).toBeGreaterThanOrEqual(40)
      expect(read).toHaveLength(held.length)
    })

    test.each(both)('records: %s', (_title, conversation, seen) => {
      const lines = linesByTshark(seen)
      expect(lines.length).toBeGreaterThan(0)
      expect(linesByUs(conversation)).toEqual(lines)
    })

    test.each(both)('events: %s', (_title, conversation, seen) => {
      for (const side of ['client', 'server'] as const) {
        const { sent, received } = eventsOf(conversation, side)
        expect(sent).toEqual(messagesOf(seen, side))
        const told = received.filter(isTold)
        const theirs = messagesOf(seen, side === 'client' ? 'server' : 'client').filter(isTold)
        // Whoever gives up reads no further.
        expect(told).toEqual(conversation.name.startsWith('a fatal alert') ? theirs.slice(0, told.length) : theirs)
      }
    })
  })
})

// Releases differ in whether they tell of a change_cipher_spec that came.
function isTold(message: string): boolean {
  return message !== 'change_cipher_spec'
}

function titleOf({ name, version }: Conversation): string {
  return `${name}, ${version}`
}

function eventsOf({ events }: Conversation, side: 'client' | 'server') {
  const of = (direction: string): readonly string[] =>
    events[side].flatMap((event) => (event.startsWith(`${direction} `) ? [event.slice(direction.length + 1)] : []))
  return { sent: of('sent'), received: of('received') }
}
