/**
 * Random numbers that repeat: a test prints its seed and is run again with it.
 *
 *     const random = seededRandom(seed)
 *     random.integer(1, 6)
 *     random.pick(['end', 'destroy'])
 */
export interface SeededRandom {
  /** In [0, 1). */
  next(): number
  /** Both ends included. */
  integer(from: number, to: number): number
  pick<T>(values: readonly [T, ...T[]]): T
  bytes(length: number): Buffer
}

export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  // mulberry32: 32 bits of state that step by a constant, mixed by two multiplications
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    integer,
    pick: (values) => values[integer(0, values.length - 1)] ?? values[0],
    bytes: (length) => Buffer.from(Array.from({ length }, () => integer(0, 255))),
  }
}
