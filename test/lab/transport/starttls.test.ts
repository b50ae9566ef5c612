// Each STARTTLS dialogue over real TCP, with servers that keep to the documents and servers that do not.
import { getEventListeners } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openTransport } from '../../../lib/lab/transport/open.js'
import { startTlsProtocols } from '../../../lib/lab/transport/starttls/protocols.js'
import type { Target } from '../../../lib/lab/transport/target.js'
import { delay, turns as eventLoopTurns } from '../../support/streams.js'
import { containing, matching } from './matchers.js'
import { conversations, type Turn } from './conversations.js'
import {
  type Cut,
  drain,
  echoed,
  echoOverTls,
  expectBytes,
  listenersOf,
  listenersOfConnected,
  plainServer,
  type PlainServer,
  send,
} from './servers.js'

const never = () => new AbortController().signal

function targetAt({ port }: PlainServer): Target {
  return { host: '127.0.0.1', port, servername: 'localhost' }
}

async function play(socket: Socket, turns: readonly Turn[], cut: Cut = 'whole'): Promise<void> {
  for (const { from, bytes } of turns) {
    if (from === 'server') await send(socket, bytes, cut)
    else await expectBytes(socket, bytes)
  }
}

/** Plays the turns before one of them, then does something else. */
function playUntil(turns: readonly Turn[], turn: number, then: (socket: Socket, bytes: Buffer) => unknown) {
  return async (socket: Socket) => {
    await play(socket, turns.slice(0, turn))
    await then(socket, turns[turn]?.bytes ?? Buffer.alloc(0))
    drain(socket)
  }
}

/** Writes it again and again until the client has gone. */
async function forever(socket: Socket, piece: Buffer): Promise<void> {
  const block = Buffer.concat(Array.from({ length: Math.ceil(4096 / piece.length) }, () => piece))
  socket.resume()
  while (!socket.destroyed) {
    if (socket.write(block)) await eventLoopTurns(1)
    else await new Promise<void>((resolve) => onAny(socket, ['drain', 'close'], resolve))
  }
}

function onAny(socket: Socket, names: readonly string[], listener: () => void): void {
  const once = () => {
    for (const name of names) socket.off(name, once)
    listener()
  }
  for (const name of names) socket.on(name, once)
}

test('there is a conversation for each protocol', () => {
  expect(conversations.map(({ protocol }) => protocol)).toEqual(startTlsProtocols)
})

