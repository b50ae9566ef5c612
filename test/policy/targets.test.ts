// The targets that controlClosure() takes and refuses, and who is under whose control.
import { EventEmitter } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, test } from 'vitest'
import { ClosureError, closingConnect, controlClosure } from '../../lib/index.js'
import { clientOf } from '../closure/servers.js'
import { closed, closeNotifyAndFin, withCode } from '../closure/sides.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { collect, once } from '../support/streams.js'
import { accepted, ample, connected, controlled, endingOf, stock, tlsServer, until, watch } from './harness.js'

const { key, cert } = certificate
const invalid = withCode('ERR_CLOSURE_INVALID_ARGUMENT')

/** Calls as an untyped caller does: the types refuse it. */
function untyped(target: unknown, policy?: unknown): unknown {
  return Reflect.apply(controlClosure, undefined, [target, policy])
}

function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}

/** Everything that a control could leave behind: listeners, and methods that are the object's own. */
function traces(target: EventEmitter) {
  const methods = Reflect.ownKeys(target).filter((key) => typeof Reflect.get(target, key) === 'function')
  const listeners = target.eventNames().map((name) => [name, target.listenerCount(name)])
  return { methods, listeners }
}

describe('refused', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'server'],
    ['a plain object', {}],
    ['an EventEmitter', new EventEmitter()],
    ['an http.Server', http.createServer()],
    ['a net.Server', net.createServer()],
    ['an http2 server without TLS', http2.createServer()],
    ['an http.Agent', new http.Agent()],
    ['a net.Socket', new net.Socket()],
  ])('%s is no target', (_name, target) => {
    const error = thrownBy(() => untyped(target))
    expect(error).toBeInstanceOf(ClosureError)
    expect(error).toMatchObject({ origin: 'caller' })
  })

  test.each([
    [{ modus: 'quiet' }, 'modus'],
    [{ mode: 'quiet', wait: 1 }, 'wait'],
    [{ afterwards: 'fin' }, 'afterwards'],
    [{ onData: 'discard' }, 'onData'],
  ])('the unknown option in %j, by its name', (policy, name) => {
    const server = tls.createServer({ key, cert })
    const error = thrownBy(() => untyped(server, policy))
    expect(error).toMatchObject(invalid)
    expect(String(error)).toContain(`'${name}'`)
    // A refusal leaves the target free.
    controlClosure(server).stop()
  })

  test.each([
    { mode: 'both' },
    { onDestroy: 'alert' },
    { onTruncation: true },
    { flushTimeout: -1 },
    { waitTimeout: '3s' },
    { maxDiscardBytes: Number.NaN },
    { maxWaiting: 1.5 },
    { perConnection: {} },
    { signal: 'now' },
    'bidirectional',
    null,
  ])('the wrong value in %j', (policy) => {
    expect(thrownBy(() => untyped(tls.createServer({ key, cert }), policy))).toMatchObject(invalid)
    expect(thrownBy(() => Reflect.apply(closingConnect, undefined, [policy]))).toMatchObject(invalid)
  })
})

