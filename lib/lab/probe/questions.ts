/**
 * The questions, each on a connection of its own: what we do, and how the server's side ends after that. All waiting has
 * a limit; what came is told by the wire, never guessed.
 */
import type { Wire } from '../wire/wire.js'
import type { ProbeRequest } from './request.js'
import type { ResponseReader } from './response.js'
import type { Ending, NotObserved, Observed, Question } from './result.js'

/** A connection whose handshake is done, and the means to ask. */
export interface Asked {
  readonly wire: Wire
  readonly request: ProbeRequest
  /** Writes the request, and from then on what the protocol has a client answer. */
  readonly sendRequest: () => void
  /** Reads what comes on this connection. */
  readonly reader: ResponseReader
  /** ms that a round trip may take, roughly. */
  readonly roundTrip: number
  readonly limits: Limits
  readonly signal: AbortSignal
}

interface Limits {
  /** ms without anything after which an answer is taken as it is. */
  readonly wait: number
  /** ms that a response may take. */
  readonly timeout: number
  /** Bytes of data that are read for a question. */
  readonly maxBytes: number
  /** ms of the question `idle`. */
  readonly idle: number
}

export const ask: Readonly<Record<Question, (asked: Asked) => Promise<Observed | NotObserved>>> = {
  async afterResponse(asked) {
    const { wire, request, reader, limits, signal } = asked
    const began = performance.now()
    asked.sendRequest()
    await throughData(asked, () => reader.complete === true || wire.hasEnded)
    if (reader.complete !== true && wire.seen.bytes === 0 && endingOf(wire) === 'silent') {
      return notObserved('timeout', `no response within ${limits.wait} ms`)
    }
    if (request.farewell !== undefined && !wire.isOver) wire.write(request.farewell)
    // The end is counted from the last that came of the response.
    const from = Math.max(began, wire.seen.lastBytesAt ?? began)
    await wire.until(() => wire.hasEnded, limits.wait, signal)
    return await observed(asked, from, { bytesBefore: wire.seen.bytes, poke: () => void wire.closeNotify() })
  },

  async onCloseNotify(asked) {
    const { wire, limits, signal } = asked
    await settle(asked)
    const bytesBefore = wire.seen.bytes
    const from = performance.now()
    wire.closeNotify()
    await wire.until(() => wire.hasEnded, limits.wait, signal)
    return await observed(asked, from, { bytesBefore, poke: () => pokeWith(wire) })
  },

  async onCloseNotifyAfterRequest(asked) {
    const { wire } = asked
    const bytesBefore = wire.seen.bytes
    const from = performance.now()
    asked.sendRequest()
    wire.closeNotify()
    await throughData(asked, () => wire.hasEnded)
    return await observed(asked, from, { bytesBefore, poke: () => pokeWith(wire) })
  },

  async onFin(asked) {
    const { wire, limits, signal } = asked
    await settle(asked)
    const bytesBefore = wire.seen.bytes
    const from = performance.now()
    wire.fin()
    await wire.until(() => wire.hasEnded, limits.wait, signal)
    return await observed(asked, from, { bytesBefore })
  },

  async onFinInRequest(asked) {
    const { wire, request } = asked
    const bytesBefore = wire.seen.bytes
    wire.write(request.bytes.subarray(0, Math.ceil(request.bytes.length / 2)))
    const from = performance.now()
    wire.fin()
    await throughData(asked, () => wire.hasEnded)
    return await observed(asked, from, { bytesBefore })
  },

  async idle(asked) {
    const { wire, limits, signal } = asked
    const from = performance.now()
    await wire.until(() => wire.hasEnded, limits.idle, signal)
    return await observed(asked, from, { bytesBefore: 0, poke: () => void wire.closeNotify() })
  },
}

/** Lets come what the server sends by itself behind the handshake: session tickets, a greeting. */
async function settle({ wire, roundTrip, signal }: Asked): Promise<void> {
  await wire.until(() => wire.hasEnded, 2 * roundTrip + 50, signal)
}

