// The habits of many peers, by key: the ones that were heard of last, within a bound.
import { Habit, type Patience } from './habit.js'

/** A peer in the line of those that were heard of: a Map alone takes long to find its oldest. */
interface Entry {
  readonly key: string
  readonly habit: Habit
  older: Entry | undefined
  newer: Entry | undefined
}

export class Habits {
  /** Forgotten, for others came. */
  evicted = 0
  readonly #most: number
  readonly #byKey = new Map<string, Entry>()
  #oldest: Entry | undefined
  #newest: Entry | undefined

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Habit | undefined {
    return this.#byKey.get(key)?.habit
  }

  /** The habit of a peer of which something was seen. */
  heardOf(key: string, patience: Patience): Habit {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return this.add(key, Habit.unknown(patience))
    this.#takeOut(entry)
    this.#putLast(entry)
    return entry.habit
  }

  /** Adds a peer that is not there. */
  add(key: string, habit: Habit): Habit {
    const entry: Entry = { key, habit, older: undefined, newer: undefined }
    this.#byKey.set(key, entry)
    this.#putLast(entry)
    if (this.#byKey.size > this.#most && this.#oldest !== undefined) {
      this.#byKey.delete(this.#oldest.key)
      this.#takeOut(this.#oldest)
      this.evicted++
    }
    return habit
  }

  clear(): void {
    this.#byKey.clear()
    this.#oldest = undefined
    this.#newest = undefined
  }

  /** Those heard of last come last. */
  *entries(): Generator<readonly [string, Habit]> {
    for (let entry = this.#oldest; entry !== undefined; entry = entry.newer) yield [entry.key, entry.habit]
  }

  #putLast(entry: Entry): void {
    entry.older = this.#newest
    entry.newer = undefined
    if (this.#newest === undefined) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  #takeOut({ older, newer }: Entry): void {
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
  }
}
