/** Whether something goes with the garbage. Needs `--expose-gc`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'

export const collectGarbage = exposedGc()

export async function collected(ref: WeakRef<object>): Promise<void> {
  await settled(() => ref.deref() === undefined)
}

/** Collects until something is so. What is never so is a leak. */
export async function settled(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 200; i++) {
    // Out of the turn in which a WeakRef was looked at, which keeps its target.
    await sleep(1)
    collectGarbage()
    await sleep(1)
    if (isSo()) return
  }
  expect(isSo()).toBe(true)
}

function exposedGc(): () => void {
  const gc: unknown = Reflect.get(globalThis, 'gc')
  if (typeof gc !== 'function') throw new Error('These tests need node --expose-gc: vitest.config.ts gives it')
  return () => void Reflect.apply(gc, undefined, [])
}
