// `afterwards: 'keep-open'`: over a Duplex of the program's own both sides go on in the clear, whatever comes together
// with the alerts; on Node's own handles it is refused, and nothing has changed.
import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { type Closure, closureOf } from '../../lib/index.js'
import { duplexOver } from '../hazards/transports.js'
import { Gate } from '../support/gate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { turns, withCode } from './sides.js'
import {
  connectTo,
  connectingPair,
  nodesOwn,
  pipePair,
  tcpPair,
  tlsOver,
  type TlsOver,
  tlsPair,
  type Way,
  ways,
} from './tls-over.js'

const afterwards = 'keep-open'
const mode = 'bidirectional'
const ample = { flushTimeout: 20_000, waitTimeout: 20_000 } as const

const handles = [
  { transport: 'a net.Socket', make: tcpPair },
  { transport: 'a net.Socket that is connecting', make: connectingPair },
  { transport: 'a pipe', make: pipePair },
  { transport: 'a TLSSocket', make: tlsPair },
] as const

const refusing = [
  ...nodesOwn,
  ...ways.flatMap((way) =>
    handles.map(({ transport, make }) => ({
      way: `${way.way} over ${transport}`,
      make: async (version: TlsVersion) => {
        const { near, far } = await make()
        return tlsOver(way, version, near, far)
      },
    })),
  ),
]

describe.each(tlsVersions)("over Node's own handles, %s, keep-open", (version) => {
  test.each(refusing)('is refused without a byte on the wire: $way', async ({ make }) => {
    const { socket, peer } = await make(version)
    const closure = closureOf(socket)
    const { allowHalfOpen } = socket
    const before = peer.received
    for (const mode of ['bidirectional', 'unidirectional', 'quiet'] as const) {
      const refused = { ...withCode('ERR_CLOSURE_NATIVE_TRANSPORT'), origin: 'caller' }
      await expect(closure.shutdown({ mode, afterwards })).rejects.toMatchObject(refused)
    }
    await turns(10)
    expect(peer.received).toBe(before)
    expect(closure).toMatchObject({ state: 'open', alerts: [] })
    expect(socket).toMatchObject({ allowHalfOpen, writable: true })
    // Both directions go on, and close as if nothing had been asked.
    const read = once(socket, 'data')
    socket.write('hello')
    await peer.until(() => peer.data === 'hello')
    peer.send(peer.sealed('hello'))
    await read
    const done = closure.shutdown({ mode, ...ample })
    await peer.until(() => peer.isClosed)
    peer.send(peer.closeNotify())
    expect(await done).toMatchObject({ verdict: 'clean', endedBy: 'done' })
    await peer.until(() => peer.hasEnded)
    expect(peer.plaintext).toBe('')
  })
})

test.each([
  { make: tcpPair, name: 'TCP' },
  { make: pipePair, name: 'Pipe' },
  { make: tlsPair, name: 'TLSWrap' },
])('the refusal says what was expected, that $name is there, and what to do', async ({ make, name }) => {
  const { near, far } = await make()
  const { socket } = await tlsOver(firstWay(), 'TLSv1.3', near, far)
  await expect(closureOf(socket).shutdown({ afterwards })).rejects.toThrow(
    new RegExp(`expected a Duplex of the program's own .* but Node's ${name} is there.* Give tls\\.connect.* a Duplex`),
  )
})

interface Gated extends TlsOver {
  readonly closure: Closure
  readonly gate: Gate
  readonly tcp: Socket
}

async function gated(way: Way, version: TlsVersion): Promise<Gated> {
  const { near: tcp, far } = await tcpPair()
  const gate = new Gate(tcp)
  const { socket, peer } = await tlsOver(way, version, gate, far)
  const closure = closureOf(socket)
  gate.isTlsOver = () =>
    closure.alerts.some(({ direction, name }) => direction === 'received' && name === 'close_notify')
  return { socket, peer, closure, gate, tcp }
}

