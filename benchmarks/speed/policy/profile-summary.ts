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
 */
export const kinds = ['ours', 'ours native', 'node', 'program', 'gc', 'native'] as const

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

export function summarizeProfile({ nodes, samples, timeDeltas }: Profile): Sums {
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
    const counts = [['ours', 15] as const, ['ours native', 10] as const, ['node', 10] as const, ['native', 5] as const]
    return counts
      .flatMap(([kind, count]) =>
        [...(this.#sums.get(kind) ?? [])]
          .sort(([, a], [, b]) => b - a)
          .slice(0, count)
          .map(([name, amount]) => `\n  ${(amount / this.#samples).toFixed(2).padStart(8)}  ${kind}: ${name}`),
      )
      .join('')
  }
}

type MutableSums = Map<Kind, Map<string, number>>

function noSums(): MutableSums {
  return new Map(kinds.map((kind) => [kind, new Map<string, number>()]))
}

function add(sums: MutableSums, { kind, name }: Place, amount: number): void {
  const ofKind = sums.get(kind)
  ofKind?.set(name, (ofKind.get(name) ?? 0) + amount)
}

interface Place {
  readonly kind: Kind
  readonly name: string
}

/** The place of a function and its caller; undefined while no JavaScript runs. */
function placeOf({ functionName, url, lineNumber }: CallFrame, caller: CallFrame | undefined): Place | undefined {
  // Node tells V8 that it is idle until JavaScript is entered, also while OpenSSL is at work on what has come.
  if (['(idle)', '(root)', '(program)'].includes(functionName)) return undefined
  if (functionName === '(garbage collector)') return { kind: 'gc', name: functionName }
  const shown = nameOf(functionName)
  const file = fileOfOurs(url)
  if (file !== undefined) return { kind: 'ours', name: `${file}:${lineNumber + 1} ${shown}` }
  if (url.startsWith('node:')) return { kind: 'node', name: `${url}:${lineNumber + 1} ${shown}` }
  if (url !== '') return { kind: 'program', name: shown }
  const from = caller === undefined ? undefined : fileOfOurs(caller.url)
  if (caller === undefined || from === undefined) return { kind: 'native', name: shown }
  return { kind: 'ours native', name: `${shown} < ${from}:${caller.lineNumber + 1} ${nameOf(caller.functionName)}` }
}

function nameOf(functionName: string): string {
  return functionName === '' ? '(anonymous)' : functionName
}

function fileOfOurs(url: string): string | undefined {
  return /\/dist\/lib\/(.+)$/.exec(url)?.[1]
}
