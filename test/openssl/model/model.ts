/**
 * The model of two Ssl objects and the bytes between them, as far as closing goes: flags, what is on its way, what a
 * read may give, which alerts are told. Knows nothing of cryptography: what a call writes is measured in bytes.
 */
import { expect } from 'vitest'
import type { Ssl, SslResult } from '../../../lib/openssl/index.js'

export type SideName = 'client' | 'server'
export const sideNames = ['client', 'server'] as const

/** Something that one side has written, whole: complete for the peer once the bytes up to `end` were fed. */
interface Unit {
  readonly kind: 'data' | 'close_notify' | 'fatal' | 'other'
  readonly end: number
  /** Of data: where it lies in the plaintext of its direction. */
  from: number
  readonly to: number
  /** OpenSSL has decrypted it. */
  begun: boolean
}

export interface Facts {
  readonly isBoring: boolean
  /** OpenSSL 3.0 and newer: an EOF without close_notify is fatal. */
  readonly eofIsFatal: boolean
  readonly isTls13: boolean
  /** OpenSSL 3.2 and newer, TLS 1.3: after a close_notify was read, clearing its flag does not let reading go on. */
  readonly staysEnded: boolean
}

const sent = 1
const received = 2
// OpenSSL takes so many warnings in a row for an attack.
const warningsAtMost = 5

/** The bytes that a direction carries from one place to another: each place differs from its neighbours. */
export function plaintextAt(side: SideName, from: number, to: number): Buffer {
  if (to > patterns[side].length) throw new Error('There is no more plaintext')
  return patterns[side].subarray(from, to)
}

// More than a run can write.
const patterns = { client: patternOf(17), server: patternOf(101) } as const

function patternOf(salt: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: 4 * 1024 * 1024 }, (_, i) => (i * 31 + (i >> 8) + salt) & 0xff))
}

export class Side {
  readonly name: SideName
  readonly facts: Facts
  flags = 0
  quiet = false
  /** The handshake is done on this side. */
  done = false
  /** A fatal error: nothing but what is always true is expected any more. */
  dead = false
  freed = false
  ended = false
  /** A close_notify was read, whatever the flags say. */
  hasReadClose = false
  /** OpenSSL is in a handshake of one message, until it was written. */
  keyUpdatePending = false
  warnings = 0
  /** Bytes of the peer's output that were fed. */
  fed = 0
  /** Bytes that it has ever written, and of those that were taken. */
  produced = 0
  taken = 0
  plaintextWritten = 0
  readonly written: Unit[] = []
  alerts: string[] = []

  constructor(name: SideName, facts: Facts) {
    this.name = name
    this.facts = facts
  }
}

export class Model {
  readonly client: Side
  readonly server: Side
  readonly facts: Facts
  /** Calls by name, for the report of a run. */
  readonly counts = new Map<string, number>()

  constructor(facts: Facts) {
    this.facts = facts
    this.client = new Side('client', facts)
    this.server = new Side('server', facts)
  }

  side(name: SideName): Side {
    return name === 'client' ? this.client : this.server
  }

  peer(name: SideName): Side {
    return name === 'client' ? this.server : this.client
  }

  /** The peer's units that are complete in the input of a side and not consumed. */
  nextUnit(side: Side): Unit | undefined {
    const unit = this.peer(side.name).written[0]
    return unit !== undefined && unit.end <= side.fed ? unit : undefined
  }

  /** Whether reading gives the end at once. BoringSSL still gives what it has decrypted before. */
  hasEnded(side: Side): boolean {
    const unit = this.nextUnit(side)
    return (side.flags & received) !== 0 && !(this.facts.isBoring && unit?.kind === 'data' && unit.begun)
  }

  /** Whether reading can give nothing more. */
  isAtEnd(side: Side): boolean {
    return this.hasEnded(side) || (this.facts.staysEnded && side.hasReadClose)
  }

  /** Consumes what is no data: the next data or close_notify, a fatal alert where the call failed, or nothing. */
  skipOthers(side: Side, failed: boolean): Unit | undefined {
    const { written } = this.peer(side.name)
    for (let unit = this.nextUnit(side); unit !== undefined; unit = this.nextUnit(side)) {
      // A side that fails writes an alert, or what it was about to write, or both.
      if (unit.kind !== 'other' && !(unit.kind === 'fatal' && !failed)) return unit
      side.warnings = 0
      written.shift()
    }
    return undefined
  }