// All that comes, to FIN; our direction stays open, which an async iterator would end.
async function readToEnd(tcp: Socket): Promise<string> {
  let text = ''
  tcp.on('data', (data) => (text += String(data)))
  if (!tcp.readableEnded) await once(tcp, 'end')
  return text
}

/** The peer's last words in TLS, its alert and what it says in the clear: how they come. */
const arrivals: readonly {
  readonly arrival: string
  readonly send: (peer: TlsOver['peer']) => void | Promise<void>
}[] = [
  {
    arrival: 'in one segment',
    send: (peer) => peer.send(peer.sealed('bye'), peer.closeNotify(), 'in the clear'),
  },
  {
    arrival: 'in one segment, with FIN behind it',
    send: (peer) => {
      peer.send(peer.sealed('bye'), peer.closeNotify(), 'in the clear')
      peer.stream.end()
    },
  },
  {
    arrival: 'one after the other',
    send: async (peer) => {
      for (const part of [peer.sealed('bye'), peer.closeNotify(), 'in ', 'the clear']) {
        peer.send(part)
        await turns(5)
      }
    },
  },
  {
    arrival: 'byte by byte',
    send: async (peer) => {
      const bytes = Buffer.concat([peer.sealed('bye'), peer.closeNotify(), Buffer.from('in the clear')])
      for (const byte of bytes) {
        peer.send(Buffer.of(byte))
        await turns(2)
      }
    },
  },
  {
    arrival: 'with the alert cut in two, and the rest with its second half',
    send: async (peer) => {
      const bytes = Buffer.concat([peer.sealed('bye'), peer.closeNotify()])
      peer.send(bytes.subarray(0, -3))
      await turns(5)
      peer.send(bytes.subarray(-3), 'in the clear')
    },
  },
  {
    arrival: 'as what looks like a record',
    send: (peer) => peer.send(peer.sealed('bye'), peer.closeNotify(), Buffer.from([23, 3, 3, 0, 1]), 'in the clear'),
  },
  {
    arrival: 'behind more than the reader takes at once',
    send: (peer) => {
      const large = Array.from({ length: 20 }, () => peer.sealed(Buffer.alloc(16_384, 'l')))
      peer.send(...large, peer.sealed('bye'), peer.closeNotify(), 'in the clear')
    },
  },
]

describe.each(tlsVersions)("over a Duplex of the program's own, %s, keep-open", (version) => {
  describe.each(ways)('$way', (way) => {
    test.each(arrivals)('gives back what the peer sends in the clear $arrival, and FIN', async ({ send }) => {
      const { socket, peer, closure, gate, tcp } = await gated(way, version)
      const read = slowText(socket)
      socket.write('CCC')
      const done = closure.shutdown({ mode, afterwards, ...ample })
      await peer.until(() => peer.isClosed)
      await send(peer)
      expect(await done).toMatchObject({ verdict: 'clean', endedBy: 'done', tcp: { kind: 'open' } })
      // A reader that is slow has not read all of it yet, and destroy() would take it away.
      expect((await read).replaceAll('l', '')).toBe('bye')
      await goOnInTheClear({ socket, peer, closure, gate, tcp })
    })

    test.each(arrivals)('the same where the peer closes first, $arrival', async ({ send }) => {
      const { socket, peer, closure, gate, tcp } = await gated(way, version)
      const read = slowText(socket)
      socket.write('CCC')
      await peer.until(() => peer.data === 'CCC')
      await send(peer)
      expect((await read).replaceAll('l', '')).toBe('bye')
      await turns(10)
      const done = closure.shutdown({ mode, afterwards, ...ample })
      await peer.until(() => peer.isClosed)
      expect(await done).toMatchObject({ verdict: 'clean', endedBy: 'done', began: 'peer' })
      await goOnInTheClear({ socket, peer, closure, gate, tcp })
    })
  })
})

