// shutdown() mode by mode and peer by peer: what is on the wire, what the promise gives, what the final report says.
import { describe, expect, test } from 'vitest'
import { delay, once } from '../../support/streams.js'
import { alertRecord, damagedRecord, isCloseNotify } from '../../support/tampering.js'
import { describeEvent, type Side, type Wire } from '../../support/wire.js'
import { closed, closeNotify, closeNotifyAndFin, text, turns, write } from '../sides.js'
import type { ClosingWay } from './ways.js'

/** The order in which both sides' closing events came to the relay. */
function order(wire: Wire): string[] {
  const interesting = wire.events.filter((event) => event.kind === 'alert' || event.kind === 'fin')
  return interesting.map((event) => `${event.from} ${describeEvent(event)}`)
}

function closeNotifiesOf(wire: Wire, side: Side): number {
  return wire.summary(side).filter((line) => line === closeNotify).length
}

export function shutdownModes(ways: readonly ClosingWay[]): void {
  describe.each(ways)('$name, $version, our side is the $near', ({ name, version, near, connect }) => {
    const far = near === 'client' ? 'server' : 'client'
    const about = { side: near, protocol: version, handshake: 'completed', undeliveredBytes: 0, surplusBytes: 0 }

    describe('quiet', () => {
      const mode = 'quiet'

      test('sends a bare FIN after all data, and what the peer still sends is read', async () => {
        const { local, peer, wire, closure } = await connect({ peerHalfOpen: true })
        const [received, atPeer] = [text(local), text(peer)]
        local.write('hello')
        const report = await closure.shutdown({ mode })
        expect(report).toMatchObject({
          ...about,
          mode,
          verdict: 'quiet',
          quiet: true,
          endedBy: 'done',
          sent: { kind: 'nothing' },
          began: 'local',
        })
        await wire.seen(near, 'fin')
        expect(wire.summary(near).slice(-2)).toEqual(['data 5', 'fin'])
        peer.end('late')
        expect(await received).toEqual({ text: 'late', ended: true })
        expect(await atPeer).toEqual({ text: 'hello', ended: true })
        expect(await closure.report).toMatchObject({
          mode,
          verdict: 'quiet',
          sent: { kind: 'nothing' },
          received: { kind: 'close_notify' },
        })
        expect(wire.closing(near).filter((line) => line !== 'rst')).toEqual(['fin'])
      })

      test('is truncated when the peer had cut its direction first', async () => {
        const { local, wire, closure } = await connect({ localHalfOpen: true })
        local.resume()
        wire.cut(far, { afterBytes: 0, with: 'fin' })
        await once(local, 'end')
        expect(await closure.shutdown({ mode })).toMatchObject({ verdict: 'truncated', sent: { kind: 'nothing' } })
        await wire.seen(near, 'fin')
        expect(wire.closing(near)).toEqual(['fin'])
      })

      test("is unreciprocated when the peer's close_notify had come first", async () => {
        const { local, peer, wire, closure } = await connect({ localHalfOpen: true })
        local.resume()
        peer.end()
        await once(local, 'end')
        expect(await closure.shutdown({ mode })).toMatchObject({
          verdict: 'unreciprocated',
          sent: { kind: 'nothing' },
          received: { kind: 'close_notify' },
          began: 'peer',
        })
        await wire.seen(near, 'fin')
        expect(wire.closing(near)).toEqual(['fin'])
      })
    })

    describe('unidirectional', () => {
      const mode = 'unidirectional'

      test('sends close_notify and FIN at once, also to a silent peer', async () => {
        const { local, wire, closure } = await connect({ peerHalfOpen: true })
        local.write('hello')
        // The mode that is meant when none is given.
        expect(await closure.shutdown()).toMatchObject({
          ...about,
          mode,
          verdict: 'half-closed',
          endedBy: 'done',
          sent: { kind: 'close_notify' },
          received: { kind: 'nothing' },
          tcp: { kind: 'open' },
          began: 'local',
        })
        await wire.seen(near, 'fin')
        expect(wire.summary(near).slice(-3)).toEqual(['data 5', ...closeNotifyAndFin])
        expect(wire.closing(far)).toEqual([])
        local.destroy()
        expect(await closure.report).toMatchObject({ mode, verdict: 'half-closed', tcp: { kind: 'open' } })
      })

      test("ends clean when the peer's answer is read, with one close_notify of ours", async () => {
        const { local, peer, wire, closure } = await connect()
        local.resume()
        peer.resume()
        await closure.shutdown({ mode })
        expect(await closure.report).toMatchObject({
          ...about,
          mode,
          verdict: 'clean',
          received: { kind: 'close_notify' },
        })
        expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
        expect(closeNotifiesOf(wire, near)).toBe(1)
      })

      test('delivers what the peer still sends to the reader', async () => {
        const { local, peer, closure } = await connect({ peerHalfOpen: true })
        const received = text(local)
        peer.resume()
        await closure.shutdown({ mode })
        await once(peer, 'end')
        peer.end('late')
        expect(await received).toEqual({ text: 'late', ended: true })
        expect(await closure.report).toMatchObject({ verdict: 'clean', discardedBytes: 0 })
      })

      test('loses none of the records of the read in which it was called', async () => {
        const { local, peer, wire, closure } = await connect({ peerHalfOpen: true })
        wire.hold(far)
        const written = write(peer, Buffer.alloc(60_000, 'r'))
        await wire.seen(far, 'data')
        await turns()
        local.once('data', () => void closure.shutdown({ mode }))
        const received = text(local)
        wire.release(far)
        await written
        peer.resume().end()
        expect(await received).toEqual({ text: 'r'.repeat(60_000), ended: true })
        expect(await closure.report).toMatchObject({ ...about, verdict: 'clean' })
      })

      test('is unanswered when the peer ends TCP without an alert', async () => {
        const { local, wire, closure } = await connect({ peerHalfOpen: true })
        local.resume()
        await closure.shutdown({ mode })
        await wire.seen(near, 'fin')
        wire.cut(far, { afterBytes: 0, with: 'fin' })
        expect(await closure.report).toMatchObject({
          ...about,
          verdict: 'unanswered',
          // BoringSSL does not tell where.
          tcp: name.endsWith('boringssl') ? { kind: 'fin' } : { kind: 'fin', cut: 'between-records' },
          began: 'local',
        })
      })

      test('is reset when RST comes for our FIN', async () => {
        const { local, wire, closure } = await connect({ peerHalfOpen: true })
        local.resume()
        await closure.shutdown({ mode })
        await wire.seen(near, 'fin')
        wire.cut(far, { afterBytes: 0, with: 'rst' })
        expect(await closure.report).toMatchObject({
          ...about,
          verdict: 'reset',
          sent: { kind: 'close_notify' },
          tcp: { kind: 'reset' },
          began: 'local',
        })
      })

      test('answers a peer that closed first', async () => {
        const { local, peer, wire, closure } = await connect({ localHalfOpen: true })
        local.resume()
        peer.end()
        await once(local, 'end')
        expect(await closure.shutdown({ mode })).toMatchObject({ ...about, verdict: 'clean', began: 'peer' })
        await wire.seen(near, 'fin')
        expect(wire.closing(near)).toEqual(closeNotifyAndFin)
      })
    })

    describe('bidirectional', () => {
      const mode = 'bidirectional'

      test.each([{ delay: 0 }, { delay: 40 }])(
        "holds FIN until the peer's close_notify, $delay ms away",
        async ({ delay }) => {
          const { local, peer, wire, closure } = await connect({ relay: { delay } })
          const atPeer = text(peer)
          local.resume().write('hello')
          expect(await closure.shutdown({ mode })).toMatchObject({
            ...about,
            mode,
            verdict: 'clean',
            endedBy: 'done',
            sent: { kind: 'close_notify' },
            received: { kind: 'close_notify', userCanceledFirst: false },
            began: 'local',
          })
          expect(await atPeer).toEqual({ text: 'hello', ended: true })
          await wire.seen(near, 'fin')
          const seen = order(wire)
          expect(seen.indexOf(`${near} fin`)).toBeGreaterThan(seen.indexOf(`${far} ${closeNotify}`))
          expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
          expect(closeNotifiesOf(wire, near)).toBe(1)
          expect(await closure.report).toMatchObject({ ...about, mode, verdict: 'clean', endedBy: 'done' })
        },
      )

      test('waits for a slow answer, and sends nothing but the alert meanwhile', async () => {
        const { local, peer, wire, closure } = await connect({ peerHalfOpen: true })
        local.resume()
        peer.resume()
        const done = closure.shutdown({ mode, waitTimeout: 20_000 })
        await once(peer, 'end')
        await new Promise((resolve) => setTimeout(resolve, 100))
        expect(wire.closing(near)).toEqual([closeNotify])
        peer.end()
        expect(await done).toMatchObject({ verdict: 'clean', endedBy: 'done' })
        await wire.seen(near, 'fin')
        expect(order(wire).slice(0, 2)).toEqual([`${near} ${closeNotify}`, `${far} ${closeNotify}`])
      })

      test('gives up on a silent peer within the budget, with a FIN and no second alert', async () => {
        const { local, wire, closure } = await connect({ peerHalfOpen: true })
        local.resume()
        const report = await closure.shutdown({ mode, waitTimeout: 50 })
        expect(report).toMatchObject({
          ...about,
          mode,
          verdict: 'timed-out',
          endedBy: 'wait-timeout',
          sent: { kind: 'close_notify' },
          received: { kind: 'nothing' },
          tcp: { kind: 'open' },
        })
        expect(await closure.report).toBe(report)
        expect(local.destroyed).toBe(true)
        await wire.seen(near, 'fin')
        expect(wire.closing(near)).toEqual(closeNotifyAndFin)
        expect(wire.closing(far)).toEqual([])
      })

      test('ends as unanswered at a FIN without an alert', async () => {
        const { local, wire, closure } = await connect({ peerHalfOpen: true })
        local.resume()
        const done = closure.shutdown({ mode })
        await wire.seen(near, closeNotify)
        wire.cut(far, { afterBytes: 0, with: 'fin' })
        expect(await done).toMatchObject({
          ...about,
          verdict: 'unanswered',
          endedBy: 'tcp-end',
          received: { kind: 'nothing' },
          tcp: { kind: 'fin' },
        })
        await wire.seen(near, 'fin')
        expect(wire.closing(near)).toEqual(closeNotifyAndFin)
        expect(await closure.report).toMatchObject({ verdict: 'unanswered', endedBy: 'tcp-end' })
      })

      test('ends as reset at a RST', async () => {
        const { local, wire, closure } = await connect({ peerHalfOpen: true })
        local.resume()
        const done = closure.shutdown({ mode })
        await wire.seen(near, closeNotify)
        wire.cut(far, { afterBytes: 0, with: 'rst' })
        expect(await done).toMatchObject({
          ...about,
          verdict: 'reset',
          endedBy: 'tcp-end',
          sent: { kind: 'close_notify' },
          tcp: { kind: 'reset' },
        })
        expect(wire.closing(near)[0]).toBe(closeNotify)
      })

      test('delivers data that comes before the answer', async () => {
        const { local, peer, closure } = await connect({ peerHalfOpen: true })
        const received = text(local)
        peer.resume()
        const done = closure.shutdown({ mode, onData: 'deliver' })
        await once(peer, 'end')
        await write(peer, 'late')
        peer.end()
        expect(await done).toMatchObject({ ...about, verdict: 'clean', discardedBytes: 0 })
        expect(await received).toEqual({ text: 'late', ended: true })
      })

      test('discards data that comes before the answer, without any reader, and counts it', async () => {
        const { local, peer, wire, closure } = await connect({ peerHalfOpen: true })
        const close = closed(local)
        peer.resume()
        const done = closure.shutdown({ mode, onData: 'discard' })
        await once(peer, 'end')
        peer.end(Buffer.alloc(100_000))
        expect(await done).toMatchObject({ ...about, verdict: 'clean', discardedBytes: 100_000 })
        await wire.seen(near, 'fin')
        expect(await close).toBe(false)
        expect(await closure.report).toMatchObject({ verdict: 'clean', discardedBytes: 100_000 })
      })

      test('fails at the first byte where data must not come', async () => {
        const { local, peer, wire, closure } = await connect({ peerHalfOpen: true })
        local.resume()
        peer.resume()
        const done = closure.shutdown({ mode, onData: 'fail' })
        await once(peer, 'end')
        peer.write('late')
        expect(await done).toMatchObject({
          ...about,
          verdict: 'flooded',
          endedBy: 'unexpected-data',
          discardedBytes: 4,
          sent: { kind: 'close_notify' },
        })
        expect(local.destroyed).toBe(true)
        await wire.seen(near, 'fin')
        expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
      })

      test.each(['deliver', 'discard'] as const)('takes data and close_notify in one segment (%s)', async (onData) => {
        const { local, peer, wire, closure } = await connect({ peerHalfOpen: true })
        peer.resume()
        const received = text(local)
        const done = closure.shutdown({ mode, onData })
        await once(peer, 'end')
        wire.hold(far)
        peer.end('late')
        await wire.seen(far, 'fin')
        wire.release(far)
        expect(await done).toMatchObject({ verdict: 'clean', discardedBytes: onData === 'discard' ? 4 : 0 })
        expect(await received).toEqual({ text: onData === 'discard' ? '' : 'late', ended: true })
      })

      test('answers a peer that closed first, and does not wait', async () => {
        const { local, peer, wire, closure } = await connect({ localHalfOpen: true })
        local.resume()
        peer.end()
        await once(local, 'end')
        expect(await closure.shutdown({ mode })).toMatchObject({
          ...about,
          verdict: 'clean',
          endedBy: 'done',
          began: 'peer',
          received: { kind: 'close_notify' },
        })
        await wire.seen(near, 'fin')
        expect(wire.closing(near)).toEqual(closeNotifyAndFin)
      })

      test('sends its alert to a peer whose FIN came first, and does not wait', async () => {
        const { local, wire, closure } = await connect({ localHalfOpen: true })
        local.resume()
        wire.cut(far, { afterBytes: 0, with: 'fin' })
        await once(local, 'end')
        expect(await closure.shutdown({ mode })).toMatchObject({
          ...about,
          verdict: 'truncated',
          endedBy: 'tcp-end',
          sent: { kind: 'close_notify' },
          began: 'peer',
        })
        await wire.seen(near, 'fin')
        expect(wire.closing(near)).toEqual(closeNotifyAndFin)
      })

      test('is clean when both close at once, with one alert each', async () => {
        const { local, peer, wire, closure } = await connect()
        wire.hold(near)
        wire.hold(far)
        local.resume()
        const done = closure.shutdown({ mode })
        peer.resume().end()
        await Promise.all([wire.seen(near, closeNotify), wire.seen(far, 'fin')])
        wire.release(near)
        wire.release(far)
        expect(await done).toMatchObject({ ...about, verdict: 'clean', endedBy: 'done', began: 'local' })
        await wire.seen(near, 'fin')
        expect([closeNotifiesOf(wire, near), closeNotifiesOf(wire, far)]).toEqual([1, 1])
      })

      test('a fatal alert instead of an answer is reported by name', async () => {
        const { local, peer, wire, closure } = await connect({
          relay: {
            onRecord: (record) => (isCloseNotify(record, far) ? [alertRecord('fatal', 'internal_error')] : 'pass'),
          },
        })
        local.resume()
        peer.resume()
        await closure.shutdown({ mode, waitTimeout: 2000 })
        const report = await closure.report
        expect(report).toMatchObject({
          ...about,
          verdict: 'alerted',
          sent: { kind: 'close_notify' },
          received: { kind: 'fatal-alert', name: 'internal_error' },
        })
        expect(report.alerts.map(({ direction, level, name }) => [direction, level, name])).toEqual([
          ['sent', 'warning', 'close_notify'],
          ['received', 'fatal', 'internal_error'],
        ])
        expect(wire.closing(near)[0]).toBe(closeNotify)
        expect(closeNotifiesOf(wire, near)).toBe(1)
      })

      // Nothing of TCP tells that TLS is over, and nothing can come any more.
      test.each([
        ['a fatal alert', [alertRecord('fatal', 'internal_error')], 'done', 'alerted'],
        ['close_notify at level fatal', [alertRecord('fatal', 'close_notify')], 'done', undefined],
        ['a record that cannot be decrypted', [damagedRecord], undefined, undefined],
      ] as const)('%s ends the wait, with TCP open', async (_what, sends, endedBy, verdict) => {
        const { local, wire, closure } = await connect({ peerHalfOpen: true, relay: { onRecord: () => 'pass' } })
        local.resume()
        // Longer than this test may take.
        const done = closure.shutdown({ mode, waitTimeout: 600_000 })
        await wire.seen(near, closeNotify)
        wire.send(far, sends)
        const report = await done
        expect(report).toMatchObject({ sent: { kind: 'close_notify' }, tcp: { kind: 'open' } })
        if (endedBy !== undefined) expect(report.endedBy).toBe(endedBy)
        if (verdict !== undefined) expect(report.verdict).toBe(verdict)
        await wire.seen(near, 'fin')
      })

      test('user_canceled before the answer is told', async () => {
        const { local, peer, closure } = await connect({
          relay: {
            onRecord: (record) =>
              isCloseNotify(record, far) ? [alertRecord('warning', 'user_canceled'), 'pass'] : 'pass',
          },
        })
        local.resume()
        peer.resume()
        expect(await closure.shutdown({ mode })).toMatchObject({
          ...about,
          verdict: 'clean',
          received: { kind: 'close_notify', userCanceledFirst: true },
        })
      })

      test.each([
        ['together', [['user_canceled', 'close_notify']]],
        ['one by one', [['user_canceled'], ['close_notify']]],
      ] as const)('the answer behind user_canceled ends the wait, with TCP open: %s', async (_how, flights) => {
        const { local, wire, closure } = await connect({
          peerHalfOpen: true,
          relay: { onRecord: () => 'pass' },
        })
        local.resume()
        // Longer than this test may take: the budget at its end would find the answer too.
        const done = closure.shutdown({ mode, waitTimeout: 600_000 })
        await wire.seen(near, closeNotify)
        for (const flight of flights) {
          wire.send(
            far,
            flight.map((name) => alertRecord('warning', name)),
          )
          await delay(20)
        }
        expect(await done).toMatchObject({
          verdict: 'clean',
          endedBy: 'done',
          received: { kind: 'close_notify', userCanceledFirst: true },
          tcp: { kind: 'open' },
        })
        await wire.seen(near, 'fin')
      })

      test('close_notify at level fatal closes in TLS 1.3, and is a fatal alert in TLS 1.2', async () => {
        const { local, peer, closure } = await connect({
          relay: {
            onRecord: (record) => (isCloseNotify(record, far) ? [alertRecord('fatal', 'close_notify')] : 'pass'),
          },
        })
        local.resume()
        peer.resume()
        await closure.shutdown({ mode, waitTimeout: 2000 })
        expect(await closure.report).toMatchObject(
          version === 'TLSv1.3'
            ? { verdict: 'clean', received: { kind: 'close_notify' } }
            : { verdict: 'alerted', received: { kind: 'fatal-alert', name: 'close_notify' } },
        )
      })
    })
  })
}
