/** The calls, as commands of fast-check: each makes one call on the real objects, and holds what it gave against the model. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { ClosureError, type Ssl, type SslPump } from '../../../lib/openssl/index.js'
import { expectRead, expectShutdown, type Model, plaintextAt, type Side, type SideName, sideNames } from './model.js'

/** Two real objects, and the bytes that are on their way: by the side that wrote them. */
export interface Real {
  readonly client: Ssl
  readonly server: Ssl
  readonly wire: Record<SideName, Buffer>
}

type Call = (model: Model, side: Side, ssl: Ssl, real: Real) => void

class SideCommand implements fc.Command<Model, Real> {
  readonly #name: string
  readonly #side: SideName
  readonly #call: Call

  constructor(name: string, side: SideName, call: Call) {
    this.#name = name
    this.#side = side
    this.#call = call
  }

  check(): boolean {
    return true
  }

  run(model: Model, real: Real): void {
    const side = model.side(this.#side)
    const ssl = real[this.#side]
    model.count(this.#name.replace(/\(.*/, ''))
    if (side.freed) {
      expectFreed(() => this.#call(model, side, ssl, real), this.#name)
      return
    }
    this.#call(model, side, ssl, real)
    if (side.freed) return
    // The output of a call that was not expected to write: answers to key updates, fatal alerts.
    model.wrote(side, ssl, side.dead ? 'fatal' : 'other')
    model.checkFlags(side, ssl)
  }

  toString(): string {
    return `${this.#side}.${this.#name}`
  }
}

// The commands that make no call then, and free() itself.
function expectFreed(call: () => void, name: string): void {
  if (name === 'free()' || name === 'settle()' || name.startsWith('feed(') || name.startsWith('setShutdown(')) return
  try {
    call()
  } catch (error) {
    expect(error instanceof ClosureError ? error.code : error).toBe('ERR_OPENSSL_FREED')
    return
  }
  throw new Error(`${name} of a freed Ssl did not throw`)
}

const doHandshake: Call = (model, side, ssl) => {
  const { value, error } = ssl.doHandshake()
  if (side.dead) return
  if (side.done) {
    expect([value, error]).toEqual([1, 'SSL_ERROR_NONE'])
    side.keyUpdatePending = false
  } else if (value === 1) {
    model.wrote(side, ssl, 'other')
    side.done = true
    skipHandshake(model, side, ssl)
  } else if (error !== 'SSL_ERROR_WANT_READ') model.dies(side, ssl)
}

// The handshake alone knows how much of the input it has consumed: all units that ended before what is left.
function skipHandshake(model: Model, side: Side, ssl: Ssl): void {
  const { written } = model.peer(side.name)
  const consumed = side.fed - ssl.inputPending()
  while (written[0] !== undefined && written[0].kind === 'other' && written[0].end <= consumed) written.shift()
}

function read(most: number, keeps: boolean): Call {
  return (model, side, ssl) => {
    const { data, ...result } = keeps ? ssl.peek(most) : ssl.read(most)
    expectRead(model, side, ssl, { result, data, most, keeps })
  }
}

/** With a part of what is on its way to the side, or with nothing. */
function pump(part: number): Call {
  return (model, side, ssl, real) => {
    const bytes = side.ended || part === 0 ? undefined : takeWire(model, side, real, part)
    expectPumped(model, side, ssl, real, ssl.pump(bytes))
  }
}

function expectPumped(model: Model, side: Side, ssl: Ssl, real: Real, { result, plaintext, output }: SslPump): void {
  takeOutput(side, real, output)
  let rest = plaintext
  // Every record that it gave, and then what its last read gave.
  for (;;) {
    const unit = side.dead || model.isAtEnd(side) ? undefined : model.skipOthers(side, result.error === 'SSL_ERROR_SSL')
    if (unit?.kind !== 'data' || rest.length === 0) break
    const length = unit.to - unit.from
    const given = { value: length, error: 'SSL_ERROR_NONE', queue: [] } as const
    expectRead(model, side, ssl, { result: given, data: rest.subarray(0, length), most: length, keeps: false })
    rest = rest.subarray(length)
  }
  expect(rest.length).toBe(0)
  // It stops early only where there is no room for a record more.
  if (result.value > 0) expect(plaintext.length).toBeGreaterThan(64 * 1024)
  else expectRead(model, side, ssl, { result, data: rest, most: 1, keeps: false })
}

function write(size: number): Call {
  return (model, side, ssl) => {
    const from = side.plaintextWritten
    const { value, error } = ssl.write(plaintextAt(side.name, from, from + size))
    if (side.dead || (!side.done && value <= 0)) {
      expect(value).toBeLessThanOrEqual(0)
      if (!side.dead && error !== 'SSL_ERROR_WANT_READ') model.dies(side, ssl)
      return
    }
    if ((side.flags & 1) !== 0) {
      expect([value, error]).toEqual([-1, 'SSL_ERROR_SSL'])
      return
    }
    expect([value, error]).toEqual([size, 'SSL_ERROR_NONE'])
    side.done = true
    side.keyUpdatePending = false
    model.wrote(side, ssl, 'data', size)
  }
}

// During a handshake SSL_shutdown fails in OpenSSL and is quiet in BoringSSL, after which nothing is as before.
function ends(model: Model, side: Side): boolean {
  return model.facts.isBoring && !side.done && !side.freed
}

const shutdown: Call = (model, side, ssl) => {
  if (!ends(model, side)) expectShutdown(model, side, ssl, ssl.shutdown())
}

const shutdownAndTransmit: Call = (model, side, ssl, real) => {
  if (ends(model, side)) return
  const { output, ...result } = ssl.shutdownAndTransmit()
  takeOutput(side, real, output)
  expectShutdown(model, side, ssl, result)
}

function setShutdown(mask: number): Call {
  return (model, side, ssl) => {
    // The handshake begins with SSL_clear(3).
    if (!side.done) return
    const clears = (side.flags & ~mask) !== 0
    try {
      ssl.setShutdown(mask)
    } catch (error) {
      if (error instanceof ClosureError && error.code === 'ERR_OPENSSL_STATE' && model.facts.isBoring && clears) return
      throw error
    }
    side.flags = mask
  }
}

function setQuietShutdown(quiet: boolean): Call {
  return (_model, side, ssl) => {
    ssl.setQuietShutdown(quiet)
    side.quiet = quiet
  }
}

function keyUpdate(type: 'update_requested' | 'update_not_requested'): Call {
  return (model, side, ssl) => {
    const { value } = ssl.keyUpdate(type)
    if (side.dead) return
    const taken = model.facts.isTls13 && side.done && (model.facts.isBoring || !side.keyUpdatePending)
    if (!model.facts.isBoring || !side.done) expect(value).toBe(taken ? 1 : 0)
    if (value === 1) side.keyUpdatePending = true
  }
}

const transmit: Call = (_model, side, ssl, real) => {
  takeOutput(side, real, ssl.transmit())
  expect(ssl.outputPending()).toBe(0)
}

function takeOutput(side: Side, real: Real, bytes: Buffer): void {
  side.taken += bytes.length
  real.wire[side.name] = Buffer.concat([real.wire[side.name], bytes])
}

/** Feeds a part of what is on its way to a side, or all of it. */
function feed(part: number): Call {
  return (model, side, ssl, real) => {
    if (!side.freed && !side.ended) ssl.receive(takeWire(model, side, real, part))
  }
}

function takeWire(model: Model, side: Side, real: Real, part: number): Buffer {
  const peer = model.peer(side.name)
  const bytes = real.wire[peer.name]
  const count = Math.ceil(bytes.length * part)
  side.fed += count
  real.wire[peer.name] = bytes.subarray(count)
  return bytes.subarray(0, count)
}

const receiveEof: Call = (_model, side, ssl) => {
  ssl.receiveEof()
  side.ended = true
}

const free: Call = (_model, side, ssl) => {
  ssl.free()
  side.freed = true
}

const getters: Call = (model, side, ssl) => {
  expect(ssl.eventsDropped).toBe(0)
  expect(ssl.outputPending()).toBe(side.produced - side.taken)
  expect(ssl.inputPending()).toBeLessThanOrEqual(side.fed)
  if (side.dead || !side.done) return
  const unit = model.peer(side.name).written[0]
  expect(ssl.pending()).toBe(unit?.kind === 'data' && unit.begun ? unit.to - unit.from : 0)
  expect(ssl.inInit()).toBe(side.keyUpdatePending && !model.facts.isBoring)
  expect(ssl.getVersion()).toBe(model.facts.isTls13 ? 'TLSv1.3' : 'TLSv1.2')
}

/** Evidence: a close_notify is told exactly when it was written or read. */
const takeEvents: Call = (model, side, ssl) => {
  const told = ssl.takeEvents().flatMap((event) => {
    return event.type === 'alert' ? [`${event.direction} ${event.name}`] : []
  })
  const seen = side.dead ? told.filter((alert) => alert.endsWith('close_notify')) : told
  // BoringSSL tells of no alert that a dead connection meets; a fatal one is not foreseen here.
  if (side.dead) expect(side.alerts.slice(0, seen.length)).toEqual(seen)
  else expect(seen).toEqual(side.alerts)
  for (const alert of side.alerts) model.count(alert)
  side.alerts = []
}

/** Both sides talk until nothing moves: the handshake, and what follows it. */
export function settle(model: Model, _side: Side, _ssl: Ssl, real: Real): void {
  if (sideNames.some((name) => model.side(name).freed)) return
  for (let round = 0; round < 4; round++) {
    for (const name of sideNames) {
      const [side, ssl] = [model.side(name), real[name]]
      for (const call of [feed(1), doHandshake, transmit]) {
        call(model, side, ssl, real)
        model.wrote(side, ssl, side.dead ? 'fatal' : 'other')
      }
      model.checkFlags(side, ssl)
    }
  }
}

const sizes = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 1, arbitrary: fc.constant(16_384) },
)

function on(weight: number, name: string, call: Call): Weighted {
  return weighted(
    weight,
    fc.constantFrom(...sideNames).map((side) => new SideCommand(name, side, call)),
  )
}

type Weighted = readonly fc.Arbitrary<SideCommand>[]

// fc.commands takes each of its arbitraries as often as the others.
function weighted(weight: number, arbitrary: fc.Arbitrary<SideCommand>): Weighted {
  return Array.from({ length: weight }, () => arbitrary)
}

function withArgument<T>(weight: number, name: string, values: fc.Arbitrary<T>, call: (value: T) => Call): Weighted {
  const sides = fc.constantFrom(...sideNames)
  const made = fc
    .tuple(sides, values)
    .map(([side, value]) => new SideCommand(`${name}(${String(value)})`, side, call(value)))
  return weighted(weight, made)
}

export const allCommands: readonly fc.Arbitrary<SideCommand>[] = [
  ...on(1, 'settle()', settle),
  ...on(2, 'doHandshake()', doHandshake),
  ...withArgument(4, 'read', fc.oneof(fc.constant(16_384), fc.integer({ min: 1, max: 200 })), (most) =>
    read(most, false),
  ),
  ...withArgument(1, 'peek', fc.constantFrom(16_384, 7), (most) => read(most, true)),
  ...withArgument(4, 'pump', fc.constantFrom(0, 0, 1, 1, 0.5), pump),
  ...withArgument(5, 'write', sizes, write),
  ...on(2, 'shutdown()', shutdown),
  ...on(1, 'shutdownAndTransmit()', shutdownAndTransmit),
  ...withArgument(1, 'setShutdown', fc.integer({ min: 0, max: 3 }), setShutdown),
  ...withArgument(1, 'setQuietShutdown', fc.boolean(), setQuietShutdown),
  ...withArgument(1, 'keyUpdate', fc.constantFrom('update_requested', 'update_not_requested'), keyUpdate),
  ...on(5, 'transmit()', transmit),
  ...withArgument(6, 'feed', fc.constantFrom(1, 1, 0.5, 0.1), feed),
  ...on(3, 'getters()', getters),
  ...on(3, 'takeEvents()', takeEvents),
]

/** Ends of what can be said: few per run. */
export const endings: readonly fc.Arbitrary<SideCommand>[] = [
  ...on(1, 'receiveEof()', receiveEof),
  ...on(1, 'free()', free),
]
