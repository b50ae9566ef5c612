/** Follows the frames of a response in HTTP/2, RFC 9113 section 4.1, as far as to know when the stream has ended. */
import type { ResponseReader } from './response.js'
import type { ResponseFacts } from './result.js'

const frameHeader = 9
const types = { data: 0, headers: 1, rst_stream: 3, settings: 4, ping: 6 } as const
const flags = { ack: 1, endStream: 1 } as const
const settingsAck = Buffer.from([0, 0, 0, types.settings, flags.ack, 0, 0, 0, 0])

/** The longest frame whose content is of interest. */
const maxKept = 64

export class H2ResponseReader implements ResponseReader {
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes of a frame's content that are passed over. */
  #skip = 0
  /** The frame that is passed over is the last one of the stream. */
  #isLast = false
  #hasBegun = false
  #ended = false
  #isReset = false

  /** Whether a frame of the stream came: settings come in any case. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  get complete(): boolean {
    return this.#ended
  }

  get facts(): Omit<ResponseFacts, 'bytes'> {
    return { delimitedBy: 'frames', complete: this.#ended && !this.#isReset }
  }

  /** Returns what the protocol has us answer: to settings, to a ping. */
  push(bytes: Buffer): Buffer {
    const answers: Buffer[] = []
    let input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    for (;;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, input.length)
        this.#skip -= skipped
        input = input.subarray(skipped)
      }
      if (this.#skip > 0) break
      this.#ended ||= this.#isLast
      if (input.length < frameHeader) break
      const length = input.readUIntBE(0, 3)
      const isShort = length <= maxKept
      if (isShort && input.length < frameHeader + length) break
      const type = input.readUInt8(3)
      const flag = input.readUInt8(4)
      const stream = input.readUInt32BE(5) & 0x7f_ff_ff_ff
      if (type === types.settings && (flag & flags.ack) === 0) answers.push(settingsAck)
      if (type === types.ping && (flag & flags.ack) === 0 && isShort) {
        const content = input.subarray(frameHeader, frameHeader + length)
        answers.push(Buffer.from([0, 0, length, types.ping, flags.ack, 0, 0, 0, 0]), content)
      }
      this.#hasBegun ||= stream === 1
      if (stream === 1 && type === types.rst_stream) this.#isReset = true
      const hasContent = type === types.data || type === types.headers
      this.#isLast =
        this.#ended || (stream === 1 && (type === types.rst_stream || (hasContent && (flag & flags.endStream) !== 0)))
      input = input.subarray(frameHeader)
      this.#skip = length
    }
    this.#rest = Buffer.from(input)
    return Buffer.concat(answers)
  }
}
