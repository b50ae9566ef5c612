/**
 * The results of a campaign as they come: NDJSON, a header line first, then a line for each result.
 *
 *     {"format":1,"kind":"close-notify-probe","settings":{…}}
 *     {"target":"example.org",…}
 *
 * A line is handed to the system in one write(2), with its newline; append() resolves after that. From then on the line is the
 * system's, and no end of this process can take it away, kill -9 included. fsync(2) would guard it against a power cut as well, at
 * some milliseconds a line on many disks, and what a power cut takes are results of the last seconds, which a resumed
 * campaign gets again. So it is done once, by close().
 *
 * Only the last line can be torn, by a kill in the middle of its write or a full disk: whoever opens the file cuts it
 * off. It was never reported as written.
 */
import { open, realpath } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { ClosureError } from '../../errors.js'
import { invalid, onOneLineOf, shown } from '../../options.js'
import { FingerprintSet } from './fingerprints.js'
import { linesOf } from './lines.js'
import type { Line } from './lines.js'
import { lockFile } from './lock.js'
import type { Lock } from './lock.js'
import { keyOf } from './targets.js'

/** Any result: JSON, and whose it is. */
export interface TargetResult {
  /** As the list has it. */
  readonly target: string
}

export interface Journal<Result extends TargetResult> {
  /** Whether there is a result of this target, or of one that differs only in how its host name is written. */
  has(target: string): boolean
  /** Resolves when the line is written. After one that failed every other fails in the same way. */
  append(result: Result): Promise<void>
  /** Waits for what is being written. A second call is the same as the first. */
  close(): Promise<void>
}

export interface JournalHeader {
  /** What is measured, 'close-notify-probe' for example. */
  readonly kind: string
  /** Whatever the results depend on, as JSON. A campaign is resumed with the same settings only. */
  readonly settings: object
}

export interface JournalFile<Result extends TargetResult> extends Journal<Result> {
  /** How many results the file had when it was opened. */
  readonly resumed: number
  /** How many bytes of a torn line were cut off. */
  readonly cutOff: number
}

const format = 1

/** In bytes; longer ones are not written, so that reading needs no more memory. */
const maxLineLength = 16 * 2 ** 20

/**
 * Opens the journal in a file, and makes the file where there is none. Of the results that it has, the targets are
 * remembered as fingerprints of 64 bits (see FingerprintSet): a million of them need 16 MB. `onResumed` is called with each of
 * them, as the file has it. Until close() no other process can open it.
 *
 * Rejects with a ClosureError: ERR_LAB_JOURNAL_IN_USE where somebody has it open, ERR_LAB_NOT_A_JOURNAL where the file holds something
 * else, or a journal of another kind, and ERR_LAB_JOURNAL_DIFFERS where it was made with other settings. Nothing of
 * the file is changed then. The system's errors come as they are.
 */
