/**
 * One closing of one connection, timed.
 *
 * Two times are taken, both from the call, and both are defined alike for all four closings:
 *
 * - **done**: our side has nothing left to send or to wait for: what it sends is with the kernel, what it was asked to
 *   wait for has come or was given up. For `end()` that is the event 'finish' (close_notify and FIN were written), for
 *   the three modes it is the promise of `shutdown()`.
 * - **released**: the event 'close', the file descriptor is gone. Node keeps it until the peer has ended TCP as well,
 * so
 *   that against a silent peer it is released only by a closing that ends its wait by itself.
 *
 * Not timed: `closureOf()`, which is called when the connection opens, and never for `end()`.
 */
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import tls from 'node:tls'
import { closureOf } from '../../../lib/index.js'
import type { Closure, ClosureMode, ClosureReport } from '../../../lib/index.js'
import { certificate } from '../../support/certificate.js'

export const closings = ['end()', 'quiet', 'unidirectional', 'bidirectional'] as const
export type Closing = (typeof closings)[number]

export const peers = ['answers', 'silent'] as const
export type Peer = (typeof peers)[number]

export interface Budgets {
  /** The `waitTimeout` of `shutdown()`, in ms. */
  readonly wait: number
  /** How long 'close' is waited for before the socket is destroyed, in ms from the call. */
  readonly hold: number
}

/** A closing that has begun. Both promises reject when the connection fails or does not end as it should. */
export interface Begun {
  readonly done: Promise<Done>
  /** ms until the file descriptor was gone; undefined when it was still open when `hold` was over. */
  readonly released: Promise<number | undefined>
}

export interface Done {
  readonly ms: number
  /** The verdict of the report; absent for `end()`, which makes none. */
  readonly verdict?: ClosureReport['verdict']
}

/** An open TLS 1.3 connection with nothing on its way in either direction. */
export class Connection {
  readonly #socket: tls.TLSSocket
  readonly #peer: Peer
  readonly #closing: Closing
  readonly #closure: Closure | undefined
  /** Rejects when the socket has an error, at any time. */
  readonly #failed: Promise<never>

  private constructor(socket: tls.TLSSocket, peer: Peer, closing: Closing) {
    this.#socket = socket
    this.#peer = peer
    this.#closing = closing
    this.#closure = closing === 'end()' ? undefined : closureOf(socket)
    this.#failed = new Promise((_resolve, reject) => {
      socket.on('error', (cause: Error) => reject(new Error(this.#describe(`failed: ${cause.message}`), { cause })))
    })
    // An error before the closing begins is found by begin(), one after it is over is none of ours.
    this.#failed.catch(() => {})
  }

  /** Connects, and waits for the byte with which both peers begin. */
  static async open(port: number, peer: Peer, closing: Closing, signal: AbortSignal): Promise<Connection> {
    const options = {
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: certificate,
      minVersion: 'TLSv1.3',
    } as const
    const socket = tls.connect(options).setNoDelay(true)
    try {
      await once(socket, 'data', { signal })
    } catch (error) {
      socket.on('error', () => {})
      socket.destroy()
      throw error
    }
    socket.resume()
    return new Connection(socket, peer, closing)
  }

  /** Begins the closing; once per connection. */
  begin(budgets: Budgets): Begun {
    const socket = this.#socket
    const failed = this.#failed
    if (socket.destroyed || socket.writableEnded) throw new Error(this.#describe('was too late: TCP had ended'))
    let started = 0
    const elapsed = (): number => performance.now() - started

    const released = new Promise<number | undefined>((resolve) => {
      const giveUp = setTimeout(() => {
        resolve(undefined)
        socket.destroy()
      }, budgets.hold)
      socket.once('close', () => {
        clearTimeout(giveUp)
        resolve(elapsed())
      })
    })

    const closure = this.#closure
    const mode = this.#closing
    let done: Promise<Done>
    if (closure === undefined || mode === 'end()') {
      done = new Promise((resolve) => socket.once('finish', () => resolve({ ms: elapsed() })))
      started = performance.now()
      socket.end()
    } else {
      started = performance.now()
      done = closure
        .shutdown({ mode, waitTimeout: budgets.wait })
        .then(({ verdict }) => this.#checked(mode, { ms: elapsed(), verdict }))
    }

    const begun = { done: Promise.race([done, failed]), released: Promise.race([released, failed]) }
    // A caller that awaits only one of them must not hear of the other as unhandled.
    begun.done.catch(() => {})
    begun.released.catch(() => {})
    return begun
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** A closing that ends in another way is another measurement: it must not slip into a sample. */
  #checked(mode: ClosureMode, done: Required<Done>): Done {
    const expected = expectedVerdicts[this.#peer][mode]
    if (expected.includes(done.verdict)) return done
    throw new Error(this.#describe(`ended with the verdict "${done.verdict}", expected "${expected.join('" or "')}"`))
  }

  #describe(what: string): string {
    return (
      `A closing by ${this.#closing}, with a peer that ${this.#peer === 'answers' ? 'answers' : 'stays silent'}, ` +
      what
    )
  }
}

const expectedVerdicts: Readonly<Record<Peer, Readonly<Record<ClosureMode, readonly ClosureReport['verdict'][]>>>> = {
  // Without a delay the peer's close_notify may be there before a unidirectional closing is done.
  answers: { quiet: ['quiet'], unidirectional: ['half-closed', 'clean'], bidirectional: ['clean'] },
  silent: { quiet: ['quiet'], unidirectional: ['half-closed'], bidirectional: ['timed-out'] },
}
