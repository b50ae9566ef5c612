/** What the cases of the node-suite look at. */
import type { Duplex } from 'node:stream'

/** How a stream has gone, from the call on. */
export interface Watched {
  text: string
  bytes: number
  ended: boolean
  finished: boolean
  error: string | undefined
  /** The argument of 'close'; undefined before. */
  hadError: boolean | undefined
  readonly closed: Promise<void>
}

/** Watches a stream; with `flow` its data is read too. */
export function watch(stream: Duplex, { flow = true } = {}): Watched {
  const watched: Watched = {
    text: '',
    bytes: 0,
    ended: false,
    finished: false,
    error: undefined,
    hadError: undefined,
    closed: new Promise((resolve) => {
      stream.once('close', (hadError: unknown) => {
        watched.hadError = hadError === true
        resolve()
      })
    }),
  }
  if (flow) {
    stream.on('data', (chunk: Buffer | string) => {
      watched.bytes += chunk.length
      if (watched.bytes < 1000) watched.text += String(chunk)
    })
  }
  stream.once('end', () => (watched.ended = true))
  stream.once('finish', () => (watched.finished = true))
  stream.on('error', (error) => (watched.error ??= codeOf(error)))
  return watched
}

/** The code of an error. A stream of ours that was cut has that of the cause behind it. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const code = 'code' in error ? String(error.code) : error instanceof Error ? error.name : 'no error'
  const cause = 'cause' in error && typeof error.cause === 'object' ? error.cause : null
  return code === 'ERR_TLS_TRUNCATED' && cause !== null ? `${code}: ${codeOf(cause)}` : code
}

/** The first value of an event, whatever the others are. 'error' does not reject. */
export function next(emitter: NodeJS.EventEmitter, event: string): Promise<unknown> {
  return new Promise((resolve) => void emitter.once(event, resolve))
}

/** What a call throws, by its code; undefined where it does not. */
export function thrownBy(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return codeOf(error)
  }
}
