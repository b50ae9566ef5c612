// From the ClientHello to a stream that is secured, or is not: the server's choices, who the peer is, and what waits for that.
import { calledBy, isTelling, tell } from '../closure/story.js'
import type { ClientHello } from '../openssl/index.js'
import type { Callback } from './closable-duplex.js'
import { decideOn } from './client-hello.js'
import type { EngineConnection } from './connection.js'
import { distrustOf } from './handshake.js'
import type { HandshakeFacts } from './handshake-facts.js'
import type { CheckedStreamOptions } from './options.js'
import { asError } from './refusals.js'
import { type Verification, verify } from './verification.js'

export class Securing {
  readonly #stream: HandshakeFacts
  readonly #connection: EngineConnection
  readonly #options: CheckedStreamOptions
  #waiting: (() => void)[] | undefined
  // The callback of a write that waits.
  #kept: Callback | undefined

  constructor(stream: HandshakeFacts, connection: EngineConnection, options: CheckedStreamOptions) {
    this.#stream = stream
    this.#connection = connection
    this.#options = options
  }

  /** Acts once the handshake is done and the peer verified; `kept` is what stop() fails until then. */
  whenDone(act: () => void, kept?: Callback): void {
    if (this.#connection.isSecured) {
      act()
      return
    }
    this.#kept ??= kept
    this.#waiting = [...(this.#waiting ?? []), act]
  }

  helloCame(hello: ClientHello): void {
    decideOn(hello, this.#options, this.#stream, (answer) => this.#connection.answerHello(answer))
  }

  done(): void {
    const { context, rejectUnauthorized } = this.#options
    const verification = this.#verification()
    if (verification === undefined) return
    const { isAuthorized, error } = verification
    const stream = this.#stream
    if (isTelling) tell(stream, `handshake done: ${calledBy(stream, context.side, stream.getProtocol())}`)
    stream.authorized = isAuthorized
    stream.authorizationError = error?.code
    if (error !== undefined && rejectUnauthorized && context.side === 'client') {
      stream.destroy(error)
      return
    }
    try {
      if (context.side === 'client') stream.emit('secureConnect')
      stream.emit('secure')
    } finally {
      const waiting = this.#waiting
      this.#waiting = undefined
      this.#kept = undefined
      for (const act of waiting ?? []) act()
    }
  }

  failed(error: Error): void {
    const { isFreed, ssl } = this.#connection
    const distrust = distrustOf(error, isFreed ? undefined : ssl)
    this.#stream.authorizationError = distrust?.code
    this.#stream.destroy(distrust ?? error)
  }

  /** There will be no secured stream. */
  stop(reason: () => Error): void {
    this.#waiting = undefined
    this.#kept?.(reason())
    this.#kept = undefined
  }

  // Undefined: the check of the program's has failed, and the stream is destroyed, whoever is accepted otherwise.
  #verification(): Verification | undefined {
    const { checkServerIdentity, servername, host } = this.#options
    try {
      return verify(this.#connection.ssl, { host: servername ?? host, checkServerIdentity })
    } catch (error) {
      this.#stream.destroy(asError(error))
      return undefined
    }
  }
}
