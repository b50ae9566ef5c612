/** The sum of a sampled profile: what a process spent, of time or memory, by whose code it was and by function. */

/** Whose code a sample was in. */
export type Kind = (typeof kinds)[number]

/**
 * - `ours`: JavaScript of this package.
 * - `ours native`: functions without JavaScript that it called: the addon's, Node's and V8's own.
 * - `node`: JavaScript of Node's.
 * - `program`: JavaScript of the benchmark.
 * - `gc`: garbage collection on the main thread, whoever made the garbage.
 * - `native`: all other native code that JavaScript called.
 * - `outside`: native code of the main thread that no JavaScript has called, where most of a handshake is.
 * - `threads`: all other threads, which collect garbage and compile.
 */
export const kinds = ['ours', 'ours native', 'node', 'program', 'gc', 'native', 'outside', 'threads'] as const

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: CallFrame
  readonly children?: readonly number[]
}

/** A profile as the inspector gives it. */
export interface Profile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds between a sample and the one before. */
  readonly timeDeltas: readonly number[]
}

/** Allocations as the inspector gives them: a tree of callers, with the bytes that each has made itself. */
export interface AllocationNode {
  readonly callFrame: CallFrame
  readonly selfSize: number
  readonly children: readonly AllocationNode[]
}

/** Microseconds of self time, or bytes, of each kind and of each of its functions. */
export type Sums = ReadonlyMap<Kind, ReadonlyMap<string, number>>

/**
 * A sample lasts until the next. One that seems to last longer than this, in microseconds, belongs to a process that
 * the machine has kept from running meanwhile, and is cut.
 */
const longestSample = 1000

export function summarizeProfile({ nodes, samples, timeDeltas }: Profile): MutableSums {
  const callers = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)))
  const places = new Map(nodes.map((node) => [node.id, placeOf(node.callFrame, callers.get(node.id)?.callFrame)]))
  const sums = noSums()
  for (const [at, id] of samples.entries()) {
    const place = places.get(id)
    if (place === undefined) continue
    const time = Math.min(Math.max(timeDeltas[at + 1] ?? 0, 0), longestSample)
    add(sums, place, time)
  }
  return sums
}

export function summarizeAllocations(root: AllocationNode): Sums {
  const sums = noSums()
  const visit = (node: AllocationNode, caller: CallFrame | undefined): void => {
    const place = placeOf(node.callFrame, caller)
    if (node.selfSize > 0) add(sums, place ?? { kind: 'native', name: node.callFrame.functionName }, node.selfSize)
    for (const child of node.children) visit(child, node.callFrame)
  }
  visit(root, undefined)
  return sums
}

/** The same for one of so many. */
export function sharesOf(sums: Sums, count: number): Sums {
  const share = (all: ReadonlyMap<string, number>) => new Map([...all].map(([name, amount]) => [name, amount / count]))
  return new Map([...sums].map(([kind, functions]) => [kind, share(functions)]))
}

/** The amount of a kind as a whole. */
export function totalOf(sums: Sums, kind: Kind): number {
  return [...(sums.get(kind)?.values() ?? [])].reduce((sum, amount) => sum + amount, 0)
}

/** How much more each function takes on one side than on another, over all samples. */
export class FunctionDifferences {
  readonly #sums = noSums()
  #samples = 0

  add(changed: Sums, plain: Sums): void {
    this.#samples++
    for (const kind of kinds) {
      for (const [name, amount] of changed.get(kind) ?? []) add(this.#sums, { kind, name }, amount)
      for (const [name, amount] of plain.get(kind) ?? []) add(this.#sums, { kind, name }, -amount)
    }
  }

  /** The largest, a line each. */
  list(): string {
    return kinds
      .flatMap((kind) =>
        [...(this.#sums.get(kind) ?? [])]
          .sort(([, a], [, b]) => b - a)
          .slice(0, kind === 'ours' ? 15 : 10)
          .filter(([, amount]) => amount > 0)
          .map(([name, amount]) => `\n  ${(amount / this.#samples).toFixed(2).padStart(8)}  ${kind}: ${name}`),
      )
      .join('')
  }
}

export type MutableSums = Map<Kind, Map<string, number>>

export function noSums(): MutableSums {
  return new Map(kinds.map((kind) => [kind, new Map<string, number>()]))
}

export function add(sums: MutableSums, { kind, name }: Place, amount: number): void {
  const ofKind = sums.get(kind)
  ofKind?.set(name, (ofKind.get(name) ?? 0) + amount)
}

export interface Place {
  readonly kind: Kind
  readonly name: string
}

/** The place of a function with its caller; undefined while no JavaScript runs. */
function placeOf({ functionName, url, lineNumber }: CallFrame, caller: CallFrame | undefined): Place | undefined {
  // Node tells V8 that it is idle until JavaScript is entered, also while OpenSSL is at work on what has come.
  if (['(idle)', '(root)', '(program)'].includes(functionName)) return undefined
  if (functionName === '(garbage collector)') return { kind: 'gc', name: functionName }
  if (url !== '') return placeIn(url, lineNumber + 1, functionName)
  const from = caller === undefined ? undefined : placeIn(caller.url, caller.lineNumber + 1, caller.functionName)
  return placeBelow(from, functionName)
}

/** The place of a function of JavaScript. */
export function placeIn(url: string, line: number, functionName: string): Place {
  const shown = functionName === '' ? '(anonymous)' : functionName
  const file = fileOfOurs(url)
  if (file !== undefined) return { kind: 'ours', name: `${file}:${line} ${shown}` }
  return url.startsWith('node:') ? { kind: 'node', name: `${url}:${line} ${shown}` } : { kind: 'program', name: shown }
}

/** The place of a function without JavaScript that was called from there. */
function placeBelow(caller: Place | undefined, functionName: string): Place {
  if (caller?.kind !== 'ours') return { kind: 'native', name: functionName }
  return { kind: 'ours native', name: `${functionName} < ${caller.name}` }
}

function fileOfOurs(url: string): string | undefined {
  return /\/dist\/lib\/(.+)$/.exec(url)?.[1]
}
