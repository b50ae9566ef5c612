/** A server's side of a connection: requests come, responses go, and somebody has to close. */
import type { Acts } from './acts.js'
import { type BodyBytes, bodyPieces, type Framing, type PeerRequest, type RequestReader, responseHead } from './http.js'

export interface ServingOptions {
  readonly acts: Acts
  readonly reader: RequestReader
  readonly framing: Framing
  /** Bytes of a response's body. */
  readonly body: number
  readonly bytesOf: BodyBytes
  /** The bytes of a body before which a profile cuts. */
  readonly cut: number
  /** ms after which a client that asks nothing is sent bytes all the same. */
  readonly patience: number
}

/** Who has to close: the client has begun; it is on us; or nothing came for a while. */
type Turn = 'client closes' | 'we close' | 'idle'

export class Serving {
  readonly acts: Acts
  readonly cut: number
  readonly body: number
  readonly framing: Framing
  readonly #options: ServingOptions
  #sentUnasked = false
  #requests = 0

  constructor(options: ServingOptions) {
    this.acts = options.acts
    this.cut = options.cut
    this.body = options.body
    this.framing = options.framing
    this.#options = options
  }

  /**
   * Answers requests until the client closes, or a response has to end the connection: because the client asks for it,
   * or because nothing else ends its body. With `idle` also until nothing came for so many ms behind a response.
   */
  async serve({ idle }: { readonly idle?: number } = {}): Promise<Turn> {
    for (;;) {
      const request = await this.#next(this.#requests > 0 ? idle : undefined)
      if (request === 'closed') return 'client closes'
      if (request === 'idle') return 'idle'
      if (request === 'no http') {
        await this.#sendUnasked(this.body)
        continue
      }
      const keepAlive = this.framing !== 'close' && !request.wantsClose
      await this.#respond(request, { keepAlive })
      if (!keepAlive) return 'we close'
    }
  }

  /**
   * Answers one request, after which it is on us to close; with `upTo` only so many bytes of the body. False where the
   * client closed before.
   */
  async serveOnce({ upTo }: { readonly upTo?: number } = {}): Promise<boolean> {
    const request = await this.#next(undefined)
    if (request === 'closed' || request === 'idle') return false
    if (request === 'no http') await this.#sendUnasked(upTo ?? this.body)
    else await this.#respond(request, { keepAlive: false, ...(upTo !== undefined && { upTo }) })
    return true
  }

  async #next(idle: number | undefined): Promise<PeerRequest | 'no http' | 'closed' | 'idle'> {
    const { acts, reader, patience } = this.#options
    const isOther = () => reader.isOther && !this.#sentUnasked
    const isDecided = () => reader.hasRequest || isOther() || acts.isClosedByOther
    if (this.#requests === 0 && !this.#sentUnasked) {
      const hasCome = await acts.until(() => isDecided() || acts.wire.seen.bytes > 0, Math.min(patience, acts.hold))
      if (!hasCome) return 'no http'
    }
    await acts.until(isDecided, idle ?? acts.hold)
    const request = reader.take()
    if (request !== undefined) {
      this.#requests += 1
      acts.note('request', { bytes: request.bytes })
      return request
    }
    if (isOther()) return 'no http'
    return acts.isClosedByOther ? 'closed' : 'idle'
  }

  async #respond(
    { method }: PeerRequest,
    { keepAlive, upTo }: { readonly keepAlive: boolean; readonly upTo?: number },
  ): Promise<void> {
    const { acts, framing, body, bytesOf } = this.#options
    const head = responseHead({ framing, body, keepAlive })
    const isPart = upTo !== undefined && (upTo < body || framing !== 'content-length')
    const pieces = method === 'HEAD' ? [] : bodyPieces(framing, { body, bytesOf, upTo })
    await acts.data(prepended(head, pieces), isPart ? 'part of a response' : 'response')
  }

  async #sendUnasked(bytes: number): Promise<void> {
    this.#sentUnasked = true
    await this.acts.data(bodyPieces('close', { body: bytes, bytesOf: this.#options.bytesOf }))
  }
}

function* prepended(head: Buffer, pieces: Iterable<Buffer>): Generator<Buffer, void> {
  yield head
  yield* pieces
}
