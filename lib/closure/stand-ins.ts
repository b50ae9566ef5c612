// Functions of ours that stand before methods of Node's objects. Where every connection has one, a single function stands
// before the method of all of them and finds the connection by a slot: functions made for each would cost more than what
// they do, in time and in memory.

/** What a function is that stands somewhere else. */
export type Method = (...args: readonly unknown[]) => unknown

/** Stands before a method; `previous` calls what was there. */
type Wrapper = (previous: (args: readonly unknown[]) => unknown, args: readonly unknown[]) => unknown

/** Puts a function before a method of one object. */
export function wrapMethod(target: object, name: string | symbol, wrapper: Wrapper): void {
  const original: unknown = Reflect.get(target, name)
  if (isMethod(original)) replaceMethod(target, name, wrapped(target, original, wrapper))
}

function wrapped(target: object, original: Method, wrapper: Wrapper): Method {
  return (...args) => wrapper((given) => Reflect.apply(original, target, given), args)
}

function replaceMethod(target: object, name: string | symbol, method: Method): void {
  // A member of the object's own is stored anew, which costs less than to define it.
  if (Object.hasOwn(target, name)) Reflect.set(target, name, method)
  else defineHidden(target, name, method)
}

/** The same; gives what takes it away again, unless somebody has put another one on top: that one is left alone. */
export function wrapRemovably(target: object, name: string, wrapper: Wrapper): () => void {
  return replaceRemovably(target, name, (original) => wrapped(target, original, wrapper))
}

/**
 * Puts a function before a method of one object that is called often: `make` gives it, from what was there. Gives what takes
 * it away again, as {@link wrapRemovably} does.
 */
export function replaceRemovably(target: object, name: string, make: (previous: Method) => Method): () => void {
  const isOwn = Object.hasOwn(target, name)
  const original: unknown = Reflect.get(target, name)
  if (!isMethod(original)) return () => undefined
  const method = make(original)
  replaceMethod(target, name, method)
  return () => {
    if (Reflect.get(target, name) !== method) return
    if (isOwn) Reflect.set(target, name, original)
    else Reflect.deleteProperty(target, name)
  }
}

/** Puts a function before a method that an object has as its own; `act` is given what was there. */
export function standBeforeOwn<Owner extends object>(
  target: object,
  name: string,
  owner: Owner,
  act: StandIn<Owner>,
): void {
  const original: unknown = Reflect.get(target, name)
  if (isMethod(original)) Reflect.set(target, name, (...args: readonly unknown[]) => act(owner, original, args))
}

// A class that extends this one adds its private members to an object of somebody else's.
// eslint-disable-next-line @typescript-eslint/no-extraneous-class
class Host {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: it is what this class is for
    return object
  }
}

/** A place on objects of somebody else's for one of ours. */
export interface Slot<Value extends object> {
  of(target: object): Value | undefined
  put(target: object, value: Value): void
}

/**
 * Makes a slot: a private member, which nobody sees, and which costs a third of a property that is defined. It lies on the
 * object that `hostOf` gives for a target, the target itself by default. Proxies of a target, and what inherits from it,
 * have a slot in common with it where they have a host in common.
 */
export function slotOn<Value extends object>(hostOf: (target: object) => object = itself): Slot<Value> {
  class Kept extends Host {
    #value: Value

    constructor(host: object, value: Value) {
      super(host)
      this.#value = value
    }

    static of(target: object): Value | undefined {
      const host = hostOf(target)
      return #value in host ? host.#value : undefined
    }

    static put(target: object, value: Value): void {
      const host = hostOf(target)
      if (#value in host) host.#value = value
      else new Kept(host, value)
    }
  }
  return Kept
}

function itself(target: object): object {
  return target
}

/** Takes a method's calls, for the object in whose slot `owner` is; `previous` is what would be called without it. */
export type StandIn<Owner extends object> = (owner: Owner, previous: Method, args: readonly unknown[]) => unknown

/** Functions of {@link standIns} that an object has been given. */
export type StandIns = readonly { readonly name: string; readonly descriptor: PropertyDescriptor }[]

/** Takes those away that nobody has put a method of his own on top of: that one is left alone, and what it stands before. */
export function removeStandIns(target: object, placed: StandIns): void {
  // The last one first: an object that loses its newest property stays one that V8 reaches quickly.
  for (const { name, descriptor } of placed.toReversed()) {
    if (Reflect.get(target, name) === descriptor.value) Reflect.deleteProperty(target, name)
  }
}

/**
 * Makes functions that stand before methods of many objects, each with an owner in its slot; gives what puts them there.
 *
 * What they stand before is looked up when it is called: whoever changes the class later is not passed by. Where an object
 * has such a method as its own, a function is made for it alone, for that one has to be kept. They are properties of the
 * object: a prototype between it and its class would cost less, but V8 gives each object that changes its prototype hidden
 * classes of its own for what Node adds later, of a kilobyte each.
 */
export function standIns<Owner extends object>(
  slot: Slot<Owner>,
  acts: Readonly<Record<string, StandIn<Owner>>>,
): (target: object, owner: Owner) => StandIns {
  const ofClass = new WeakMap<object, readonly Shared<Owner>[]>()
  const sharedOf = (above: object): readonly Shared<Owner>[] => {
    const known = ofClass.get(above)
    if (known !== undefined) return known
    const shared = Object.entries(acts)
      .filter(([name]) => isMethod(Reflect.get(above, name)))
      .map(([name, act]) => ({ name, act, descriptor: hidden(methodBefore(above, name, slot, act)) }))
    ofClass.set(above, shared)
    return shared
  }
  // Nearly all objects are of one class.
  let last: object | undefined
  let ofLast: readonly Shared<Owner>[] = []
  return (target, owner) => {
    const above = Reflect.getPrototypeOf(target)
    if (above === null) return []
    if (above !== last) ofLast = sharedOf(above)
    last = above
    for (const { name, act, descriptor } of ofLast) {
      if (Object.hasOwn(target, name)) standBeforeOwn(target, name, owner, act)
      else Reflect.defineProperty(target, name, descriptor)
    }
    return ofLast
  }
}

interface Shared<Owner extends object> {
  readonly name: string
  readonly act: StandIn<Owner>
  readonly descriptor: PropertyDescriptor
}

function methodBefore<Owner extends object>(
  above: object,
  name: string,
  slot: Slot<Owner>,
  act: StandIn<Owner>,
): Method {
  return function (this: object, ...args: readonly unknown[]): unknown {
    const previous: unknown = Reflect.get(above, name)
    if (!isMethod(previous)) return undefined
    const owner = slot.of(this)
    return owner === undefined ? Reflect.apply(previous, this, args) : act(owner, previous, args)
  }
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function'
}

function defineHidden(target: object, name: string | symbol, value: unknown): void {
  Reflect.defineProperty(target, name, hidden(value))
}

function hidden(value: unknown): PropertyDescriptor {
  return { value, configurable: true, writable: true, enumerable: false }
}
