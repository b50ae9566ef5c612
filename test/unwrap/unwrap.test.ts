// unwrap(): both close_notify pass, and the net.Socket goes on in plaintext with nothing of it lost, whatever comes
// together with the alerts.
import { describe, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { once, readExactly, turns } from '../support/streams.js'
import { ample, listenersOf, type Started, started, startedOn, startedSides, textOf, until } from './started.js'

/** The peer's last words in TLS, its alert and what it says in the clear: how they come. */
const arrivals: readonly { readonly arrival: string; readonly send: (started: Started) => void | Promise<void> }[] = [
  {
    arrival: 'in one segment',
    send: ({ peer }) => peer.send(peer.sealed('bye'), peer.closeNotify(), 'in the clear'),
  },
  {
    arrival: 'in one segment, with FIN behind it',
    send: ({ peer, far }) => {
      peer.send(peer.sealed('bye'), peer.closeNotify(), 'in the clear')
      far.end()
    },
  },
  {
    arrival: 'one after the other',
    send: async ({ peer }) => {
      for (const part of [peer.sealed('bye'), peer.closeNotify(), 'in ', 'the clear']) {
        peer.send(part)
        await turns(5)
      }
    },
  },
  {
    arrival: 'byte by byte',
    send: async ({ peer }) => {
      const bytes = Buffer.concat([peer.sealed('bye'), peer.closeNotify(), Buffer.from('in the clear')])
      for (const byte of bytes) {
        peer.send(Buffer.of(byte))
        await turns(2)
      }
    },
  },
  {
    arrival: 'with the alert cut in two, and the rest with its second half',
    send: async ({ peer }) => {
      const bytes = Buffer.concat([peer.sealed('bye'), peer.closeNotify()])
      peer.send(bytes.subarray(0, -3))
      await turns(5)
      peer.send(bytes.subarray(-3), 'in the clear')
    },
  },
  {
    arrival: 'as what looks like a record',
    send: ({ peer }) =>
      peer.send(peer.sealed('bye'), peer.closeNotify(), Buffer.from([23, 3, 3, 0, 1]), 'in the clear'),
  },
  {
    arrival: 'behind more than the reader takes at once',
    send: ({ peer }) => {
      const large = Array.from({ length: 20 }, () => peer.sealed(Buffer.alloc(16_384, 'l')))
      peer.send(...large, peer.sealed('bye'), peer.closeNotify(), 'in the clear')
    },
  },
]

describe.each(startedSides)('$version, our side is the $near', (side) => {
  test.each(arrivals)('the peer answers, and goes on in the clear, $arrival', async ({ send }) => {
    const tls = await started(side)
    const read = textOf(tls.socket)
    tls.socket.write('CCC')
    const unwrapped = tls.unwrap(ample)
    await tls.peer.until(() => tls.peer.isClosed)
    await send(tls)
    expect(await unwrapped).toBe(tls.tcp)
    expect(read.text.replaceAll('l', '')).toBe('bye')
    await goesOnInTheClear(tls)
  })

  test.each(arrivals)('the peer closes first, $arrival', async ({ send }) => {
    const tls = await started(side)
    const read = textOf(tls.socket)
    tls.socket.write('CCC')
    await tls.peer.until(() => tls.peer.data === 'CCC')
    const unwrapped = once(tls.socket, 'end').then(() => tls.unwrap(ample))
    await send(tls)
    expect(await unwrapped).toBe(tls.tcp)
    expect(read.text.replaceAll('l', '')).toBe('bye')
    await tls.peer.until(() => tls.peer.isClosed)
    await goesOnInTheClear(tls)
  })

  test('TLS starts anew on the same net.Socket, ten times, and leaves nothing behind', async () => {
    let tls = await started(side)
    const { tcp, far } = tls
    far.setMaxListeners(0)
    for (let round = 0; round < 10; round++) {
      const { peer } = tls
      const read = textOf(tls.socket)
      tls.socket.write(`round ${round}`)
      const unwrapped = tls.unwrap(ample)
      await peer.until(() => peer.isClosed)
      expect(peer.data).toBe(`round ${round}`)
      peer.send(peer.sealed('bye'), peer.closeNotify(), `clear ${round}`)
      await unwrapped
      expect(read.text).toBe('bye')
      tcp.write(`answer ${round}`)
      await peer.until(() => peer.plaintext === `answer ${round}`)
      expect(String(await readExactly(tcp, `clear ${round}`.length))).toBe(`clear ${round}`)
      // The peer's side of what startTls() does.
      for (const event of ['data', 'end']) far.removeAllListeners(event)
      tls = await startedOn(side, tcp, far)
      expect(tls.errors).toEqual([])
    }
    expect(tcp.listenerCount('readable')).toBe(1)
    expect(tcp.listenerCount('error')).toBe(2)
  })

  test('the net.Socket is as it was: listeners, flow and allowHalfOpen', async () => {
    const heard: string[] = []
    let before: ReturnType<typeof listenersOf> = {}
    const tls = await started(side, (tcp) => {
      tcp.on('data', (data: Buffer) => heard.push(String(data)))
      tcp.once('data', () => heard.push('once'))
      tcp.on('end', () => heard.push('end'))
      tcp.on('error', () => heard.push('error'))
      tcp.on('close', () => heard.push('close'))
      tcp.allowHalfOpen = false
      before = listenersOf(tcp)
    })
    const { tcp, peer } = tls
    const own = Object.keys(Object.getOwnPropertyDescriptors(tcp)).filter((name) => !['write', 'end'].includes(name))
    tls.socket.resume()
    peer.send(peer.sealed('not for them'))
    const unwrapped = tls.unwrap(ample)
    await peer.until(() => peer.isClosed)
    peer.send(peer.closeNotify(), 'for them')
    await unwrapped
    expect(listenersOf(tcp)).toEqual(before)
    expect(tcp).toMatchObject({ allowHalfOpen: false, destroyed: false, writable: true })
    expect(Object.keys(Object.getOwnPropertyDescriptors(tcp)).sort()).toEqual(own.sort())
    await until(() => heard.includes('for them'))
    tls.far.end()
    await until(() => heard.includes('close'))
    expect(heard).toEqual(['for them', 'once', 'end', 'close'])
  })
})

/** Both directions, to FIN, after TLS is gone. */
async function goesOnInTheClear({ socket, tcp, peer, far, errors }: Started): Promise<void> {
  expect(await closureOf(socket).report).toMatchObject({ verdict: 'clean', surplusBytes: 0, tcp: { kind: 'open' } })
  expect(socket.destroyed).toBe(true)
  tcp.write('answered')
  await peer.until(() => peer.plaintext === 'answered')
  const clear = textOf(tcp)
  const ended = once(tcp, 'end')
  far.end()
  await ended
  expect(clear.text.replace('\x17\x03\x03\x00\x01', '')).toBe('in the clear')
  tcp.end(' to the end')
  await peer.until(() => peer.hasEnded)
  expect(peer).toMatchObject({ data: 'CCC', plaintext: 'answered to the end' })
  expect(errors).toEqual([])
}
