/** Sums up the stacks that `perf script` prints: a line with the thread, the frames from the inside out, an empty line. */
import { add, noSums, type Place, placeIn, type Sums } from './profile-summary.js'

interface Frame {
  readonly symbol: string
  /** The file that it is in. */
  readonly object: string
}

// As V8 writes its functions down: how it runs them, the name, the file, line and column.
const script = /^\w+:[~^*+']* ?(.*?) ?((?:node:|file:\/\/)\S+):(\d+):\d+$/
const collecting =
  /v8::internal::(?:Heap::(?:CollectGarbage|PerformGarbageCollection)|Scaveng|MarkCompact|IncrementalMarking|Concurrent(?:Marking|Sweeping)|MinorMark|Sweeper|MemoryAllocator|\w*Evacuat|\w*MarkingVisitor)/
const compiling = /v8::internal::(?:compiler::|OptimizingCompileDispatcher|OptimizedCompilationJob|baseline::|maglev::)/

export class StackReader {
  readonly #mainThread: number
  readonly #time: number
  readonly #sums = noSums()
  #thread = Number.NaN
  #frames: Frame[] = []

  /** Each stack stands for so much time. */
  constructor(mainThread: number, time: number) {
    this.#mainThread = mainThread
    this.#time = time
  }

  read(line: string): void {
    const frame = /^\s+[0-9a-f]+ (.*) \(([^()]*)\)$/.exec(line)
    if (frame !== null) this.#frames.push({ symbol: frame[1] ?? '', object: frame[2] ?? '' })
    else if (line.trim() === '') this.#finish()
    else this.#thread = Number(line)
  }

  end(): Sums {
    this.#finish()
    return this.#sums
  }

  #finish(): void {
    const frames = this.#frames
    this.#frames = []
    if (frames.length === 0) return
    add(this.#sums, this.#thread === this.#mainThread ? placeOf(frames) : placeOfThread(frames), this.#time)
  }
}

function placeOf(frames: readonly Frame[]): Place {
  const at = frames.findIndex(({ symbol }) => script.test(symbol))
  const natives = at === -1 ? frames : frames.slice(0, at)
  if (natives.some(({ symbol }) => collecting.test(symbol))) return { kind: 'gc', name: 'on the main thread' }
  const caller = at === -1 ? undefined : scriptPlace(frames[at])
  if (at === 0 && caller !== undefined) return caller
  // OpenSSL calls the addon too, without any JavaScript between, and the addon calls Node from there.
  const node = natives.findIndex(({ symbol }) => symbol.startsWith('node::'))
  const inner = node === -1 ? natives : natives.slice(0, node)
  const own = inner.find(({ object }) => object.endsWith('close_notify.node'))
  const known = own ?? natives.find(({ symbol }) => /^(?:node::|uv_)/.test(symbol))
  const name = shortened(known?.symbol ?? (caller === undefined ? (natives[0]?.symbol ?? '') : 'V8'))
  const whole = caller === undefined ? name : `${name} < ${caller.name}`
  if (own !== undefined || caller?.kind === 'ours') return { kind: 'ours native', name: whole }
  return { kind: caller === undefined ? 'outside' : 'native', name: whole }
}

function placeOfThread(frames: readonly Frame[]): Place {
  const isIn = (pattern: RegExp): boolean => frames.some(({ symbol }) => pattern.test(symbol))
  if (isIn(compiling)) return { kind: 'threads', name: 'compiling' }
  return { kind: 'threads', name: isIn(collecting) ? 'collecting garbage' : 'all else' }
}

function scriptPlace(frame: Frame | undefined): Place | undefined {
  const found = script.exec(frame?.symbol ?? '')
  return found === null ? undefined : placeIn(found[2] ?? '', Number(found[3]), found[1] ?? '')
}

/** A name of C++ without its parameters. */
function shortened(symbol: string): string {
  return symbol.replaceAll('(anonymous namespace)::', '').replace(/\(.*$/, '')
}
