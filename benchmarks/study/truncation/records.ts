/** The records of a TLS stream, as whoever is on the way sees them: their headers are never encrypted. */

export interface WireRecord {
  readonly type: number
  /** With its header of five bytes. */
  readonly length: number
}

/** The type that TLS 1.3 gives to every encrypted record. */
export const applicationData = 23

const headerLength = 5

/** Splits a stream into records. */
export class RecordSplitter {
  #pending = Buffer.alloc(0)

  /** Returns the records that are complete now. */
  push(bytes: Buffer): Buffer[] {
    this.#pending = Buffer.concat([this.#pending, bytes])
    const records: Buffer[] = []
    for (;;) {
      if (this.#pending.length < headerLength) return records
      const length = headerLength + this.#pending.readUInt16BE(3)
      if (this.#pending.length < length) return records
      records.push(this.#pending.subarray(0, length))
      this.#pending = this.#pending.subarray(length)
    }
  }
}

/** The response within what a server has sent. */
export interface Layout {
  /** Records of type application data before the response: in TLS 1.3 those of the handshake, and the tickets. */
  readonly skipped: number
  /** The length of each record of the response; the last one is close_notify. */
  readonly response: readonly number[]
}

/** The response begins `before` bytes behind the beginning of the stream; undefined where no record begins there. */
export function layoutOf(records: readonly WireRecord[], before: number): Layout | undefined {
  let offset = 0
  let index = 0
  let skipped = 0
  for (const record of records) {
    if (offset >= before) break
    offset += record.length
    index += 1
    if (record.type === applicationData) skipped += 1
  }
  if (offset !== before) return undefined
  return { skipped, response: records.slice(index).map((record) => record.length) }
}

/** The offsets at which records of the response end. */
export function boundariesOf({ response }: Layout): readonly number[] {
  let end = 0
  return response.map((length) => (end += length))
}

export function totalOf({ response }: Layout): number {
  return response.reduce((sum, length) => sum + length, 0)
}
