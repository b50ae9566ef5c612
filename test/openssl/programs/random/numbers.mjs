// Random numbers that a seed repeats.
let state = 0

export function seed(number) {
  state = Math.imul(number, 0x9e3779b1)
}

/** A whole number from 0 on, below that one. */
export function random(below) {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below
}

export const pick = (values) => values[random(values.length)]
export const chance = (oneIn) => random(oneIn) === 0
export const maybe = (oneIn, options) => (chance(oneIn) ? options : {})
