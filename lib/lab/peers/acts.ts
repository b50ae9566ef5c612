/**
 * The acts of which the scripts of peers are made, on one connection. Each is noted with its time, and none is carried
 * out once the peer is told to end: it throws the signal's reason instead.
 */
import type { Socket } from 'node:net'
import type { AlertName } from '../../tls/alerts.js'
import type { ForgedRecord } from '../scenarios/types.js'
import type { Forger } from '../wire/forger.js'
import type { Wire } from '../wire/wire.js'
import { type Judgement, type PeerStep, since, type StepName } from './log.js'

export interface ActsOptions {
  readonly wire: Wire
  /** Of a profile that sends records that OpenSSL would not. */
  readonly forger: Forger | undefined
  /** When the connection began, on the clock of performance.now(). */
  readonly began: number
  /** ms that anything is waited for. */
  readonly hold: number
  readonly signal: AbortSignal
}

/** What is sent apart from a record of its own. */
type Forged =
  | { readonly did: 'user_canceled' | 'close_notify, fatal' | 'close_notify, in fragments' | 'hello_request' }
  | { readonly did: 'data'; readonly text: string }
  | { readonly did: `alert:${AlertName}`; readonly name: AlertName }

export class Acts {
  readonly wire: Wire
  readonly hold: number
  readonly #options: ActsOptions
  readonly #did: PeerStep[] = []
  #judgement: Judgement | undefined

  constructor(options: ActsOptions) {
    this.wire = options.wire
    this.hold = options.hold
    this.#options = options
  }

  get did(): readonly PeerStep[] {
    return this.#did
  }

  get judgement(): Judgement | undefined {
    return this.#judgement
  }

  /** Whether the other side has closed, in whatever way. */
  get isClosedByOther(): boolean {
    return this.wire.seen.closeNotifyAt !== undefined || this.wire.isOver
  }

  /** Our close_notify, and nothing else. */
  closeNotify(): void {
    this.#check()
    if (this.wire.closeNotify().value >= 0) this.#noteSent('close_notify')
  }

  /** FIN, behind all that was written. */
  fin(): void {
    this.#check()
    if (this.wire.socket.writable) this.note('fin')
    this.wire.fin()
  }

  /** RST. */
  reset(): void {
    this.#check()
    if (!this.wire.socket.destroyed) this.note('reset')
    this.wire.reset()
  }

  /** Both in one segment, where the system agrees. */
  together(acts: () => void): void {
    this.wire.socket.cork()
    try {
      acts()
    } finally {
      this.wire.socket.uncork()
    }
  }

  /** Application data, when there is room for it. Where the other side reads none of it for `hold` ms, the socket goes. */
  async data(pieces: Iterable<Buffer>, did: StepName = 'data'): Promise<void> {
    let bytes = 0
    const at = performance.now()
    try {
      for (const piece of pieces) {
        await roomIn(this.wire.socket, this.hold)
        this.#check()
        if (!this.wire.socket.writable) return
        this.wire.write(piece)
        bytes += piece.length
      }
    } finally {
      if (bytes > 0) this.note(did, { at, bytes })
    }
  }

  /** All but the last bytes of what TLS makes of some data: a record is cut. */
  dataCut(bytes: Buffer, missing: number, did: StepName): void {
    this.#check()
    this.wire.ssl.write(bytes)
    this.#cut(missing)
    this.#noteSent(did, bytes.length)
  }

  /** All but the last bytes of our close_notify. */
  closeNotifyCut(missing: number): void {
    this.#check()
    if (this.wire.ssl.shutdown().value < 0) return
    this.#cut(missing)
    this.#noteSent('part of close_notify')
  }

  /** Bytes that are no TLS. */
  raw(bytes: Buffer, did: 'plaintext' | 'garbage' | 'close_notify'): void {
    this.#check()
    this.wire.raw(bytes)
    this.#noteSent(did, bytes.length)
  }

  /** A record that no SSL sends by itself. */
  forge(forged: Forged): void {
    this.#check()
    const { forger } = this.#options
    if (forger === undefined) throw new TypeError('Expected a profile that forges')
    this.wire.flush()
    this.wire.raw(forger.forge(recordOf(forged)))
    this.#noteSent(forged.did)
  }

  /** KeyUpdate that asks for one: RFC 8446 section 4.6.3. */
  keyUpdate(): void {
    this.#check()
    if (this.wire.ssl.keyUpdate('update_requested').value !== 1) return
    this.wire.ssl.doHandshake()
    this.wire.flush()
    this.#noteSent('key_update')
  }

  /** Waits for a condition that depends on the wire; false where it was not met in time. */
  until(condition: () => boolean, ms: number): Promise<boolean> {
    return this.wire.until(condition, ms, this.#options.signal)
  }

  /** Waits until the other side closes: its close_notify, or the end of TCP. */
  untilClosed(): Promise<boolean> {
    return this.until(() => this.isClosedByOther, this.hold)
  }

  /** Waits until the other side ends TCP. */
  untilOver(): Promise<boolean> {
    return this.until(() => this.wire.isOver, this.hold)
  }

  /** Does nothing, whatever the other side does. */
  async idle(): Promise<void> {
    await this.until(() => this.wire.seen.reset !== undefined || this.wire.socket.destroyed, this.hold)
  }

  judge(verdict: Judgement['verdict'], because: string): void {
    this.#judgement = { verdict, because }
  }

  note(did: StepName, { at = performance.now(), bytes }: { readonly at?: number; readonly bytes?: number } = {}): void {
    this.#did.push({ did, at: since(this.#options.began, at), ...(bytes !== undefined && { bytes }) })
  }

  /** Nothing leaves a socket that the other side has reset, or that was let go. */
  #noteSent(did: StepName, bytes?: number): void {
    if (this.wire.socket.writable) this.note(did, bytes === undefined ? {} : { bytes })
  }

  #cut(missing: number): void {
    const bytes = this.wire.ssl.transmit()
    this.wire.raw(bytes.subarray(0, Math.max(0, bytes.length - missing)))
  }

  #check(): void {
    this.#options.signal.throwIfAborted()
  }
}

/** Resolves when a socket takes more, or is gone: after so many ms it is made to go. */
function roomIn(socket: Socket, ms: number): Promise<void> {
  if (!socket.writableNeedDrain || socket.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      socket.off('drain', end)
      socket.off('close', end)
      resolve()
    }
    const timer = setTimeout(() => socket.destroy(), ms)
    socket.on('drain', end)
    socket.on('close', end)
  })
}

function recordOf(forged: Forged): ForgedRecord {
  if ('text' in forged) return { type: 'data', text: forged.text }
  if ('name' in forged) return { type: 'alert', level: 'fatal', name: forged.name }
  switch (forged.did) {
    case 'user_canceled':
      return { type: 'alert', level: 'warning', name: 'user_canceled' }
    case 'close_notify, fatal':
      return { type: 'alert', level: 'fatal', name: 'close_notify' }
    case 'close_notify, in fragments':
      return { type: 'fragmented-alert', level: 'warning', name: 'close_notify' }
    case 'hello_request':
      return { type: 'handshake', message: 'hello_request' }
  }
}
