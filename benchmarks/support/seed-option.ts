import { InvalidArgumentError } from 'commander'

/** The value of an option that seeds the order of a run. */
export function seedNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
    throw new InvalidArgumentError('Expected a whole number from 0 to 4294967295.')
  }
  return value
}