export async function openJournal<Result extends TargetResult>(
  file: string,
  header: JournalHeader,
  onResumed: (result: object) => void = () => {},
): Promise<JournalFile<Result>> {
  const canonical = await canonicalPath(file)
  const lock = await lockFile(canonical)
  try {
    // Whatever is written goes to the end.
    const handle = await open(canonical, 'a+')
    try {
      const before = await readBack(handle, file, header, onResumed)
      await mend(handle, before, header)
      return new LockedJournal(handle, lock, before)
    } catch (error) {
      await handle.close()
      throw error
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/**
 * The same lines to a stream, stdout for example, which has nothing to resume: has() is always false. The stream stays the
 * caller's, its 'error' too; close() does not end it. append() resolves when the stream has handed the line on, so that a
 * slow reader slows the campaign.
 */
export function journalTo<Result extends TargetResult>(stream: Writable, header: JournalHeader): Journal<Result> {
  const write = (value: object): Promise<void> =>
    new Promise((resolve, reject) => {
      stream.write(lineOf(value), (error) => {
        if (error instanceof Error) reject(error)
        else resolve()
      })
    })
  const headerWritten = write(headerObject(header))
  // Told by the first append() as well, which comes behind it.
  headerWritten.catch(() => {})
  return {
    has: () => false,
    append: write,
    close: () => headerWritten,
  }
}

/** Not the name of a link to it: the lock stands beside the file itself. */
async function canonicalPath(file: string): Promise<string> {
  try {
    return await realpath(file)
  } catch {
    // There is none yet, or what is wrong shows when it is opened.
    return file
  }
}

function headerObject({ kind, settings }: JournalHeader): object {
  return { format, kind, settings }
}

function lineOf(value: object): string {
  return `${JSON.stringify(value)}\n`
}

/** What a file had when it was opened. */
interface Before {
  readonly targets: FingerprintSet
  /** Bytes to keep; 0 where the header is missing. */
  readonly kept: number
  readonly length: number
  /** Whether the last line is whole and lacks its newline alone. */
  readonly lacksNewline: boolean
}

async function readBack(
  handle: FileHandle,
  file: string,
  header: JournalHeader,
  onResumed: (result: object) => void,
): Promise<Before> {
  if (!(await handle.stat()).isFile()) throw notAJournal(file, header, 'something that is no regular file')
  const targets = new FingerprintSet()
  let end = 0
  for await (const line of linesOf(chunksOf(handle), maxLineLength)) {
    end = line.end
    if (!line.isTerminated) return { targets, length: end, ...tornLine(line, targets, file, header, onResumed) }
    if (line.number === 1) {
      checkHeader(line, file, header)
      continue
    }
    const result = resultOf(line)
    if (result === undefined) throw notAJournal(file, header, `a line ${line.number} that is no result`)
    if (!targets.add(keyOf(result.target)))
      throw notAJournal(file, header, `a second result of ${result.target} in line ${line.number}`)
    onResumed(result)
  }
  return { targets, kept: end, length: end, lacksNewline: false }
}

async function* chunksOf(handle: FileHandle): AsyncGenerator<Uint8Array, void, undefined> {
  const chunk = Buffer.allocUnsafe(65_536)
  for (let position = 0; ; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position)
    if (bytesRead === 0) return
    yield chunk.subarray(0, bytesRead)
    position += bytesRead
  }
}

/** A result that lacks its newline alone is kept: an editor may have taken that, and JSON that is cut is never whole. */
function tornLine(
  line: Line,
  targets: FingerprintSet,
  file: string,
  header: JournalHeader,
  onResumed: (result: object) => void,
): Pick<Before, 'kept' | 'lacksNewline'> {
  if (line.number > 1) {
    const result = resultOf(line)
    const isWhole = result !== undefined && targets.add(keyOf(result.target))
    if (isWhole) onResumed(result)
    return isWhole ? { kept: line.end, lacksNewline: true } : { kept: line.start, lacksNewline: false }
  }
  // Somebody's file of one line is not to be lost.
  const isOurs = line.kind === 'whole' && lineOf(headerObject(header)).startsWith(line.bytes.toString())
  if (!isOurs) throw notAJournal(file, header, 'one whose first line is no header')
  return { kept: 0, lacksNewline: false }
}

async function mend(handle: FileHandle, { kept, length, lacksNewline }: Before, header: JournalHeader): Promise<void> {
  if (kept < length) await handle.truncate(kept)
  if (lacksNewline) await writeWhole(handle, Buffer.from('\n'))
  if (kept === 0) await writeWhole(handle, Buffer.from(lineOf(headerObject(header))))
}

function checkHeader(line: Line, file: string, header: JournalHeader): void {
  const found = objectOf(line)
  const kind: unknown = found === undefined ? undefined : Reflect.get(found, 'kind')
  const settings: unknown = found === undefined ? undefined : Reflect.get(found, 'settings')
  if (found === undefined || typeof kind !== 'string' || !isObject(settings)) {
    throw notAJournal(file, header, 'one whose first line is no header')
  }
  const foundFormat: unknown = Reflect.get(found, 'format')
  if (foundFormat !== format) throw notAJournal(file, header, `one of format ${shown(foundFormat)}`)
  if (kind !== header.kind) throw notAJournal(file, header, `one of kind ${onOneLineOf(kind, 60)}`)
  // As the file would have them: what is undefined, for one, is nothing in JSON.
  const own: unknown = JSON.parse(JSON.stringify(header.settings))
  const differences = isObject(own) ? differencesOf(settings, own) : []
  if (differences.length > 0) throw otherSettings(file, differences)
}

function differencesOf(found: object, own: object): readonly string[] {
  const names = new Set([...Object.keys(found), ...Object.keys(own)])
  return [...names].flatMap((name) => {
    const before: unknown = Reflect.get(found, name)
    const now: unknown = Reflect.get(own, name)
    return isDeepStrictEqual(before, now) ? [] : [`${name} was ${textOf(before)} and is ${textOf(now)}`]
  })
}

function textOf(setting: unknown): string {
  return setting === undefined ? 'not set' : onOneLineOf(JSON.stringify(setting))
}

function resultOf(line: Line): TargetResult | undefined {
  const result = objectOf(line)
  return result !== undefined && hasTarget(result) ? result : undefined
}

function hasTarget(result: object): result is TargetResult {
  return 'target' in result && typeof result.target === 'string'
}

function objectOf(line: Line): object | undefined {
  if (line.kind === 'too-long') return undefined
  try {
    const value: unknown = JSON.parse(line.bytes.toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function notAJournal(file: string, { kind }: JournalHeader, received: string): ClosureError {
  return new ClosureError('ERR_LAB_NOT_A_JOURNAL', `Expected ${file} to be a journal of ${kind}, received ${received}`)
}

function otherSettings(file: string, differences: readonly string[]): ClosureError {
  const sentence = `Expected ${file} to be a journal with the same settings, received one with others: ${differences.join('; ')}`
  return new ClosureError('ERR_LAB_JOURNAL_DIFFERS', sentence, { detail: differences })
}

interface Waiting {
  readonly line: Buffer
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

class LockedJournal<Result extends TargetResult> implements JournalFile<Result> {
  readonly resumed: number
  readonly cutOff: number
  readonly #handle: FileHandle
  readonly #lock: Lock
  readonly #targets: FingerprintSet
  /** Lines that come while others are written; they go together, in the next write. */
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #closing: Promise<void> | undefined

  constructor(handle: FileHandle, lock: Lock, { targets, kept, length }: Before) {
    this.#handle = handle
    this.#lock = lock
    this.#targets = targets
    this.resumed = targets.size
    this.cutOff = length - kept
  }

  has(target: string): boolean {
    return this.#targets.has(keyOf(target))
  }

  async append(result: Result): Promise<void> {
    if (this.#closing !== undefined) throw invalid('journal', 'one that is open', 'closed')
    const line = Buffer.from(lineOf(result))
    if (line.length > maxLineLength) throw invalid('result', `at most ${maxLineLength} bytes of JSON`, line.length)
    if (!this.#targets.add(keyOf(result.target))) {
      throw invalid('result.target', 'a target of which there is no result yet', result.target)
    }
    const written = new Promise<void>((resolve, reject) => this.#waiting.push({ line, resolve, reject }))
    this.#writing ??= this.#write()
    await written
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting
      this.#waiting = []
      try {
        // Behind what was torn off by an error no other line may stand.
        if (this.#failure !== undefined) throw this.#failure.error
        await writeWhole(this.#handle, Buffer.concat(lines.map(({ line }) => line)))
        for (const { resolve } of lines) resolve()
      } catch (error) {
        this.#failure ??= { error }
        for (const { reject } of lines) reject(error)
      }
    }
    this.#writing = undefined
  }

  async #close(): Promise<void> {
    try {
      await this.#writing
      await this.#handle.datasync()
    } finally {
      await this.#handle.close()
      await this.#lock.release()
    }
  }
}

/** write(2) may take less than it was given: the rest of a full disk, for example, before the error. */
async function writeWhole(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written)
    written += bytesWritten
  }
}
