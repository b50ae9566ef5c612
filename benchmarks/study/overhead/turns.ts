/** Takes a sample of each name, one after the other, in an order that changes from pair to pair; returns which is whose. */
export async function takeTurns<Name extends string, Sample>(
  names: readonly Name[],
  pair: number,
  take: (name: Name, at: number) => Promise<Sample>,
): Promise<(name: Name) => Sample> {
  const samples = new Map<Name, Sample>()
  for (let at = 0; at < names.length; at++) {
    const name = names[(at + pair) % names.length]
    if (name !== undefined) samples.set(name, await take(name, at))
  }
  return (name) => {
    const sample = samples.get(name)
    if (sample === undefined) throw new Error(`Expected a sample of ${name}`)
    return sample
  }
}
