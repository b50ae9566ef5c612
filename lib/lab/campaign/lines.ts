/** One line of a source of bytes. The lines of a source are numbered from 1. */
export type Line = WholeLine | TooLongLine

interface WholeLine extends AnyLine {
  readonly kind: 'whole'
  /** Without the newline. Good until the next line is asked for: it may lie in the memory of the source. */
  readonly bytes: Buffer
}

/** None of its bytes were kept. */
interface TooLongLine extends AnyLine {
  readonly kind: 'too-long'
}

interface AnyLine {
  readonly number: number
  /** Whether a newline ends it. Only the last line of a source may have none. */
  readonly isTerminated: boolean
  /** Where it begins, and where the next one does, in bytes from the beginning of the source. */
  readonly start: number
  readonly end: number
}

const newline = 0x0a

/**
 * Splits a source into lines at each LF. A chunk is asked for when the lines of the one before it were taken, and of a
 * line no more than `maxLength` bytes are held, so that neither a long list nor a long line needs memory. A text is
 * taken as UTF-8; a chunk of text has whole characters. After a last newline there is no further, empty line.
 *
 * node:readline and split2 decode as they read: what is not UTF-8 becomes U+FFFD, and no place in the file is known
 * that could be cut at. readline holds a line of any length, too.
 */
export async function* linesOf(
  source: AsyncIterable<string | Uint8Array>,
  maxLength: number,
): AsyncGenerator<Line, void, undefined> {
  const line = new LineInProgress(maxLength)
  for await (const chunk of source) {
    const bytes = bytesOf(chunk)
    let from = 0
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, from)) {
      yield line.finish(bytes.subarray(from, at), true)
      from = at + 1
    }
    line.keep(bytes.subarray(from))
  }
  if (!line.isEmpty) yield line.finish(Buffer.alloc(0), false)
}

function bytesOf(chunk: string | Uint8Array): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk)
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}

class LineInProgress {
  readonly #maxLength: number
  #parts: Buffer[] = []
  #length = 0
  #number = 1
  #start = 0

  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** Adds the beginning of a line whose end is in a later chunk; a copy, because the source may use its memory again. */
  keep(bytes: Buffer): void {
    this.#length += bytes.length
    if (this.#length > this.#maxLength) this.#parts = []
    else if (bytes.length > 0) this.#parts.push(Buffer.from(bytes))
  }

  finish(rest: Buffer, isTerminated: boolean): Line {
    const length = this.#length + rest.length
    const start = this.#start
    const end = start + length + (isTerminated ? 1 : 0)
    const place = { number: this.#number, isTerminated, start, end }
    const line: Line =
      length > this.#maxLength
        ? { kind: 'too-long', ...place }
        : { kind: 'whole', ...place, bytes: this.#parts.length === 0 ? rest : Buffer.concat([...this.#parts, rest]) }
    this.#parts = []
    this.#length = 0
    this.#number += 1
    this.#start = end
    return line
  }
}
