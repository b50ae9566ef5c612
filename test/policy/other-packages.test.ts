// Another package that stands before the same methods as we do, before us and after us, on the socket and on its class: both
// are called, once, with the right `this` and arguments, and the connection closes as without it.
import tls, { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure, closureOf } from '../../lib/index.js'
import { connectPair, type Pair, type TlsVersion, tlsVersions } from '../support/pair.js'
import { collect, once } from '../support/streams.js'

const names = ['end', 'push', '_destroy', 'emit', 'write', 'destroy'] as const
type Name = (typeof names)[number]

/** Stands before methods as tracing packages do, and counts the calls on one object. */
class OtherPackage {
  readonly calls: Record<Name, number> = { end: 0, push: 0, _destroy: 0, emit: 0, write: 0, destroy: 0 }
  readonly #undo: (() => void)[] = []

  wrap(holder: object, seen: (that: unknown) => boolean): void {
    for (const name of names) {
      const original: unknown = Reflect.get(holder, name)
      if (typeof original !== 'function') throw new Error(`Expected a method ${name}`)
      const { calls } = this
      const isOwn = Object.hasOwn(holder, name)
      const method = function (this: unknown, ...args: unknown[]): unknown {
        if (seen(this)) calls[name]++
        return Reflect.apply(original, this, args)
      }
      Reflect.defineProperty(holder, name, { value: method, configurable: true, writable: true })
      this.#undo.push(() => {
        if (isOwn) Reflect.defineProperty(holder, name, { value: original, configurable: true, writable: true })
        else Reflect.deleteProperty(holder, name)
      })
    }
  }

  unwrap(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo()
  }
}

const places: readonly (readonly [string, (socket: TLSSocket) => object])[] = [
  ['the socket', (socket) => socket],
  ['its class', () => TLSSocket.prototype],
  ['the class of net.Socket', () => Reflect.getPrototypeOf(TLSSocket.prototype) ?? {}],
  [
    'its prototype, whatever that is',
    (socket) => {
      const prototype = Reflect.getPrototypeOf(socket)
      if (prototype === null) throw new Error('Expected a prototype')
      return prototype
    },
  ],
]

function inheriting(socket: TLSSocket): TLSSocket {
  const object: unknown = Object.create(socket)
  if (!(object instanceof TLSSocket)) throw new Error('Expected a TLSSocket')
  return object
}

async function pairOf(version: TlsVersion): Promise<Pair> {
  const pair = await connectPair({ version })
  onTestFinished(pair.close)
  return pair
}

async function closeBoth({ client, server }: Pair): Promise<void> {
  const [atServer, atClient] = [collect(server), collect(client)]
  const closed = [once(server, 'close'), once(client, 'close')]
  server.write('from ')
  server.end('the server')
  client.end('from the client')
  expect(await atClient).toMatchObject({ bytes: Buffer.from('from the server'), ended: true })
  expect(await atServer).toMatchObject({ bytes: Buffer.from('from the client'), ended: true })
  await Promise.all(closed)
}

describe.each(tlsVersions)('%s', (version) => {
  describe.each(places)('another package wraps methods of %s', (_place, holderOf) => {
    test.each(['before', 'after', 'before and after'] as const)('%s us', async (when) => {
      const pair = await pairOf(version)
      const { server } = pair
      const other = new OtherPackage()
      onTestFinished(() => {
        other.unwrap()
      })
      if (when !== 'after') other.wrap(holderOf(server), (that) => that === server)
      const control = controlClosure(server, { mode: 'bidirectional' })
      const report = closureOf(server).report
      if (when !== 'before') other.wrap(holderOf(server), (that) => that === server)
      await closeBoth(pair)
      expect(await report).toMatchObject({ verdict: 'clean', mode: 'bidirectional', undeliveredBytes: 0 })
      expect(control.counters.clean).toBe(1)
      expect(control.connections).toBe(0)
      const times = when === 'before and after' ? 2 : 1
      expect(other.calls._destroy).toBe(times)
      // Node ends and reads a socket of its own accord, too: once for the data and once for the end at least.
      for (const name of ['end', 'push', 'emit', 'write', 'destroy'] as const) {
        expect(other.calls[name], name).toBeGreaterThanOrEqual(times)
      }
    })
  })

  test('another package takes its methods away again while ours stand on them', async () => {
    const pair = await pairOf(version)
    const { server } = pair
    const other = new OtherPackage()
    other.wrap(TLSSocket.prototype, (that) => that === server)
    controlClosure(server, { mode: 'bidirectional' })
    other.unwrap()
    await closeBoth(pair)
    expect(other.calls._destroy).toBe(0)
    expect(await closureOf(server).report).toMatchObject({ verdict: 'clean' })
  })

  test('our methods are as hidden as those of a class', async () => {
    const { server, client } = await pairOf(version)
    const keys = [Object.keys(server), Object.keys(client)]
    controlClosure(server)
    closureOf(client)
    expect([Object.keys(server), Object.keys(client)]).toEqual(keys)
    expect(Reflect.getPrototypeOf(server)).toBe(tls.TLSSocket.prototype)
  })

  test.each([
    ['a proxy of the socket', (socket: TLSSocket) => new Proxy(socket, {})],
    ['an object that inherits from it', (socket: TLSSocket) => inheriting(socket)],
  ])('%s closes the connection as the socket does', async (_name, derived) => {
    const pair = await pairOf(version)
    const control = controlClosure(pair.server, { mode: 'bidirectional' })
    const closed = [once(pair.server, 'close'), once(pair.client, 'close')]
    const atClient = collect(pair.client)
    pair.server.resume()
    derived(pair.server).end('whole')
    expect(await atClient).toMatchObject({ bytes: Buffer.from('whole'), ended: true })
    await Promise.all(closed)
    expect(control.counters.clean).toBe(1)
    expect(await closureOf(pair.server).report).toMatchObject({ verdict: 'clean', undeliveredBytes: 0 })
  })
})

test('a subclass that overrides what we stand before is called as without us', async () => {
  const pair = await pairOf('TLSv1.3')
  const calls: string[] = []
  class Traced extends TLSSocket {
    override end(...args: never[]): this {
      calls.push('end')
      super.end(...args)
      return this
    }
    override push(chunk: unknown, encoding?: BufferEncoding): boolean {
      calls.push(chunk === null ? 'push null' : 'push')
      return super.push(chunk, encoding)
    }
    override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
      calls.push('_destroy')
      super._destroy(error, callback)
    }
  }
  Reflect.setPrototypeOf(pair.server, Traced.prototype)
  const control = controlClosure(pair.server, { mode: 'unidirectional' })
  await closeBoth(pair)
  expect(calls.filter((call) => call === '_destroy')).toHaveLength(1)
  expect(calls).toContain('end')
  expect(calls.filter((call) => call === 'push null')).toHaveLength(1)
  expect(control.counters.clean).toBe(1)
})
