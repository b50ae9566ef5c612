/** The sum of a sampled profile: where a process spent its time, by whose code it was and by function. */

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

/** Microseconds of self time, of each kind and of each of its functions. */
export type Sums = ReadonlyMap<Kind, ReadonlyMap<string, number>>

/**
 * A sample lasts until the next. One that seems to last longer than this, in microseconds, belongs to a process that
 * the machine has kept from running meanwhile, and is cut.
 */
const longestSample = 1000

export function summarizeProfile({ nodes, samples, timeDeltas }: Profile): Sums {
  const callers = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)))
  const places = new Map(nodes.map((node) => [node.id, placeOf(node.callFrame, callers.get(node.id)?.callFrame)]))
  const sums = new Map(kinds.map((kind) => [kind, new Map<string, number>()]))
  for (const [at, id] of samples.entries()) {
    const place = places.get(id)
    if (place === undefined) continue
    const time = Math.min(Math.max(timeDeltas[at + 1] ?? 0, 0), longestSample)
    const ofKind = sums.get(place.kind)
    ofKind?.set(place.name, (ofKind.get(place.name) ?? 0) + time)
  }
  return sums
}

/** The time of a kind as a whole. */
export function totalOf(sums: Sums, kind: Kind): number {
  return [...(sums.get(kind)?.values() ?? [])].reduce((sum, time) => sum + time, 0)
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
  const shown = functionName === '' ? '(anonymous)' : functionName
  const file = fileOfOurs(url)
  if (file !== undefined) return { kind: 'ours', name: `${file}:${lineNumber + 1} ${shown}` }
  if (url.startsWith('node:')) return { kind: 'node', name: `${url}:${lineNumber + 1} ${shown}` }
  if (url !== '') return { kind: 'program', name: shown }
  const from = caller === undefined ? undefined : fileOfOurs(caller.url)
  if (caller === undefined || from === undefined) return { kind: 'native', name: shown }
  return { kind: 'ours native', name: `${shown} < ${from}:${caller.lineNumber + 1} ${caller.functionName}` }
}

function fileOfOurs(url: string): string | undefined {
  return /\/dist\/lib\/(.+)$/.exec(url)?.[1]
}
