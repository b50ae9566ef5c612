/**
 * One TCP connection through the recording relay (`relay.ts`): what each side put on the wire, in order, decrypted, and
 * the means to disturb it.
 *
 * Directions are named by who sends: `'client'` is the direction from the client to the server.
 *
 *     wire.events                        everything seen so far, in order of arrival
 *     wire.summary('client')             ['handshake', 'data 5', 'alert warning close_notify', 'fin']
 *     wire.closing('client')             the same from the first alert, FIN, RST or plaintext on
 *     wire.data('server')                the application data, concatenated
 *     await wire.seen('server', 'fin')   resolves with the event as soon as it is there; so do 'data', 'alert fatal'
 *     await wire.closed                  both TCP connections are gone
 *
 *     wire.delay('server', 20)           ms, from now on
 *     wire.hold('client')                queue all; wire.hold('client', 'fin') only FIN
 *     wire.release('client')             what was held goes out, its bytes in one write
 *     wire.merge('server', 50)           what arrives within 50 ms goes out in one write
 *     wire.stall('server')               read no more from that side: its kernel buffers fill
 *     wire.cut('server', { afterBytes: 7, with: 'fin' })    7 more bytes, then FIN; the rest is swallowed
 *     wire.send('server', [alertRecord('fatal', 'internal_error')])     needs a relay with `onRecord`
 *
 * Events are recorded as their sender sent them, before any tampering. An event's `segment` numbers the reads of the
 * relay in that direction: two records with one `segment` arrived together. (Loopback may also join what the sender
 * wrote separately, so equal numbers are proof only where the sender had one write; different numbers always are.)
 *
 * RST is seen through ECONNRESET or EPIPE, and told from FIN where libuv takes it for EOF (an RST that arrives together
 * with data: Node's own sockets report 'end' there). After a FIN only a writer learns of RST: from then on the wire
 * writes zero bytes every few ms. Such an RST is recorded, but Node cannot send one after a FIN (`reset`, `lane.ts`).
 */
import type { Socket } from 'node:net'
import { Lane, reset, type Cut, type Delivery } from './lane.js'
import { turns } from './streams.js'
import { craftedDeliveries, type Crafted, type OnRecord } from './tampering.js'
import type { KeyLog } from '../../lib/tls/keys.js'
import { contentType } from '../../lib/tls/record-format.js'
import {
  Decoder,
  Framer,
  Session,
  type Decoded,
  type RawRecord,
  type RecordContent,
  type Side,
} from '../../lib/tls/records.js'

export type { Side } from '../../lib/tls/records.js'

interface Placed {
  readonly from: Side
  /** ms of `performance.now()` when its last byte was read. */
  readonly at: number
  /** Number of the read, from 0, that completed it. */
  readonly segment: number
  /** Number of the read that began it. */
  readonly firstSegment: number
}

interface RecordHeader {
  readonly type: number
  readonly version: number
  readonly length: number
}

type WithRecord<T> = T extends unknown ? T & { readonly record: RecordHeader } : never

export type WireEvent = Placed &
  (
    | WithRecord<RecordContent>
    /** A record whose keys are not known, or not yet. */
    | { readonly kind: 'encrypted'; readonly record: RecordHeader }
    | { readonly kind: 'plaintext'; readonly bytes: Buffer }
    /** TCP ended inside this record. */
    | { readonly kind: 'partial-record'; readonly bytes: Buffer }
    | { readonly kind: 'fin' }
    | { readonly kind: 'rst' }
  )

/** One line for assertions, such as `data 5` or `alert warning close_notify`. */
export function describeEvent(event: WireEvent): string {
  switch (event.kind) {
    case 'handshake':
      return `handshake ${event.messages.join(' ')}`.trimEnd()
    case 'change_cipher_spec':
      return 'handshake change_cipher_spec'
    case 'alert':
      return `alert ${event.level} ${event.name}${event.encrypted ? '' : ' in the clear'}`
    case 'malformed-alert':
      return `malformed alert ${event.bytes.length}`
    case 'data':
    case 'plaintext':
      return `${event.kind} ${event.bytes.length}`
    case 'partial-record':
      return `partial record ${event.bytes.length}`
    case 'encrypted':
    case 'undecryptable':
      return `${event.kind} ${event.record.length}`
    case 'fin':
    case 'rst':
      return event.kind
  }
}

export interface WireOptions {
  readonly keys: KeyLog
  readonly delay: Readonly<Record<Side, number>>
  readonly onRecord: OnRecord | undefined
}

interface Entry extends Placed {
  readonly what:
    | { readonly kind: 'record'; readonly record: RawRecord }
    | { readonly kind: 'plaintext' | 'partial-record'; readonly bytes: Buffer }
    | { readonly kind: 'fin' | 'rst' }
  content?: RecordContent
  /** It went on before it could be decrypted. */
  passed?: boolean
}

export class Wire {
  readonly closed: Promise<void>
  readonly #client: Direction
  readonly #server: Direction
  readonly #entries: Entry[] = []
  readonly #onRecord: OnRecord | undefined
  readonly #watchers = new Set<() => void>()
  readonly #sockets: readonly Socket[]