/** Waits for a condition as long as data keeps coming, within the limits. */
async function throughData({ wire, limits, signal }: Asked, condition: () => boolean): Promise<void> {
  const end = performance.now() + Math.max(limits.timeout, limits.wait)
  for (;;) {
    const before = wire.seen.bytes
    const left = end - performance.now()
    if (left <= 0) return
    const isMet = await wire.until(
      () => condition() || wire.seen.bytes > limits.maxBytes,
      Math.min(limits.wait, left),
      signal,
    )
    if (isMet || wire.seen.bytes === before) return
  }
}

/**
 * The server ignores what follows our close_notify where it still reads (RFC 8446 section 6.1), and answers it with RST
 * where it has closed its socket: that tells half-closed from closed.
 */
function pokeWith(wire: Wire): void {
  wire.raw(Buffer.from([0x15, 3, 3, 0, 2, 1, 0]))
}

/** Behind FIN nothing is read any more, and only who writes learns of RST: writing nothing is enough. */
async function answeredByReset(wire: Wire, ms: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end && wire.seen.reset === undefined) {
    await wire.until(() => wire.seen.reset !== undefined, 10, signal)
    wire.raw(Buffer.alloc(0))
  }
}

async function observed(
  { wire, reader, roundTrip, limits, signal }: Asked,
  from: number,
  { bytesBefore, poke }: { bytesBefore: number; poke?: () => void },
): Promise<Observed | NotObserved> {
  const { seen } = wire
  const waited = performance.now() - from
  if (seen.failure !== undefined && seen.fatalAlert === undefined && seen.finAt === undefined) {
    return notObserved('handshake', seen.failure.reason)
  }
  const stillSending =
    !wire.isOver && (seen.bytes > limits.maxBytes || performance.now() - (seen.lastBytesAt ?? 0) < limits.wait / 2)
  const ending = endingOf(wire)
  const after = (at: number | undefined): number | undefined => (at === undefined ? undefined : tenths(at - from))
  const closeNotifyAt = after(seen.closeNotifyAt)
  const alertAt = after(seen.fatalAlert?.at)
  const finAt = after(seen.finAt)
  // Not the one that answers what is sent below.
  const resetAt = after(seen.reset?.at)
  if (seen.finAt !== undefined && seen.reset === undefined && poke !== undefined) {
    poke()
    await answeredByReset(wire, 2 * roundTrip + 100, signal)
  }
  // Behind our own FIN nothing can be sent: with theirs both directions are closed.
  const isClosed = seen.reset !== undefined || (seen.finAt !== undefined && poke === undefined)
  return {
    kind: 'observed',
    ending,
    userCanceled: seen.userCanceledAt !== undefined,
    tcp: isClosed ? 'closed' : seen.finAt === undefined ? 'open' : 'half-closed',
    ...(closeNotifyAt !== undefined && { closeNotifyAt }),
    ...(alertAt !== undefined && { alertAt }),
    ...(finAt !== undefined && { finAt }),
    ...(resetAt !== undefined && { resetAt }),
    waited: tenths(waited),
    bytes: seen.bytes - bytesBefore,
    ...(seen.bytes > bytesBefore && seen.lastBytesAt !== undefined && { lastBytesAt: tenths(seen.lastBytesAt - from) }),
    stillSending,
    ...(seen.surplus > 0 && { surplus: seen.surplus }),
    ...(seen.bytes > 0 && { response: { ...reader.facts, bytes: seen.bytes } }),
  }
}

/** How the server's side has ended so far. */
export function endingOf({ seen }: Wire): Ending {
  const { closeNotifyAt, fatalAlert, finAt, reset } = seen
  if (closeNotifyAt !== undefined) return finAt === undefined ? 'close_notify' : 'close_notify+fin'
  if (fatalAlert !== undefined) return `alert:${fatalAlert.name}`
  if (finAt !== undefined) return 'fin'
  return reset === undefined ? 'silent' : 'reset'
}

function notObserved(reason: 'timeout' | 'handshake', detail: string): NotObserved {
  return { kind: 'not-observed', failure: { stage: 'request', reason, detail } }
}

/** Tenths of ms: less is noise. */
export function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