describe.each(conversations)('$protocol', ({ protocol, turns, refusals, endless, foreign }) => {
  const serverTurns = turns.flatMap(({ from }, index) => (from === 'server' ? [index] : []))

  /** How it fails against a server; nothing may be left of it. */
  async function failureAgainst(server: PlainServer, signal = never()): Promise<unknown> {
    const failure: unknown = await openTransport(targetAt(server), { starttls: protocol, signal }).then(
      ({ socket }) => {
        socket.destroy()
        return 'it was opened'
      },
      (error: unknown) => error,
    )
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await server.allClosed()
    return failure
  }

  describe.each(['whole', 'byte by byte'] as const)('a server that sends its turns %s', (cut) => {
    test('is brought to TLS, and data passes in it', async () => {
      const server = await plainServer(async (socket) => {
        await play(socket, turns, cut)
        echoOverTls(socket)
      })
      const signal = never()
      const opened = await openTransport(targetAt(server), { starttls: protocol, signal })
      expect(opened).toMatchObject({ address: '127.0.0.1', proxied: false })
      expect(opened.socket.isPaused()).toBe(true)
      expect(opened.socket.readableLength).toBe(0)
      expect(getEventListeners(signal, 'abort')).toEqual([])
      expect(listenersOf(opened.socket)).toEqual(await listenersOfConnected(server.port))
      expect(await echoed(opened.socket, 'application data')).toBe('application data')
    })
  })

  test.each(serverTurns)('a server that stops before its turn %i is left when the signal aborts', async (turn) => {
    const controller = new AbortController()
    const reason = { why: 'the budget is used up' }
    const server = await plainServer(playUntil(turns, turn, () => controller.abort(reason)))
    expect(await failureAgainst(server, controller.signal)).toBe(reason)
  })

  test.each(serverTurns)('a server that stops within its turn %i is left when the signal aborts', async (turn) => {
    const controller = new AbortController()
    const reason = new Error('the budget is used up')
    const server = await plainServer(
      playUntil(turns, turn, async (socket, bytes) => {
        socket.write(bytes.subarray(0, bytes.length / 2))
        await eventLoopTurns()
        controller.abort(reason)
      }),
    )
    expect(await failureAgainst(server, controller.signal)).toBe(reason)
  })

  test.each(serverTurns)('a server that drips its turn %i is left when the time is over', async (turn) => {
    const drip = async (socket: Socket, bytes: Buffer) => {
      drain(socket)
      for (const byte of bytes) {
        // Longer than all of the client's time: both timers are of this process, and keep their order.
        await delay(200)
        if (socket.destroyed) return
        socket.write(Buffer.of(byte))
      }
    }
    const server = await plainServer(playUntil(turns, turn, drip))
    const signal = AbortSignal.timeout(100)
    expect(await failureAgainst(server, signal)).toBe(signal.reason)
  })

  test.each(serverTurns)('FIN in place of turn %i is an end', async (turn) => {
    const server = await plainServer(playUntil(turns, turn, (socket) => socket.end()))
    expect(await failureAgainst(server)).toMatchObject({
      reason: 'closed',
      detail: matching(/^expected .* the end$/),
    })
  })

  test.each(serverTurns)('FIN within turn %i is an end, and tells what came', async (turn) => {
    const server = await plainServer(
      playUntil(turns, turn, (socket, bytes) => socket.end(bytes.subarray(0, bytes.length - 1))),
    )
    const failure = await failureAgainst(server)
    expect(failure).toMatchObject({ reason: 'closed' })
    const length = turns[turn]?.bytes.length ?? 0
    if (length > 1) expect(failure).toMatchObject({ detail: matching(/received ".*" and the end$/) })
  })

  test.each(serverTurns)('RST in place of turn %i is a reset', async (turn) => {
    const server = await plainServer(playUntil(turns, turn, (socket) => socket.resetAndDestroy()))
    expect(await failureAgainst(server)).toMatchObject({ reason: 'reset', code: 'ECONNRESET' })
  })

  test.each(serverTurns.flatMap((turn) => foreign.map((text) => [turn, text] as const)))(
    'in place of turn %i, %j is not the protocol',
    async (turn, text) => {
      const server = await plainServer(playUntil(turns, turn, (socket) => socket.write(Buffer.from(text, 'latin1'))))
      const failure = await failureAgainst(server)
      expect(failure).toMatchObject({
        reason: 'not-the-protocol',
        detail: matching(/^expected .*, received "[ -~]*"$/),
      })
    },
  )

  test.each(refusals.map(({ turn, says, detail }) => [turn, detail, says] as const))(
    'in place of turn %i it refuses: %s',
    async (turn, detail, says) => {
      const server = await plainServer(playUntil(turns, turn, (socket) => send(socket, says)))
      const failure = await failureAgainst(server)
      expect(failure).toMatchObject({ reason: 'starttls-refused', detail: containing(detail) })
    },
  )

  test.each(endless.map(({ piece, reason, detail = '' }, index) => [index, reason, detail, piece] as const))(
    'a server that never comes to an end, in way %i, is %s %s',
    async (_way, reason, detail, piece) => {
      const first = serverTurns[0] ?? 0
      const server = await plainServer(playUntil(turns, first, (socket) => forever(socket, Buffer.from(piece))))
      expect(await failureAgainst(server)).toMatchObject({ reason, detail: containing(detail) })
    },
  )

  test('plaintext behind the last turn is found', async () => {
    // Where the client speaks last, it stands behind what the server said last.
    const turn = serverTurns.at(-1) ?? 0
    const server = await plainServer(
      playUntil(turns, turn, (socket, bytes) => socket.write(Buffer.concat([bytes, Buffer.from('250 injected\r\n')]))),
    )
    expect(await failureAgainst(server)).toMatchObject({
      reason: 'plaintext-after-starttls',
      detail: '"250 injected\\r\\n"',
    })
  })
})

test.each(['xmpp', 'xmpp-server'] as const)(
  '%s tells the name of the server, whatever stands in it',
  async (starttls) => {
    const conversation = conversations.find(({ protocol }) => protocol === starttls)
    const turns = conversation?.turns.map(({ from, bytes }) => {
      return { from, bytes: Buffer.from(bytes.toString().replace("to='localhost'", "to='o&apos;b&amp;&lt;c'")) }
    })
    const server = await plainServer((socket) => play(socket, turns ?? []))
    const target = { ...targetAt(server), servername: "o'b&<c" }
    const { socket } = await openTransport(target, { starttls, signal: never() })
    socket.destroy()
  },
)