describe('one control at a time', () => {
  const targets = [
    ['a tls.Server', () => tls.createServer({ key, cert })],
    ['an https.Server', () => https.createServer({ key, cert })],
    ['an http2 secure server', () => http2.createSecureServer({ key, cert })],
    ['an https.Agent', () => new https.Agent()],
  ] as const

  test.each(targets)('%s: a second call throws, and after stop() it works again', (_name, make) => {
    const target = make()
    const first = controlClosure(target)
    expect(thrownBy(() => controlClosure(target))).toMatchObject(withCode('ERR_CLOSURE_CONTROLLED'))
    first.stop()
    first.stop()
    const second = controlClosure(target, { mode: 'quiet' })
    expect(second).not.toBe(first)
    // stop() of the one that is over does not end its successor.
    first.stop()
    expect(thrownBy(() => controlClosure(target))).toMatchObject(withCode('ERR_CLOSURE_CONTROLLED'))
    second.stop()
  })

  test.each(targets)('%s: leaves nothing behind on the target after stop()', (_name, make) => {
    const target = make()
    const before = traces(target)
    for (let i = 0; i < 20; i++) controlClosure(target).stop()
    expect(traces(target)).toEqual(before)
  })

  test('a socket: a second call throws, and after stop() it works again', async () => {
    const { relay } = await controlled(tlsServer('TLSv1.3', (socket) => socket.resume()))
    const client = clientOf(relay.port, {})
    const first = controlClosure(client)
    expect(thrownBy(() => controlClosure(client))).toMatchObject(withCode('ERR_CLOSURE_CONTROLLED'))
    await once(client, 'secureConnect')
    expect(thrownBy(() => controlClosure(client))).toMatchObject(withCode('ERR_CLOSURE_CONTROLLED'))
    first.stop()
    watch(controlClosure(client))
  })

  test("a socket that is under its server's control is refused a control of its own", async () => {
    const sockets: tls.TLSSocket[] = []
    const { relay } = await controlled(tlsServer('TLSv1.3', (socket) => sockets.push(socket.resume())))
    await connected(relay.port, 'TLSv1.3')
    const socket = await accepted(sockets)
    expect(thrownBy(() => controlClosure(socket))).toMatchObject(withCode('ERR_CLOSURE_CONTROLLED'))
  })

  test("after its server's stop() a socket can be controlled by itself", async () => {
    const sockets: tls.TLSSocket[] = []
    const { relay, control } = await controlled(tlsServer('TLSv1.3', (socket) => sockets.push(socket.resume())))
    const client = await connected(relay.port, 'TLSv1.3')
    const socket = await accepted(sockets)
    control.stop()
    const { report } = watch(controlClosure(socket, { mode: 'bidirectional', waitTimeout: ample }))
    client.resume()
    socket.end()
    expect(await report()).toMatchObject({ mode: 'bidirectional', verdict: 'clean' })
  })
})

describe.each(tlsVersions)('one socket under a policy, %s', (version) => {
  test.each(['before its handshake', 'when it is secure'] as const)(
    'controlled %s, a client closes as told',
    async (when) => {
      const { relay } = await controlled(tlsServer(version, (socket) => socket.resume()))
      const client = clientOf(relay.port, { minVersion: version, maxVersion: version })
      if (when === 'when it is secure') await once(client, 'secureConnect')
      const { control, report } = watch(controlClosure(client, { mode: 'bidirectional', waitTimeout: ample }))
      if (when === 'before its handshake') await once(client, 'secureConnect')
      expect(control.connections).toBe(1)
      client.resume().end('bye')
      expect(await report()).toMatchObject({ mode: 'bidirectional', verdict: 'clean', endedBy: 'done', side: 'client' })
      expect(control.connections).toBe(0)
      const wire = await relay.nextWire()
      await wire.seen('client', 'fin')
      expect(endingOf(wire, 'client')).toEqual(closeNotifyAndFin)
    },
  )

  test('a handshake that fails is reported once, and leaves nothing under control', async () => {
    const other = version === 'TLSv1.2' ? 'TLSv1.3' : 'TLSv1.2'
    const relay = await stock(tlsServer(other, (socket) => socket.resume()))
    const client = clientOf(relay.port, { minVersion: version, maxVersion: version })
    const { control, reports } = watch(controlClosure(client))
    await closed(client)
    expect(control.connections).toBe(0)
    await until(() => reports.length > 0)
    expect(reports).toMatchObject([{ verdict: 'no-handshake', side: 'client' }])
    expect(control.counters['no-handshake']).toBe(1)
  })

  test('the two ends of one connection in one process, each under its own policy', async () => {
    const { relay, report } = await controlled(
      tlsServer(version, (socket) => socket.resume()),
      { mode: 'bidirectional', waitTimeout: ample },
    )
    const client = clientOf(relay.port, { minVersion: version, maxVersion: version })
    const near = watch(controlClosure(client, { mode: 'bidirectional', waitTimeout: ample }))
    client.resume().end('bye')
    expect(await near.report()).toMatchObject({ side: 'client', verdict: 'clean', began: 'local' })
    expect(await report()).toMatchObject({ side: 'server', verdict: 'clean', began: 'peer' })
  })

  test("the server's own socket, controlled by the handler", async () => {
    const watched: ReturnType<typeof watch>[] = []
    const server = tlsServer(version, (socket) => {
      watched.push(watch(controlClosure(socket, { mode: 'quiet' })))
      socket.resume().end('bye')
    })
    const relay = await stock(server)
    const client = await connected(relay.port, version)
    expect((await collect(client)).bytes.toString()).toBe('bye')
    expect(await watched[0]?.report()).toMatchObject({ mode: 'quiet', verdict: 'quiet', side: 'server' })
    const wire = await relay.nextWire()
    await wire.seen('server', 'fin')
    expect(endingOf(wire, 'server')).toEqual(['fin'])
  })
})
