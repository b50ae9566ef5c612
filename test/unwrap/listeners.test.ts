// The program's listeners while TLS is on: what it takes off does not come back, what is TLS's own stays.
import { once as onceOf } from 'node:events'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { startTls } from '../../lib/index.js'
import { tcpPair } from '../closure/tls-over.js'
import { once, turns } from '../support/streams.js'
import { ample, listenersOf, optionsOf, started, type Started, type StartedSide, textOf } from './started.js'

const side: StartedSide = { version: 'TLSv1.3', near: 'client' }

async function unwrapped(tls: Started, clear: string): Promise<void> {
  tls.socket.resume()
  const unwrapping = tls.unwrap(ample)
  await tls.peer.until(() => tls.peer.isClosed)
  tls.peer.send(tls.peer.closeNotify(), clear)
  expect(await unwrapping).toBe(tls.tcp)
}

test.each(['off', 'removeListener'] as const)(
  'a listener that is taken off meanwhile by %s() stays off',
  async (off) => {
    const heard: string[] = []
    const first = () => heard.push('first')
    const twice = () => heard.push('twice')
    const atOnce = () => heard.push('once')
    const kept = (data: Buffer) => heard.push(String(data))
    const tls = await started(side, (tcp) => {
      tcp.on('data', first).on('data', twice).on('data', twice).once('data', atOnce).on('data', kept)
    })
    const { tcp } = tls
    for (const listener of [first, twice, atOnce]) expect(tcp[off]('data', listener)).toBe(tcp)
    // One of TLS's time, which is no other's.
    tcp.on('data', kept)
    tcp[off]('data', kept)
    await unwrapped(tls, 'clear')
    await turns(10)
    expect(heard).toEqual(['twice', 'clear'])
  },
)

test('a pipe that is taken off meanwhile stays off', async () => {
  const drain = new PassThrough()
  const read = textOfStream(drain)
  const tls = await started(side, (tcp) => void tcp.pipe(drain))
  tls.tcp.unpipe(drain)
  await unwrapped(tls, 'clear')
  const clear = textOf(tls.tcp)
  await turns(10)
  expect([read.text, clear.text]).toEqual(['', 'clear'])
})

test('a wait for data that is given up meanwhile leaves nothing', async () => {
  const abort = new AbortController()
  let waiting: Promise<unknown> = Promise.resolve()
  const tls = await started(side, (tcp) => {
    waiting = onceOf(tcp, 'data', { signal: abort.signal }).catch(() => 'given up')
  })
  abort.abort()
  expect(await waiting).toBe('given up')
  await unwrapped(tls, 'clear')
  expect(tls.tcp.listenerCount('data')).toBe(0)
})

test.each(['readable', 'end', 'all'] as const)('removeAllListeners() of %s leaves TLS at work', async (which) => {
  const tls = await started(side, (tcp) => {
    tcp
      .on('readable', () => undefined)
      .on('end', () => undefined)
      .on('data', () => undefined)
  })
  const { tcp, socket, peer } = tls
  if (which === 'all') tcp.removeAllListeners()
  else tcp.removeAllListeners(which)
  const read = textOf(socket)
  peer.send(peer.sealed('still in TLS'))
  await once(socket, 'data')
  await unwrapped(tls, '')
  expect(read.text).toBe('still in TLS')
  const left = Object.keys(listenersOf(tcp))
  for (const event of which === 'all' ? ['readable', 'data', 'end'] : [which]) expect(left).not.toContain(event)
})

test('a pipe that its destination has paused goes on after unwrap(), where that has drained meanwhile or drains later', async () => {
  for (const when of ['meanwhile', 'later'] as const) {
    const { near, far } = await tcpPair()
    const slow = new PassThrough({ highWaterMark: 4 })
    near.pipe(slow)
    far.write('a line that fills it')
    while (!near.isPaused()) await turns(1)
    const ends = [startTls(near, optionsOf(side)), startTls(far, optionsOf({ ...side, near: 'server' }))]
    await Promise.all(ends.map(({ socket }) => once(socket.resume(), 'secureConnect')))
    const early = when === 'meanwhile' ? textOfStream(slow) : undefined
    await turns(5)
    await Promise.all(ends.map(({ unwrap }) => unwrap(ample)))
    const read = early ?? textOfStream(slow)
    far.end('|after')
    await once(slow, 'end')
    expect(read.text, when).toBe('a line that fills it|after')
  }
})

test('a pause of the program lasts', async () => {
  const heard: string[] = []
  const tls = await started(side, (tcp) => {
    tcp.on('data', (data: Buffer) => heard.push(String(data)))
    tcp.pause()
  })
  await unwrapped(tls, 'clear')
  await turns(10)
  expect(heard).toEqual([])
  tls.tcp.resume()
  await once(tls.tcp, 'data')
  expect(heard).toEqual(['clear'])
})

function textOfStream(stream: PassThrough): { text: string } {
  const read = { text: '' }
  stream.on('data', (data: Buffer) => {
    read.text += String(data)
  })
  return read
}
