// The memory that this thread shares with the addon: a call leaves its results there, so that it makes no object.
import { loadEngine } from '../native/addon.js'
import { bufferOf } from '../options.js'
import { type Engine, type Slabs, type SslCalls, statusIndex } from '../native/engine.js'

// 64 KiB, and room for a record more: pump() reads while a whole record fits.
const slabSize = 96 * 1024

/** The most that one read() can give. */
export const maxRead = 64 * 1024

// A view costs more than a close_notify: short ones are kept.
const keptViews = 256
type Views = (Buffer | undefined)[]

function viewOf(slab: Buffer, length: number, kept: Views): Buffer {
  if (length >= keptViews) return slab.subarray(0, length)
  const view = kept[length] ?? slab.subarray(0, length)
  kept[length] = view
  return view
}

/** Fills what a slab holds, and what OpenSSL said of the last call. One for all Ssl objects of a thread. */
export class Memory {
  readonly #calls: SslCalls
  readonly #status: Int32Array
  readonly #output: Buffer
  readonly #plaintext: Buffer
  readonly #outputViews: Views = Array.from({ length: keptViews })
  readonly #plaintextViews: Views = Array.from({ length: keptViews })

  constructor(slabs: Slabs, calls: SslCalls) {
    this.#calls = calls
    this.#status = slabs.status
    this.#output = bufferOver(slabs.output)
    this.#plaintext = bufferOver(slabs.plaintext)
  }

  /**
   * The calls that leave their results here, of one SSL. Whatever might run code of the caller's, as a getter of an
   * argument, comes before: another SSL's call would be made of that one.
   */
  callsOf(ssl: number): SslCalls {
    this.#status[statusIndex.ssl] = ssl
    return this.#calls
  }

  /** The return value of the last call. */
  get value(): number {
    return this.#status[statusIndex.value] ?? 0
  }

  /** SSL_get_error(3) of the last call. */
  get error(): number {
    return this.#status[statusIndex.error] ?? 0
  }

  /** Whether the last call left something in OpenSSL's error queue. */
  get hasQueue(): boolean {
    return this.#status[statusIndex.queue] !== 0
  }

  /** Whether OpenSSL wrote more than the output slab holds. */
  get hasMoreOutput(): boolean {
    return this.#status[statusIndex.outputPending] !== 0
  }

  /** Events of the SSL of the last call that wait to be taken. */
  get events(): number {
    return this.#status[statusIndex.events] ?? 0
  }

  /** Bytes that the SSL of the last call was fed and has not consumed. */
  get inputPending(): number {
    return this.#status[statusIndex.inputPending] ?? 0
  }

  /** How much of the output of the last call lies where it was to be written. */
  get outputLength(): number {
    return this.#status[statusIndex.output] ?? 0
  }

  /** How much of the plaintext of the last call lies where it was to be written. */
  get plaintextLength(): number {
    return this.#status[statusIndex.plaintext] ?? 0
  }

  /** The output slab as far as it is filled: a view. */
  output(): Buffer {
    return viewOf(this.#output, this.outputLength, this.#outputViews)
  }

  /** The plaintext slab as far as it is filled: a view. */
  plaintext(): Buffer {
    return viewOf(this.#plaintext, this.plaintextLength, this.#plaintextViews)
  }

  /** Whether some bytes lie in this memory, where the next call would overwrite them while it reads them. */
  holds(bytes: Uint8Array): boolean {
    const buffer = bufferOf(bytes)
    return buffer === this.#output.buffer || buffer === this.#plaintext.buffer
  }
}

let engine: Engine | undefined
let memory: Memory | undefined

/** The engine, which knows this thread's memory. */
export function engineOfThread(): Engine {
  if (engine !== undefined) return engine
  const loaded = loadEngine()
  // A second copy of this module in the thread shares the memory of the first.
  loaded.slabs ??= setUp(loaded)
  memory = new Memory(loaded.slabs, loaded.calls)
  engine = loaded
  return engine
}

/** This thread's memory. */
export function memoryOfThread(): Memory {
  engineOfThread()
  if (memory === undefined) throw new Error('The engine was loaded without memory')
  return memory
}

// Shared buffers, because nothing can detach those under the addon.
function setUp(loaded: Engine): Slabs {
  const slabs = {
    status: new Int32Array(new SharedArrayBuffer(16 * Int32Array.BYTES_PER_ELEMENT)),
    output: new Uint8Array(new SharedArrayBuffer(slabSize)),
    plaintext: new Uint8Array(new SharedArrayBuffer(slabSize)),
  }
  loaded.setUp(slabs)
  return slabs
}

function bufferOver({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
