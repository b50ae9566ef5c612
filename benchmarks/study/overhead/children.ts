import type { Child } from '../../support/child.js'

/**
 * Starts processes one after the other, uses them, and ends them, also when one cannot be started. An abort ends them
 * at once, and its reason is what is thrown then.
 */
export async function withChildren<T>(
  starts: readonly (() => Promise<Child>)[],
  signal: AbortSignal,
  use: (children: readonly Child[]) => Promise<T>,
): Promise<T> {
  const children: Child[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop()))
  }
  const onAbort = (): void => void stop()
  signal.addEventListener('abort', onAbort)
  try {
    for (const start of starts) {
      signal.throwIfAborted()
      children.push(await start())
    }
    signal.throwIfAborted()
    return await use(children)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    await stop()
  }
}
