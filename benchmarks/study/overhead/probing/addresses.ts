/** The address of each server: a host of its own, for no two connections to one host are made at the same time. */
export function addressOf(index: number): string {
  return `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`
}