  /** Notes what a call has written; `kind` is what it was expected to be. */
  wrote(side: Side, ssl: Ssl, kind: Unit['kind'], plaintext = 0): void {
    const now = side.taken + ssl.outputPending()
    const grown = now - side.produced
    side.produced = now
    const from = side.plaintextWritten
    side.plaintextWritten += plaintext
    if (grown > 0) side.written.push({ kind, end: now, from, to: from + plaintext, begun: false })
    if (kind === 'data' || kind === 'close_notify') expect(grown).toBeGreaterThan(0)
    if (kind === 'other') this.#mayWriteOther(side, grown)
  }

  // Key updates, their answers, the messages of a handshake. Nothing else is written by itself.
  #mayWriteOther(side: Side, grown: number): void {
    if (grown > 0 && side.done && !side.dead) expect(this.facts.isTls13).toBe(true)
  }

  /** A fatal error: from here on the flags are OpenSSL's business. */
  dies(side: Side, ssl: Ssl): void {
    side.dead = true
    this.count('fatal')
    this.wrote(side, ssl, 'fatal')
  }

  /** An alert that came: whether it is one too many. */
  warn(side: Side): boolean {
    side.warnings += 1
    return !this.facts.isBoring && side.warnings >= warningsAtMost
  }

  /** After every call: the flags are the model's. */
  checkFlags(side: Side, ssl: Ssl): void {
    if (side.dead) side.flags = ssl.getShutdown()
    expect([side.name, ssl.getShutdown()]).toEqual([side.name, side.flags])
    expect(ssl.getQuietShutdown()).toBe(side.quiet)
  }

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }
}

/** The end of the transport, without a close_notify. */
function expectEof(model: Model, side: Side, ssl: Ssl, result: SslResult): void {
  expect(result.value).toBeLessThanOrEqual(0)
  expect(result.error).toBe(model.facts.eofIsFatal ? 'SSL_ERROR_SSL' : 'SSL_ERROR_SYSCALL')
  if (model.facts.eofIsFatal) expect(result.queue.map(({ reason }) => reason)).toContain('unexpected eof while reading')
  else expect(result.queue).toEqual([])
  if (model.facts.eofIsFatal) model.dies(side, ssl)
}

/** Checks what SSL_read, SSL_peek and pump() returned. */
export function expectRead(
  model: Model,
  side: Side,
  ssl: Ssl,
  given: { readonly result: SslResult; readonly data: Buffer; readonly most: number; readonly keeps: boolean },
): 'data' | 'end' {
  const { result, data, most, keeps } = given
  const nothing = (): void => expect([result.value <= 0, data.length]).toEqual([true, 0])
  if (side.dead) {
    nothing()
    return 'end'
  }
  if (model.hasEnded(side)) {
    expect([result.value, data.length]).toEqual([0, 0])
    // SSL_peek in OpenSSL leaves what an earlier call wanted: SSL_get_error then tells of that.
    const stale = keeps && !model.facts.isBoring && result.error === 'SSL_ERROR_WANT_READ'
    if (!stale) expect(result.error).toBe('SSL_ERROR_ZERO_RETURN')
    return 'end'
  }
  // After a fatal error OpenSSL says that it is in a handshake, too: what was given before tells that it was done.
  if (!side.done && ssl.inInit() && data.length === 0) {
    nothing()
    if (result.error !== 'SSL_ERROR_WANT_READ') model.dies(side, ssl)
    return 'end'
  }
  if (!side.done) model.wrote(side, ssl, 'other')
  side.done = true
  side.keyUpdatePending = false
  const peer = model.peer(side.name)
  if (model.facts.staysEnded && side.hasReadClose) {
    rereadsClose(side)
    expect([result.value, result.error, data.length]).toEqual([0, 'SSL_ERROR_ZERO_RETURN', 0])
    return 'end'
  }
  const unit = model.skipOthers(side, result.error === 'SSL_ERROR_SSL')
  if (unit === undefined) {
    nothing()
    if (side.ended) expectEof(model, side, ssl, result)
    else expect(result.error).toBe('SSL_ERROR_WANT_READ')
    return 'end'
  }
  if (unit.kind === 'data') {
    side.warnings = 0
    const length = Math.min(most, unit.to - unit.from)
    expect([result.value, result.error]).toEqual([length, 'SSL_ERROR_NONE'])
    expect(data.equals(plaintextAt(peer.name, unit.from, unit.from + length))).toBe(true)
    unit.begun = true
    model.count('plaintext arrived')
    if (!keeps) unit.from += length
    if (unit.from === unit.to) peer.written.shift()
    return 'data'
  }
  peer.written.shift()
  nothing()
  if (unit.kind === 'fatal' || model.warn(side)) {
    expect(result.error).toBe('SSL_ERROR_SSL')
    if (unit.kind === 'close_notify') side.alerts.push('received close_notify')
    model.dies(side, ssl)
    return 'end'
  }
  side.flags |= received
  side.hasReadClose = true
  side.alerts.push('received close_notify')
  expect([result.value, result.error, result.queue]).toEqual([0, 'SSL_ERROR_ZERO_RETURN', []])
  return 'end'
}

