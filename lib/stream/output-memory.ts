// Memory that OpenSSL encrypts into, used again as soon as the kernel has what was in it: fresh memory costs more than the
// encryption, for its pages are not there yet.

/** Plaintext of a piece: four records, as much as libuv reads at once. */
export const pieceSize = 64 * 1024

// What records add to that, the shortest ones that an extension can ask for included: RFC 6066 section 4.
const room = pieceSize + 16 * 1024
// Below, the copy is cheaper than memory of so many bytes that a full transport would keep.
const smallest = 16 * 1024
// As many as are on their way at a time where several streams write.
const mostKept = 4

const kept: Buffer[] = []

/** Whether a piece of so much plaintext is worth memory of its own. */
export function isLarge(plaintext: number): boolean {
  return plaintext >= smallest
}

/** Memory for a piece; nobody else has it until it is given back, if ever. */
export function takeMemory(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(room)
}

/** Nobody reads it any more. */
export function giveMemory(memory: Buffer): void {
  if (kept.length < mostKept) kept.push(memory)
}
