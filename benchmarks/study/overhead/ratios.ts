import { median } from 'simple-statistics'

/** Of each round: the side's value by the base's. */
export function ratios(values: readonly number[], base: readonly number[]): readonly number[] {
  return values.flatMap((value, round) => {
    const divisor = base[round]
    return divisor === undefined ? [] : [value / divisor]
  })
}

export function medianOf(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : median([...values])
}
