/** What is on a roll knows its neighbours there. */
export interface OnRoll<Item> {
  before: Item | undefined
  after: Item | undefined
  isOn: boolean
}

/**
 * Things that come and go all the time, as connections do, in the order in which they came. To put one there and to take it
 * away costs a few stores, where a Map or a Set hashes and grows; each may be on one roll only. The walk along it may take
 * away any of them.
 */
export class Roll<Item extends OnRoll<Item>> {
  #first: Item | undefined
  #last: Item | undefined

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  add(item: Item): void {
    if (item.isOn) return
    item.isOn = true
    item.before = this.#last
    item.after = undefined
    if (this.#last === undefined) this.#first = item
    else this.#last.after = item
    this.#last = item
  }

  /** Does nothing where it is not there. Whoever stands at it walks on from it. */
  remove(item: Item): void {
    if (!item.isOn) return
    item.isOn = false
    if (item.before === undefined) this.#first = item.after
    else item.before.after = item.after
    if (item.after === undefined) this.#last = item.before
    else item.after.before = item.before
  }

  *[Symbol.iterator](): Generator<Item, void, undefined> {
    for (let item = this.#first; item !== undefined; item = item.after) if (item.isOn) yield item
  }
}