// The record of the close_notify that came before stays where it is and is read anew, which the message callback tells.
function rereadsClose(side: Side): void {
  side.flags |= received
  side.alerts.push('received close_notify')
}

/** Checks what SSL_shutdown did. */
export function expectShutdown(model: Model, side: Side, ssl: Ssl, result: SslResult): void {
  const is = (value: number, error: string): void => expect([result.value, result.error]).toEqual([value, error])
  if (side.dead) return
  if (!side.done || (side.keyUpdatePending && !model.facts.isBoring)) {
    expectShutdownInInit(result)
    return
  }
  if (side.quiet) {
    side.flags = sent | received
    is(1, 'SSL_ERROR_NONE')
    return
  }
  if ((side.flags & sent) === 0) {
    side.flags |= sent
    side.alerts.push('sent close_notify')
    model.wrote(side, ssl, 'close_notify')
    if ((side.flags & received) !== 0) is(1, 'SSL_ERROR_NONE')
    // SSL_shutdown(3): SSL_get_error means nothing here.
    else is(0, 'SSL_ERROR_NONE')
    expect(result.queue).toEqual([])
    return
  }
  if ((side.flags & received) !== 0) {
    is(1, 'SSL_ERROR_NONE')
    return
  }
  expectSecondShutdown(model, side, ssl, result)
}

function expectShutdownInInit(result: SslResult): void {
  expect([result.value, result.error]).toEqual([-1, 'SSL_ERROR_SSL'])
  expect(result.queue.map(({ reason }) => reason)).toEqual(['shutdown while in init'])
}

// Ours is sent: it reads on until the peer's comes.
function expectSecondShutdown(model: Model, side: Side, ssl: Ssl, result: SslResult): void {
  if (model.facts.staysEnded && side.hasReadClose) {
    rereadsClose(side)
    expect([result.value, result.error]).toEqual([1, 'SSL_ERROR_NONE'])
    return
  }
  const unit = model.skipOthers(side, result.queue.length > 0)
  if (unit === undefined) {
    if (side.ended) expectEof(model, side, ssl, result)
    else expect([result.value, result.error]).toEqual([-1, 'SSL_ERROR_WANT_READ'])
    return
  }
  if (unit.kind === 'data') {
    // Fatal in OpenSSL; BoringSSL keeps it for a read.
    expect([result.value, result.error]).toEqual([-1, 'SSL_ERROR_SSL'])
    if (!model.facts.isBoring) model.dies(side, ssl)
    unit.begun = true
    return
  }
  model.peer(side.name).written.shift()
  if (unit.kind === 'close_notify') side.alerts.push('received close_notify')
  if (unit.kind === 'fatal' && !model.facts.isBoring) {
    // SSL_shutdown of OpenSSL gives 1 for it too: only the queue tells.
    expect([result.value, result.error, result.queue.length]).toEqual([1, 'SSL_ERROR_NONE', 1])
    model.dies(side, ssl)
    return
  }
  if (unit.kind === 'fatal' || model.warn(side)) {
    expect([result.value, result.error]).toEqual([-1, 'SSL_ERROR_SSL'])
    model.dies(side, ssl)
    return
  }
  side.flags |= received
  side.hasReadClose = true
  expect([result.value, result.error]).toEqual([1, 'SSL_ERROR_NONE'])
}
