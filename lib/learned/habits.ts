// The habits of many peers, by key: the ones that were heard of last, within a bound.
import { Habit, type Patience } from './habit.js'

export class Habits {
  /** Forgotten, for others came. */
  evicted = 0
  readonly #most: number
  // In the order in which they were heard of.
  readonly #byKey = new Map<string, Habit>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Habit | undefined {
    return this.#byKey.get(key)
  }

  /** The habit of a peer of which something was seen. */
  heardOf(key: string, patience: Patience): Habit {
    const habit = this.#byKey.get(key) ?? Habit.unknown(patience)
    this.put(key, habit)
    return habit
  }

  put(key: string, habit: Habit): void {
    this.#byKey.delete(key)
    this.#byKey.set(key, habit)
    if (this.#byKey.size <= this.#most) return
    for (const oldest of this.#byKey.keys()) {
      this.#byKey.delete(oldest)
      this.evicted++
      return
    }
  }

  clear(): void {
    this.#byKey.clear()
  }

  /** Those heard of last come last. */
  entries(): Iterable<[string, Habit]> {
    return this.#byKey.entries()
  }
}
