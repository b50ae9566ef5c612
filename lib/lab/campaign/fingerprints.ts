import { hash } from 'node:crypto'

/**
 * A set of texts that keeps of each no more than 64 bits of its SHA-256, so that a million of them need 16 MB at most, and no
 * object for each that a garbage collector would have to visit. A Set of a million strings needs about 100 MB.
 *
 * Two texts with the same 64 bits are taken for one: of a million, some pair has them once in 37 million sets (n^2/2^65).
 * For a campaign, one host would then be held for done that is not.
 */
export class FingerprintSet {
  // Open addressing, at most three quarters full. A slot is two numbers; two zeros are an empty one.
  #slots = new Uint32Array(2 * 1024)
  #size = 0

  get size(): number {
    return this.#size
  }

  has(text: string): boolean {
    const [high, low] = fingerprintOf(text)
    return !isFree(this.#slots, slotOf(this.#slots, high, low))
  }

  /** Says whether it is new. */
  add(text: string): boolean {
    const [high, low] = fingerprintOf(text)
    const slot = slotOf(this.#slots, high, low)
    if (!isFree(this.#slots, slot)) return false
    put(this.#slots, slot, high, low)
    this.#size += 1
    if (this.#size * 8 > this.#slots.length * 3) this.#slots = doubled(this.#slots)
    return true
  }
}

function fingerprintOf(text: string): readonly [high: number, low: number] {
  const digest = hash('sha256', text, 'buffer')
  const high = digest.readUInt32LE(0)
  const low = digest.readUInt32LE(4)
  return high === 0 && low === 0 ? [0, 1] : [high, low]
}

/** Where these two numbers are, or the empty slot where they would be. */
function slotOf(slots: Uint32Array, high: number, low: number): number {
  const count = slots.length / 2
  let slot = low % count
  while (!isFree(slots, slot) && !(slots[2 * slot] === high && slots[2 * slot + 1] === low)) slot = (slot + 1) % count
  return slot
}

function isFree(slots: Uint32Array, slot: number): boolean {
  return slots[2 * slot] === 0 && slots[2 * slot + 1] === 0
}

function put(slots: Uint32Array, slot: number, high: number, low: number): void {
  slots[2 * slot] = high
  slots[2 * slot + 1] = low
}

function doubled(slots: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * slots.length)
  for (let slot = 0; slot < slots.length / 2; slot++) {
    if (isFree(slots, slot)) continue
    const high = slots[2 * slot] ?? 0
    const low = slots[2 * slot + 1] ?? 0
    put(larger, slotOf(larger, high, low), high, low)
  }
  return larger
}
