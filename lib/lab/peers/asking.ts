/** A client's side of a connection: a request goes, a response comes, and somebody has to close. */
import type { Acts } from './acts.js'
import { HttpResponseReader } from '../probe/response.js'

export interface AskingOptions {
  readonly acts: Acts
  /** As HTTP names it. */
  readonly authority: string
  readonly path: string
  /** ms that a response may take. */
  readonly timeout: number
  /** ms that an answer to what the client does is waited for. */
  readonly wait: number
}

export class Asking {
  readonly acts: Acts
  readonly wait: number
  readonly #options: AskingOptions
  #reader = new HttpResponseReader()

  constructor(options: AskingOptions) {
    this.acts = options.acts
    this.wait = options.wait
    this.#options = options
  }

  /** Of the response: what `HttpResponseReader` has seen of it. */
  get response(): HttpResponseReader {
    return this.#reader
  }

  push(bytes: Buffer): void {
    this.#reader.push(bytes)
  }

  /** Sends a request, which keeps the connection or asks the server to close it. */
  async request(connection: 'keep-alive' | 'close'): Promise<void> {
    const { authority, path } = this.#options
    const head = [
      `GET ${path} HTTP/1.1`,
      `Host: ${authority}`,
      'User-Agent: close-notify-connect',
      'Accept: */*',
      `Connection: ${connection}`,
    ]
    this.#reader = new HttpResponseReader()
    await this.acts.data([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1')], 'request')
  }

  /** Waits until the response is complete, or the server closes. False where neither came in time. */
  untilAnswered(): Promise<boolean> {
    return this.acts.until(() => this.#reader.complete === true || this.acts.isClosedByOther, this.#options.timeout)
  }

  /** Waits until the server closes. False where it did not in time. */
  untilClosed(ms = this.#options.timeout): Promise<boolean> {
    return this.acts.until(() => this.acts.isClosedByOther, ms)
  }

  /** What a client makes of the response that looks at HTTP alone: a body without a length ends with the connection. */
  judgeByFraming(): void {
    const { complete, facts } = this.#reader
    if (complete === true) this.acts.judge('accepted', 'the response is complete by its framing')
    else if (facts.delimitedBy === 'close' && this.acts.isClosedByOther) {
      this.acts.judge('accepted', 'the end of the connection is taken for the end of the body')
    } else this.acts.judge('rejected', 'the response is not complete')
  }

  /** What a client makes of it that insists on close_notify, also of a response that is complete. */
  judgeStrictly(words: string): void {
    const { seen } = this.acts.wire
    if (seen.closeNotifyAt === undefined) this.acts.judge('rejected', words)
    else this.judgeByFraming()
  }
}
