// The forms of tls.connect(): what may stand before its options.
import { invalid } from '../options.js'

/** Called at 'secureConnect'. */
export type ConnectListener = () => void

export interface ConnectArguments {
  /** Those of the options, and of what stood before them where the options do not name it. */
  readonly options: object
  readonly listener: ConnectListener | undefined
}

/**
 * Takes `(options)`, `(port, host, options)` or `(path, options)`, each with a listener behind it. The host and the
 * options may be left out.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT
 */
export function connectArguments(all: readonly unknown[]): ConnectArguments {
  const last = all.at(-1)
  const listener = isListener(last) ? last : undefined
  const [first, ...rest] = listener === undefined ? all : all.slice(0, -1)
  const target = targetOf(first)
  const host = target !== undefined && 'port' in target ? takeHost(rest) : undefined
  const given = target === undefined ? first : rest.shift()
  const options = given === undefined ? {} : given
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options)
  const surplus = rest.find((each) => each !== undefined)
  if (surplus !== undefined) throw invalid('listener', 'a function, and nothing behind the options but that,', surplus)
  return { options: { ...target, ...(host !== undefined && { host }), ...options }, listener }
}

// Node takes a port as text too.
function targetOf(first: unknown): { readonly port: number } | { readonly path: string } | undefined {
  if (typeof first === 'number') return { port: first }
  if (typeof first !== 'string') return undefined
  return /^\d+$/.test(first) ? { port: Number(first) } : { path: first }
}

function takeHost(rest: unknown[]): string | undefined {
  const [host, ...behind] = rest
  const isHost = typeof host === 'string' || (host === undefined && behind.length > 0)
  if (!isHost) return undefined
  rest.shift()
  return host
}

function isListener(value: unknown): value is ConnectListener {
  return typeof value === 'function'
}
