// Functions of ours that stand before methods of Node's objects. Where every connection has one, a single function stands
// before the method of all of them and finds the connection by a slot: functions made for each would cost more than what
// they do, in time and in memory.

type Method = (...args: readonly unknown[]) => unknown

/** Stands before a method; `previous` calls what was there. */
type Wrapper = (previous: (args: readonly unknown[]) => unknown, args: readonly unknown[]) => unknown

/** Puts a function before a method of one object. */
export function wrapMethod(target: object, name: string | symbol, wrapper: Wrapper): void {
  const original: unknown = Reflect.get(target, name)
  if (typeof original !== 'function') return
  const previous = (args: readonly unknown[]): unknown => Reflect.apply(original, target, args)
  const method = (...args: readonly unknown[]): unknown => wrapper(previous, args)
  // A member of the object's own is stored anew, which costs less than to define it.
  if (Object.hasOwn(target, name)) Reflect.set(target, name, method)
  else defineHidden(target, name, method)
}

/** The same; gives what takes it away again, unless somebody has put another one on top: that one is left alone. */
export function wrapRemovably(target: object, name: string, wrapper: Wrapper): () => void {
  const isOwn = Object.hasOwn(target, name)
  const original: unknown = Reflect.get(target, name)
  wrapMethod(target, name, wrapper)
  const method: unknown = Reflect.get(target, name)
  return () => {
    if (Reflect.get(target, name) !== method) return
    if (isOwn) Reflect.set(target, name, original)
    else Reflect.deleteProperty(target, name)
  }
}

/** A place on objects of somebody else's for one of ours. Proxies of the object have it too, and what inherits from it. */
export class Slot<Value extends object> {
  readonly #key = Symbol('close-notify')
  readonly #is: (value: unknown) => value is Value

  constructor(is: (value: unknown) => value is Value) {
    this.#is = is
  }

  of(target: object): Value | undefined {
    const value: unknown = Reflect.get(target, this.#key)
    return this.#is(value) ? value : undefined
  }

  put(target: object, value: Value): void {
    defineHidden(target, this.#key, value)
  }
}

/** Takes a method's calls, for the object in whose slot `owner` is; `previous` is what would be called without it. */
export type StandIn<Owner extends object> = (owner: Owner, previous: Method, args: readonly unknown[]) => unknown

/**
 * Makes one function that stands before a method of many objects, each with an owner in its slot; gives what puts it
 * there. What it stands before is looked up when it is called: whoever changes the class later is not passed by. Where
 * an object has the method as its own, a function is made for it, for that one has to be kept.
 */
export function standIn<Owner extends object>(
  name: string,
  slot: Slot<Owner>,
  act: StandIn<Owner>,
): (target: object, owner: Owner) => void {
  const method = function (this: object, ...args: readonly unknown[]): unknown {
    const previous = beneath(this, name, method)
    const owner = slot.of(this)
    return owner === undefined ? Reflect.apply(previous, this, args) : act(owner, previous, args)
  }
  return (target, owner) => {
    const original: unknown = Reflect.get(target, name)
    if (!isMethod(original)) return
    if (!Object.hasOwn(target, name)) defineHidden(target, name, method)
    else if (original !== method) {
      Reflect.set(target, name, (...args: readonly unknown[]) => act(owner, original, args))
    }
  }
}

// What the object would have without our method, which stands on itself or on one that it inherits from.
function beneath(target: object, name: string, method: Method): Method {
  let holder = Reflect.getPrototypeOf(target)
  while (holder !== null) {
    const found: unknown = Reflect.get(holder, name)
    if (found !== method && isMethod(found)) return found
    holder = Reflect.getPrototypeOf(holder)
  }
  return () => undefined
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function'
}

function defineHidden(target: object, name: string | symbol, value: unknown): void {
  Reflect.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false })
}