// OpenSSL's output of the handshake is still to be written then, and a stream bears one write of TLS's at a time.
describe.each(tlsVersions)('in the callback of the handshake, over a Duplex, %s', (version) => {
  describe.each(ways)('$way', (way) => {
    test.each([
      { call: 'shutdown', written: '' },
      { call: 'shutdown', written: 'hello' },
      { call: 'closeNotify', written: '' },
      { call: 'closeNotify', written: 'hello' },
    ])("$call() behind '$written' sends its alert", async ({ call, written }) => {
      const { near: tcp, far } = await tcpPair()
      let done: Promise<unknown> | undefined
      const { socket, peer } = await tlsOver(way, version, duplexOver(tcp, 'slow'), far, (socket) => {
        if (written !== '') socket.write(written)
        const closure = closureOf(socket)
        done = call === 'closeNotify' ? closure.closeNotify() : closure.shutdown({ mode, afterwards, ...ample })
        socket.resume()
      })
      await peer.until(() => peer.isClosed)
      peer.send(peer.closeNotify())
      await done
      expect(peer.data).toBe(written)
      socket.destroy()
      expect(await closureOf(socket).report).toMatchObject({ sent: { kind: 'close_notify' } })
    })
  })
})

/** Both directions, to FIN, after TLS is gone. */
async function goOnInTheClear({ socket, peer, closure, gate, tcp }: Gated): Promise<void> {
  gate.release()
  socket.destroy()
  expect(await closure.report).toMatchObject({ verdict: 'clean', sent: { kind: 'close_notify' }, surplusBytes: 0 })
  tcp.write('answered')
  await peer.until(() => peer.plaintext === 'answered')
  peer.stream.end()
  expect((await readToEnd(tcp)).replace('\x17\x03\x03\x00\x01', '')).toBe('in the clear')
  tcp.end(' to the end')
  await peer.until(() => peer.hasEnded)
  expect(peer).toMatchObject({ data: 'CCC', plaintext: 'answered to the end' })
}

// With a Duplex that hands on whole segments, the report says how many bytes of the last one TLS did not read.
const ungated = [
  {
    transport: 'a Duplex that hands on what comes',
    make: async () => {
      const { near, far } = await tcpPair()
      return { near: duplexOver(near, 'plain'), far: Promise.resolve(far) }
    },
  },
  {
    transport: 'a net.Socket that connects after TLS has taken it',
    make: () => {
      const near = new Socket({ allowHalfOpen: true })
      return { near, far: turns(5).then(() => connectTo(near)) }
    },
  },
] as const

describe.each(tlsVersions)('over a stream that knows nothing of TLS, %s, keep-open', (version) => {
  describe.each(ungated)('$transport', ({ make }) => {
    test.each(ways)('gives back both directions, and FIN: $way', async (way) => {
      const { near, far } = await make()
      const { socket, peer } = await tlsOver(way, version, near, far)
      const segments: Buffer[] = []
      near.on('data', (segment: Buffer) => segments.push(segment))
      socket.resume().write('CCC')
      const done = closureOf(socket).shutdown({ mode, afterwards, ...ample })
      await peer.until(() => peer.isClosed)
      peer.send(peer.closeNotify(), 'in ')
      const report = await done
      expect(report).toMatchObject({ verdict: 'clean', surplusBytes: 3 })
      expect(String(Buffer.concat(segments).subarray(-report.surplusBytes))).toBe('in ')
      near.write('answered')
      await peer.until(() => peer.plaintext === 'answered')
      segments.splice(0)
      const ended = once(near, 'end')
      peer.stream.end('the clear')
      await ended
      expect(String(Buffer.concat(segments))).toBe('the clear')
      near.end(' to the end')
      await peer.until(() => peer.hasEnded)
      expect(peer).toMatchObject({ data: 'CCC', plaintext: 'answered to the end' })
    })
  })
})

// Reads a piece every ms, to the end.
function slowText(socket: TLSSocket): Promise<string> {
  let text = ''
  socket.on('data', (data) => {
    text += String(data)
    socket.pause()
    setTimeout(() => socket.resume(), 1)
  })
  return once(socket, 'end').then(() => text)
}

function firstWay(): Way {
  const [way] = ways
  if (way === undefined) throw new Error('there is no way')
  return way
}
