/** Plays a server's profile on one connection, from its acceptance to the entry in the log. */
import type { Socket } from 'node:net'
import type { SslContext } from '../../openssl/index.js'
import { Forger } from '../wire/forger.js'
import { type Tap, Wire } from '../wire/wire.js'
import { Acts } from './acts.js'
import { bytesOfBody, RequestReader } from './http.js'
import { handshakeOf, otherSideOf, type PeerHandshake, type PeerLogEntry, since } from './log.js'
import type { CheckedPeerOptions } from './options.js'
import type { ServerDefinition } from './scripts/script.js'
import { Serving } from './serving.js'

export interface Playing {
  readonly profile: string
  readonly definition: ServerDefinition
  readonly context: SslContext
  readonly options: CheckedPeerOptions
  /** The number of the connection. */
  readonly connection: number
  /** Ends it; the entry says how far it came. */
  readonly signal: AbortSignal
}

/** Resolves with the entry, whatever the client does. */
export async function playServer(socket: Socket, playing: Playing): Promise<PeerLogEntry> {
  const { definition, context, options, signal } = playing
  const began = performance.now()
  const date = new Date().toISOString()
  const ssl = context.createSsl()
  const forger = definition.forges === undefined ? undefined : new Forger('server')
  const muzzle = definition.insteadOfHandshake === undefined ? undefined : new Muzzle()
  const tap = muzzle ?? (forger === undefined ? undefined : new CautiousTap(forger))
  const reader = new RequestReader()
  const wire = new Wire(socket, ssl, { onData: (bytes) => reader.push(bytes), ...(tap !== undefined && { tap }) })
  const acts = new Acts({ wire, forger, began, hold: options.hold, signal })
  const { framing, body, content, cut, patience } = options
  const serving = new Serving({ acts, reader, framing, body, bytesOf: bytesOfBody(content), cut, patience })
  const end = () => void socket.destroy()
  signal.addEventListener('abort', end, { once: true })

  let handshake: PeerHandshake = { kind: 'failed', reason: 'unfinished' }
  try {
    if (muzzle === undefined) {
      const isDone = await wire.handshake(options.timeout, signal)
      handshake = handshakeOf(wire, isDone ? performance.now() : undefined, began)
      if (isDone) await definition.script(serving)
    } else {
      await wire.handshake(0, signal)
      await wire.until(() => muzzle.hasReceived || wire.isOver, options.timeout, signal)
      handshake = muzzle.hasReceived
        ? { kind: 'failed', reason: 'close_notify sent' }
        : handshakeOf(wire, undefined, began)
      if (muzzle.hasReceived) await definition.script(serving)
    }
    if (handshake.kind === 'failed') wire.fin()
    await lingering(wire, handshake.kind === 'failed' ? farewell : options.hold, signal)
  } catch (error) {
    if (!signal.aborted) handshake = { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
  } finally {
    signal.removeEventListener('abort', end)
  }
  await endTold(wire)
  const entry = entryOf({
    profile: playing.profile,
    side: 'server',
    connection: playing.connection,
    date,
    began,
    handshake,
    acts,
  })
  wire.destroy()
  return entry
}

/** ms for what OpenSSL has to say to a client that could not complete the handshake. */
const farewell = 1000

type Played = Pick<PeerLogEntry, 'profile' | 'side' | 'connection' | 'date' | 'handshake'> & {
  readonly began: number
  readonly acts: Acts
}

/** The entry of a connection that is over, on either side. */
export function entryOf({ acts, began, ...entry }: Played): PeerLogEntry {
  return {
    format: 1,
    ...entry,
    did: acts.did,
    other: otherSideOf(acts.wire, began),
    ...(acts.judgement !== undefined && { judgement: acts.judgement }),
    endedAt: since(began, performance.now()),
  }
}

/** Waits for the other side's end, and until what is queued has left: to destroy a socket would throw it away. */
export async function lingering(wire: Wire, ms: number, signal: AbortSignal): Promise<void> {
  const { socket } = wire
  const end = performance.now() + ms
  await wire.until(() => wire.isOver, ms, signal)
  const hasLeft = () =>
    socket.destroyed || (socket.writableEnded ? socket.writableFinished : socket.writableLength === 0)
  while (!hasLeft() && performance.now() < end) await wire.until(hasLeft, 10, signal)
}

/** Behind the end of a stream the wire asks whether that was FIN or RST: resolves when it has heard. */
export async function endTold(wire: Wire): Promise<void> {
  await wire.until(() => wire.hasEnded || !wire.socket.readableEnded, farewell)
}

/** OpenSSL answers, and nothing of it leaves. */
class Muzzle implements Tap {
  hasReceived = false

  keylog(): void {}

  received(): void {
    this.hasReceived = true
  }

  sent(): Buffer {
    return Buffer.alloc(0)
  }
}

/** A client can send what no client sends, such as a broken ServerHello: that ends the watching, not the program. */
class CautiousTap implements Tap {
  readonly #forger: Forger
  #isReading = true

  constructor(forger: Forger) {
    this.#forger = forger
  }

  keylog(line: string): void {
    this.#forger.keylog(line)
  }

  received(bytes: Buffer): void {
    if (!this.#isReading) return
    try {
      this.#forger.received(bytes)
    } catch {
      this.#isReading = false
    }
  }

  sent(bytes: Buffer): Buffer {
    return this.#forger.sent(bytes)
  }
}