  /** Both sockets are connected, have `allowHalfOpen` and are not read yet. */
  constructor(toClient: Socket, toServer: Socket, { keys, delay, onRecord }: WireOptions) {
    const session = new Session(keys)
    this.#onRecord = onRecord
    this.#sockets = [toClient, toServer]
    this.#client = new Direction('client', new Lane(toClient, toServer, delay.client), new Decoder('client', session))
    this.#server = new Direction('server', new Lane(toServer, toClient, delay.server), new Decoder('server', session))
    // After the end too: a child process may hand its keys over late.
    keys.onAdd(() => this.#drainBoth())
    this.closed = Promise.all([closing(toClient), closing(toServer)]).then(() => {
      this.#client.lane.close()
      this.#server.lane.close()
    })
    this.#read(toClient, this.#client)
    this.#read(toServer, this.#server)
  }

  get events(): WireEvent[] {
    return this.#entries.map((entry) => {
      const { from, at, segment, firstSegment, what, content } = entry
      const placed = { from, at, segment, firstSegment }
      if (what.kind !== 'record') return { ...placed, ...what }
      const record = { type: what.record.type, version: what.record.version, length: what.record.body.length }
      return content === undefined ? { ...placed, kind: 'encrypted', record } : { ...placed, ...content, record }
    })
  }

  eventsOf(from: Side): WireEvent[] {
    return this.events.filter((event) => event.from === from)
  }

  /** One line per event; a run of handshake records (but for KeyUpdate) is one `handshake`. */
  summary(from: Side): string[] {
    const lines: string[] = []
    for (const event of this.eventsOf(from)) {
      const line = describeEvent(event)
      if (!line.startsWith('handshake')) lines.push(line)
      else if (line.includes('key_update')) lines.push('key_update')
      else if (lines.at(-1) !== 'handshake') lines.push('handshake')
    }
    return lines
  }

  closing(from: Side): string[] {
    const lines = this.summary(from)
    const start = lines.findIndex((line) => /^(alert|malformed|plaintext|partial|fin|rst)/.test(line))
    return start === -1 ? [] : lines.slice(start)
  }

  data(from: Side): Buffer {
    return Buffer.concat(this.eventsOf(from).flatMap((event) => (event.kind === 'data' ? [event.bytes] : [])))
  }

  /**
   * Resolves with the first event, past ones included, whose line (see `describeEvent`) is `line` or begins with it
   * and a space. Rejects with all that was seen when `timeout` ms have passed.
   */
  seen(from: Side, line: string, timeout = 20_000): Promise<WireEvent> {
    const find = () => this.eventsOf(from).find((event) => `${describeEvent(event)} `.startsWith(`${line} `))
    return new Promise((resolve, reject) => {
      const check = () => {
        const event = find()
        if (event === undefined) return
        clearTimeout(timer)
        this.#watchers.delete(check)
        resolve(event)
      }
      const timer = setTimeout(() => {
        this.#watchers.delete(check)
        const seen = `client: ${this.summary('client').join(', ')}; server: ${this.summary('server').join(', ')}`
        reject(new Error(`Expected "${line}" from the ${from} within ${timeout} ms but saw ${seen}`))
      }, timeout)
      this.#watchers.add(check)
      check()
    })
  }

  delay(from: Side, ms: number): void {
    this.#direction(from).lane.delay = ms
  }

  hold(from: Side, what: 'all' | 'fin' = 'all'): void {
    this.#direction(from).lane.hold(what)
  }

  release(from: Side): void {
    this.#direction(from).lane.release()
  }

  merge(from: Side, ms: number): void {
    this.#direction(from).lane.window = ms
  }

  stall(from: Side, stalled = true): void {
    this.#direction(from).lane.stall(stalled)
  }

  cut(from: Side, cut: Cut): void {
    this.#direction(from).lane.cut(cut)
  }

  /** Sends at once, in the name of one side. Records are sealed with that side's present key. */
  send(from: Side, crafted: readonly Crafted[]): void {
    if (this.#onRecord === undefined) throw new Error('Expected a relay with onRecord: it keeps the sequence numbers')
    const { decoder, lane } = this.#direction(from)
    for (const delivery of craftedDeliveries(crafted, decoder.protection)) lane.push(delivery)
  }

  /** Ends both TCP connections with RST. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) reset(socket)
    await this.closed
  }

  #direction(from: Side): Direction {
    return from === 'client' ? this.#client : this.#server
  }

  #read(socket: Socket, direction: Direction): void {
    let reset = false
    socket.on('data', (bytes) => {
      const entries = direction.read(bytes)
      if (this.#onRecord === undefined) direction.lane.push({ kind: 'bytes', bytes })
      this.#arrived(direction, entries)
    })
    let ended = false
    const end = () => {
      if (ended) return
      ended = true
      const entries = direction.end()
      if (this.#onRecord === undefined) direction.lane.push({ kind: 'fin' })
      this.#arrived(direction, entries)
    }
    socket.on('end', () => {
      if (socket.writableEnded || socket.writableLength > 0) {
        end()
        return
      }
      // libuv reports an RST that comes with data as EOF; the next write tells the truth
      socket.write(Buffer.alloc(0), (error) => {
        if (error) return
        end()
        probeForReset(socket)
      })
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error
      if (reset) return
      reset = true
      // EPIPE at the question above: the RST came after a FIN
      if (error.code === 'EPIPE' && socket.readableEnded) end()
      const entry = direction.place({ kind: 'rst' })
      this.#entries.push(entry)
      this.#notify()
      void passReset(direction.lane)
    })
  }

  #arrived(direction: Direction, entries: readonly Entry[]): void {
    this.#entries.push(...entries)
    direction.pending.push(...entries)
    this.#drainBoth()
  }

  /** Either direction may tell what the other one waits for. */
  #drainBoth(): void {
    while (this.#drain(this.#client) || this.#drain(this.#server));
    this.#notify()
  }

  #drain(direction: Direction): boolean {
    const deliveries: Delivery[] = []
    let progress = false
    for (;;) {
      const [entry] = direction.pending
      if (entry === undefined) break
      let decoded: Decoded | undefined
      if (entry.what.kind === 'record') {
        const result = direction.decoder.decode(entry.what.record)
        if (result === 'no-keys') {
          if (this.#onRecord !== undefined) deliveries.push(...passBeforeKeys(entry, entry.what.record))
          break
        }
        decoded = result
        entry.content = result.content
      }
      if (entry.passed) decoded?.protection?.skip()
      else if (this.#onRecord !== undefined) deliveries.push(...outgoing(entry, decoded, this.#onRecord))
      direction.pending.shift()
      progress = true
    }
    for (const delivery of joined(deliveries)) direction.lane.push(delivery)
    return progress
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }
}

class Direction {
  readonly lane: Lane
  readonly decoder: Decoder
  /** Recorded, but not decoded (and, when tampering, not passed on) yet. */
  readonly pending: Entry[] = []
  readonly #from: Side
  readonly #framer = new Framer()
  #segment = -1
  /** The read that began what the framer still has. */
  #restSince = 0

  constructor(from: Side, lane: Lane, decoder: Decoder) {
    this.#from = from
    this.lane = lane
    this.decoder = decoder
  }

  read(bytes: Buffer): Entry[] {
    this.#segment++
    const begun = this.#framer.rest.length > 0
    const pieces = this.#framer.push(bytes)
    const entries = pieces.map((piece, i) => this.place(piece, begun && i === 0 ? this.#restSince : this.#segment))
    if (!begun || pieces.length > 0) this.#restSince = this.#segment
    return entries
  }

  end(): Entry[] {
    const bytes = this.#framer.rest
    const partial = bytes.length === 0 ? [] : [this.place({ kind: 'partial-record', bytes }, this.#restSince)]
    return [...partial, this.place({ kind: 'fin' })]
  }

  place(what: Entry['what'], firstSegment = this.#segment): Entry {
    return { from: this.#from, at: performance.now(), segment: this.#segment, firstSegment, what }
  }
}

function outgoing(entry: Entry, decoded: Decoded | undefined, onRecord: OnRecord): Delivery[] {
  const { what, from } = entry
  if (what.kind === 'plaintext' || what.kind === 'partial-record') return [{ kind: 'bytes', bytes: what.bytes }]
  if (what.kind !== 'record') return [{ kind: what.kind }]
  const original = { kind: 'bytes', bytes: Buffer.concat([what.record.header, what.record.body]) } as const
  if (decoded === undefined || decoded.content.kind === 'undecryptable') return [original]
  const verdict = onRecord({ ...decoded.content, from })
  if (verdict === 'drop') return []
  return craftedDeliveries(verdict === 'pass' ? ['pass'] : verdict, decoded.protection, decoded.content, original)
}

/**
 * In TLS 1.2 a server logs its keys only when it has the client's Finished. The outer type tells that this record is
 * of the handshake, so it goes on as it came. (A client logs them before it sends Finished.)
 */
function passBeforeKeys(entry: Entry, record: RawRecord): Delivery[] {
  if (record.type !== contentType.handshake || entry.passed) return []
  entry.passed = true
  return [{ kind: 'bytes', bytes: Buffer.concat([record.header, record.body]) }]
}

/** Passes on together what was read together. */
function joined(deliveries: readonly Delivery[]): Delivery[] {
  const result: Delivery[] = []
  for (const delivery of deliveries) {
    const last = result.at(-1)
    if (delivery.kind === 'bytes' && last?.kind === 'bytes') {
      result[result.length - 1] = { kind: 'bytes', bytes: Buffer.concat([last.bytes, delivery.bytes]) }
    } else result.push(delivery)
  }
  return result
}

function probeForReset(socket: Socket): void {
  const timer = setInterval(() => {
    if (socket.destroyed || socket.writableEnded) clearInterval(timer)
    else socket.write(Buffer.alloc(0))
  }, 5)
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

/** Passes an RST on, once what the other side had sent by then has been read: its FIN may stand behind its last bytes. */
async function passReset(lane: Lane): Promise<void> {
  await turns(4)
  lane.push({ kind: 'rst' })
}
