/**
 * Looks names up, as many at a time as there are threads for it. getaddrinfo(3) keeps a thread of libuv's for as long as it
 * takes, ten seconds and more for a name whose servers are dead, and libuv gives half of its threads to such work. Whoever
 * comes then waits, and that is no fault of the name's: so the wait is here, where it can be told from the look-up.
 */
import { lookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import process from 'node:process'

interface LookupOptions {
  readonly family: 4 | 6 | undefined
  /** Ends the wait. A look-up itself cannot be stopped: it ends when it does, and nobody hears of it. */
  readonly signal: AbortSignal
  /** Called when the look-up begins. */
  readonly onBegin: () => void
}

/** @throws what dns.lookup() throws; the reason of the signal, where that aborts before the look-up begins */
export async function lookUp(name: string, { family, signal, onBegin }: LookupOptions): Promise<LookupAddress[]> {
  await threads.take(signal)
  try {
    onBegin()
    return await lookup(name, { all: true, verbatim: true, family: family ?? 0 })
  } finally {
    threads.give()
  }
}

/** So many can be had at a time; who comes first is first. */
class Places {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  /** @throws the reason of the signal */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    const isMine = await new Promise<boolean>((resolve) => {
      const onAbort = (): void => {
        this.#waiting.delete(take)
        resolve(false)
      }
      const take = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve(true)
      }
      this.#waiting.add(take)
      signal.addEventListener('abort', onAbort, { once: true })
    })
    if (!isMine) signal.throwIfAborted()
  }

  give(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free += 1
      return
    }
    this.#waiting.delete(next)
    next()
  }
}

const threads = new Places(threadsOfLookups(process.env['UV_THREADPOOL_SIZE']))

/** Of the threads that libuv has by its manual, those that it gives to slow work. */
function threadsOfLookups(size: string | undefined): number {
  const all = size === undefined ? 4 : Math.min(1024, Math.max(1, Number.parseInt(size, 10) || 1))
  return Math.floor((all + 1) / 2)
}
