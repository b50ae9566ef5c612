// How Node's own sockets close, with a closure that only watches: what is on the wire, and what the report says of it.
import { describe, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { once } from '../support/streams.js'
import { isCloseNotify, plaintext } from '../support/tampering.js'
import {
  closed,
  closeNotify,
  closeNotifyAndFin,
  connectSides,
  connectStock,
  sides,
  text,
  turns,
  write,
} from './sides.js'

const uncontrolled = { handshake: 'completed', mode: 'uncontrolled', quiet: false, discardedBytes: 0, surplusBytes: 0 }

describe.each(sides)('$version, our side is the $near', ({ version, near }) => {
  const options = { version, near }
  const about = { ...uncontrolled, side: near, protocol: version }

  test('end() sends close_notify and FIN at once, and the answer makes it clean', async () => {
    const { local, peer, wire, closure, far } = await connectSides(options, { relay: { delay: 20 } })
    const events: string[] = []
    local.once('finish', () => events.push('finish')).once('end', () => events.push('end'))
    peer.resume()
    local.resume().end('hello')
    const report = await closure.report
    expect(wire.summary(near).slice(-3)).toEqual(['data 5', ...closeNotifyAndFin])
    expect(wire.closing(far)[0]).toBe(closeNotify)
    expect(events).toEqual(['finish', 'end'])
    expect(report).toMatchObject({
      ...about,
      verdict: 'clean',
      sent: { kind: 'close_notify' },
      received: { kind: 'close_notify', userCanceledFirst: false },
      began: 'local',
      undeliveredBytes: 0,
    })
    expect(report).not.toHaveProperty('endedBy')
  })

  test('destroy() sends a bare FIN, and is reported as aborted', async () => {
    const { local, wire, closure } = await connectSides(options)
    const close = closed(local)
    local.destroy()
    expect(await close).toBe(false)
    await wire.seen(near, 'fin')
    expect(wire.closing(near)).toEqual(['fin'])
    expect(await closure.report).toMatchObject({
      ...about,
      verdict: 'aborted',
      sent: { kind: 'nothing' },
      received: { kind: 'nothing' },
      tcp: { kind: 'open' },
      began: 'local',
      alerts: [],
    })
  })

  test('write() and destroy() send the data and a bare FIN', async () => {
    const { local, wire, closure } = await connectSides(options)
    local.write('hello')
    local.destroy()
    await wire.seen(near, 'fin')
    expect(wire.summary(near).slice(-2)).toEqual(['data 5', 'fin'])
    expect(await closure.report).toMatchObject({ ...about, verdict: 'aborted', sent: { kind: 'nothing' } })
  })

  test('a FIN between records looks like a clean end to Node, and is reported as truncation', async () => {
    const { local, wire, closure, far, localErrors } = await connectSides(options)
    const received = text(local)
    const close = closed(local)
    wire.cut(far, { afterBytes: 0, with: 'fin' })
    expect(await received).toEqual({ text: '', ended: true })
    expect(await close).toBe(false)
    expect(localErrors).toEqual([])
    expect(await closure.report).toMatchObject({
      ...about,
      verdict: 'truncated',
      // Node answers a FIN with an alert and a FIN of its own.
      sent: { kind: 'close_notify' },
      received: { kind: 'nothing' },
      tcp: { kind: 'fin', cut: 'between-records' },
      began: 'peer',
    })
    await wire.seen(near, 'fin')
    expect(wire.closing(near)).toEqual(closeNotifyAndFin)
  })

  test.each([
    { afterBytes: 3, cut: 'inside-header' },
    { afterBytes: 12, cut: 'inside-record' },
  ])('a FIN $cut drops the part that came without an error, and is reported as such', async ({ afterBytes, cut }) => {
    const { local, peer, wire, closure, far, localErrors } = await connectSides(options)
    const received = text(local)
    wire.cut(far, { afterBytes, with: 'fin' })
    peer.write('hello')
    expect(await received).toEqual({ text: '', ended: true })
    expect(localErrors).toEqual([])
    expect(await closure.report).toMatchObject({ ...about, verdict: 'truncated', tcp: { kind: 'fin', cut } })
  })

  test('a FIN after whole records is a cut between records', async () => {
    const { local, peer, wire, closure, far } = await connectSides(options)
    const received = text(local)
    peer.write('hello')
    await once(local, 'data')
    wire.cut(far, { afterBytes: 0, with: 'fin' })
    expect(await received).toEqual({ text: 'hello', ended: true })
    expect(await closure.report).toMatchObject({ verdict: 'truncated', tcp: { kind: 'fin', cut: 'between-records' } })
  })

  test("the peer's RST is an error in Node, and is reported as reset", async () => {
    const { local, wire, closure, far, localErrors } = await connectSides(options)
    const close = closed(local)
    local.resume()
    wire.cut(far, { afterBytes: 0, with: 'rst' })
    expect(await close).toBe(true)
    expect(localErrors).toMatchObject([{ code: 'ECONNRESET' }])
    expect(await closure.report).toMatchObject({
      ...about,
      verdict: 'reset',
      sent: { kind: 'nothing' },
      received: { kind: 'nothing' },
      tcp: { kind: 'reset', code: 'ECONNRESET' },
      began: 'peer',
    })
  })

  test("the peer's close_notify without FIN makes Node end, and is clean", async () => {
    const { local, peer, wire, closure, far } = await connectSides(options)
    wire.hold(far, 'fin')
    const received = text(local)
    peer.end()
    expect(await received).toEqual({ text: '', ended: true })
    await wire.seen(near, 'fin')
    expect(wire.closing(near)).toEqual(closeNotifyAndFin)
    expect(await closure.report).toMatchObject({
      ...about,
      verdict: 'clean',
      received: { kind: 'close_notify' },
      tcp: { kind: 'open' },
      began: 'peer',
    })
  })

  test('after our close_notify the peer can go on to send, and it is read', async () => {
    const { local, peer, wire, closure, far } = await connectSides(options, { peerHalfOpen: true })
    const received = text(local)
    peer.resume()
    local.end()
    await once(peer, 'end')
    peer.end('late')
    expect(await received).toEqual({ text: 'late', ended: true })
    expect(wire.summary(far).slice(-3)).toEqual(['data 4', ...closeNotifyAndFin])
    expect(await closure.report).toMatchObject({ ...about, verdict: 'clean', began: 'local' })
  })

  test("after the peer's close_notify we can go on to send, and it is read", async () => {
    const { local, peer, wire, closure } = await connectSides(options, { localHalfOpen: true })
    const received = text(peer)
    local.resume()
    peer.end()
    await once(local, 'end')
    local.end('late')
    expect(await received).toEqual({ text: 'late', ended: true })
    expect(wire.summary(near).slice(-3)).toEqual(['data 4', ...closeNotifyAndFin])
    expect(await closure.report).toMatchObject({ ...about, verdict: 'clean', began: 'peer' })
  })

  test('end() while data of the peer is in flight loses none of it', async () => {
    const { local, peer, wire, closure, far } = await connectSides(options)
    wire.hold(far)
    peer.resume()
    peer.write('in flight')
    await wire.seen(far, 'data 9')
    local.end()
    await wire.seen(near, 'fin')
    const received = text(local)
    wire.release(far)
    expect(await received).toEqual({ text: 'in flight', ended: true })
    expect(await closure.report).toMatchObject({ ...about, verdict: 'clean', began: 'local' })
  })

  test('end() while a part of a record has come delivers that record when it is whole', async () => {
    const { local, peer, wire, closure, far } = await connectSides(options, { peerHalfOpen: true })
    // Node reads 65536 bytes at a time, which is no whole number of records.
    const records = Buffer.alloc(200_000, 'r')
    wire.hold(far)
    const written = write(peer, records)
    await wire.seen(far, 'data')
    await turns()
    local.once('data', () => setImmediate(() => local.end()))
    const received = text(local)
    wire.release(far)
    await written
    peer.end()
    expect((await received).text.length).toBe(records.length)
    expect(await closure.report).toMatchObject({ ...about, verdict: 'clean' })
  })

  test('end() in a data listener loses the records behind it without an error, and the report is not clean', async () => {
    const { local, peer, wire, closure, far, localErrors } = await connectSides(options, { peerHalfOpen: true })
    wire.hold(far)
    const written = write(peer, Buffer.alloc(60_000, 'r'))
    await wire.seen(far, 'data')
    await turns()
    local.once('data', () => local.end())
    const received = text(local)
    wire.release(far)
    await written
    peer.resume().end()
    // One record came; Node's second SSL_shutdown met the next one, which is fatal to the SSL.
    expect(await received).toEqual({ text: 'r'.repeat(16_384), ended: true })
    expect(localErrors).toEqual([])
    expect(wire.closing(near)).toEqual(closeNotifyAndFin)
    expect(await closure.report).toMatchObject({ ...about, verdict: 'unanswered', received: { kind: 'nothing' } })
  })

  test('a RST after our end() is an error in Node, although everything was sent', async () => {
    const { local, wire, closure, far, localErrors } = await connectSides(options, { peerHalfOpen: true })
    local.resume().end('all of it')
    await wire.seen(near, 'fin')
    wire.cut(far, { afterBytes: 0, with: 'rst' })
    expect(await closure.report).toMatchObject({
      ...about,
      verdict: 'reset',
      sent: { kind: 'close_notify' },
      tcp: { kind: 'reset', code: 'ECONNRESET' },
      began: 'local',
      undeliveredBytes: 0,
    })
    expect(localErrors).toMatchObject([{ code: 'ECONNRESET' }])
  })

  test("bytes in the clear behind the peer's close_notify are dropped by Node, and counted", async () => {
    const far = near === 'client' ? 'server' : 'client'
    const { local, peer, closure } = await connectSides(options, {
      localHalfOpen: true,
      relay: { onRecord: (record) => (isCloseNotify(record, far) ? ['pass', plaintext('220 go on')] : 'pass') },
    })
    const received = text(local)
    peer.resume().end()
    await once(local, 'end')
    local.end()
    expect(await received).toEqual({ text: '', ended: true })
    expect(await closure.report).toMatchObject({ ...about, surplusBytes: 9, verdict: 'clean' })
  })

  test('end() under the quiet flag sends a bare FIN, and is reported as quiet', async () => {
    const { local, peer, wire, closure } = await connectSides(options)
    closure.setQuietShutdown(true)
    const atPeer = text(peer)
    local.resume().end('hello')
    expect(await closure.report).toMatchObject({
      ...about,
      verdict: 'quiet',
      quiet: true,
      sent: { kind: 'nothing' },
      began: 'local',
    })
    expect(await atPeer).toEqual({ text: 'hello', ended: true })
    expect(wire.closing(near)[0]).toBe('fin')
    expect(closure.getShutdown()).toBe(3)
  })

  test('end() with the SENT flag set by hand sends a bare FIN, and the answer is still read', async () => {
    const { local, peer, wire, closure } = await connectSides(options)
    closure.setShutdown(1)
    const atPeer = text(peer)
    local.resume().end()
    expect(await closure.report).toMatchObject({
      ...about,
      verdict: 'unreciprocated',
      sent: { kind: 'nothing' },
      received: { kind: 'close_notify' },
      began: 'local',
    })
    expect(await atPeer).toEqual({ text: '', ended: true })
    expect(wire.closing(near)[0]).toBe('fin')
  })

  test('the flags at end tell a cut stream from a closed one: 0 and RECEIVED', async () => {
    for (const [cut, flags] of [
      [true, 0],
      [false, 2],
    ] as const) {
      const { local, peer, wire, closure, far } = await connectSides(options)
      const atEnd = new Promise<number>((resolve) => local.once('end', () => resolve(closure.getShutdown())))
      local.resume()
      if (cut) wire.cut(far, { afterBytes: 0, with: 'fin' })
      else peer.end()
      expect(await atEnd).toBe(flags)
    }
  })

  test.each([
    { name: 'end()', act: 'end' },
    { name: 'destroy()', act: 'destroy' },
    { name: "the peer's end()", act: 'peer-end' },
    { name: "the peer's bare FIN", act: 'cut' },
    { name: "the peer's RST", act: 'reset' },
  ] as const)('taking a closure changes nothing about $name', async ({ act }) => {
    const observe = async (watched: boolean) => {
      const { local, peer, wire, far } = await connectStock(options, { relay: { delay: 10 } })
      if (watched) closureOf(local)
      const events: unknown[] = []
      local.on('data', (data: Buffer) => events.push(data.toString()))
      for (const name of ['finish', 'end', 'error', 'close'] as const) {
        local.on(name, (argument: unknown) => {
          events.push(name, argument instanceof Error ? Reflect.get(argument, 'code') : argument)
        })
      }
      const keys = Object.keys(local)
      peer.resume()
      await Promise.all([write(local, 'ours'), write(peer, 'theirs'), once(local, 'data')])
      const close = closed(local)
      if (act === 'end') local.end('last')
      else if (act === 'destroy') local.destroy()
      else if (act === 'peer-end') peer.end('last')
      else wire.cut(far, { afterBytes: 0, with: act === 'cut' ? 'fin' : 'rst' })
      await close
      if (act !== 'reset') await wire.seen(near, 'fin')
      // Behind its own FIN the relay may find a RST or not.
      const onWire = wire.summary(near).filter((line) => line !== 'rst')
      return { events, onWire, keys, bytes: [local.bytesRead, local.bytesWritten] }
    }
    const [plain, watched] = [await observe(false), await observe(true)]
    expect(watched).toEqual(plain)
    expect(plain.events.slice(0, 1)).toEqual(['theirs'])
    expect(plain.events.at(-1)).toBe(act === 'reset')
  })
})
