/** Forges records in a wire's name: such as no SSL object sends by itself, sealed with its keys and next number. */
import { KeyLog } from '../../tls/keys.js'
import { Session } from '../../tls/records.js'
import { Channel } from '../scenarios/channel.js'
import type { Actor, ForgedRecord } from '../scenarios/types.js'
import type { Tap } from './wire.js'

/**
 * The tap of a wire whose context has `keylog` and one of the cipher suites of `lib/tls/keys.ts`. What the SSL sends
 * behind a forged record is sealed anew, for its number has moved.
 */
export class Forger implements Tap {
  readonly #keys = new KeyLog()
  readonly #outgoing: Channel
  readonly #incoming: Channel

  constructor(side: Actor) {
    const session = new Session(this.#keys)
    this.#outgoing = new Channel(side, session)
    this.#incoming = new Channel(side === 'client' ? 'server' : 'client', session)
  }

  keylog(line: string): void {
    this.#keys.add(line)
  }

  received(bytes: Buffer): void {
    // The randoms and the suite of the peer's hello are needed, and its KeyUpdates.
    this.#incoming.write(bytes)
    this.#incoming.take(0)
  }

  sent(bytes: Buffer): Buffer {
    this.#outgoing.write(bytes)
    return this.#outgoing.take(0).bytes
  }

  /** A record on its way: for `Wire.raw()`. */
  forge(record: ForgedRecord): Buffer {
    this.#outgoing.forge(record)
    return this.#outgoing.take(0).bytes
  }
}
