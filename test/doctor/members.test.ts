/** The doctor finds each undocumented member on the Node that runs here, and misses each that is not there or is another thing. */
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Internal, Specimen } from '../../lib/doctor/internal.js'
import { internals } from '../../lib/doctor/internals.js'
import { isFinding, lackOn, lookForMembers } from '../../lib/doctor/members.js'
import { showSpecimens } from '../../lib/doctor/specimens.js'
import { certificate } from '../support/certificate.js'

const expected = internals.filter(({ optional, member }) => optional !== true || member in Writable)

test('each is found on a Node of a line that was tried', async () => {
  const { members, failures } = await lookForMembers(certificate)
  expect(failures).toEqual([])
  expect(members.filter(({ lack }) => lack !== undefined)).toEqual([])
  expect(members.map(({ internal }) => internal)).toEqual(expected)
})

// As it came within Node 26, after ten versions without it.
test.each([
  ['absent', {}, false, 'not there (Writable)'],
  ['there', { writeKnownBuffer: () => true }, true, undefined],
  ['another thing', { writeKnownBuffer: 1 }, true, 'number (Writable), where function was expected'],
] as const)('one that a Node may be without: %s', (_name, holder, isTold, lack) => {
  const internal = internals.find(({ member }) => member === 'writeKnownBuffer')
  if (internal === undefined) throw new Error('Expected it on the list')
  expect(lackOn(holder, 'Writable', internal)).toBe(lack)
  expect(isFinding({ internal, lack })).toBe(isTold)
  const { optional, ...needed } = internal
  expect(optional).toBe(true)
  expect(isFinding({ internal: needed, lack })).toBe(true)
})

describe('each, while the connection stands that it is looked for on', () => {
  const hidden = new Map<Internal, readonly (string | undefined)[]>()
  const changed = new Map<Internal, readonly (string | undefined)[]>()

  beforeAll(async () => {
    const add = (to: Map<Internal, readonly (string | undefined)[]>, internal: Internal, lack: string | undefined) =>
      void to.set(internal, [...(to.get(internal) ?? []), lack])
    await showSpecimens(certificate, (specimen, object) => {
      for (const internal of internalsOn(specimen)) {
        add(hidden, internal, lackOn(without(object, internal.member), specimen, internal))
        add(changed, internal, lackOn(withAnother(object, internal.member), specimen, internal))
      }
    })
  })
  afterAll(() => {
    hidden.clear()
    changed.clear()
  })

  test.each(expected.map((internal) => [`${internal.member} of ${internal.of}`, internal] as const))(
    '%s is missed where it is not there',
    (_name, internal) => {
      const lacks = hidden.get(internal) ?? []
      expect(lacks).toHaveLength(internal.on.length)
      for (const lack of lacks) expect(lack).toMatch(/^not there/)
    },
  )

  test('what has another type is missed', () => {
    const typed = expected.filter(({ as }) => !['any', 'symbol', 'listener'].includes(as))
    expect(typed.length).toBeGreaterThan(40)
    for (const internal of typed) {
      for (const lack of changed.get(internal) ?? []) expect(lack, internal.member).toMatch(/where \w+ was expected$/)
    }
  })
})

function internalsOn(specimen: Specimen): readonly Internal[] {
  return expected.filter(({ on }) => on.includes(specimen))
}

/** The object as it is on a Node that has dropped or renamed the member. */
function without(object: unknown, member: string): unknown {
  if (!isHolder(object)) return object
  return new Proxy(heirOf(object), {
    has: (_heir, key) => key !== member && Reflect.has(object, key),
    ownKeys: () => Reflect.ownKeys(object).filter((key) => descriptionOf(key) !== member),
    // Without the proxy as the receiver: what is native looks whether it is its own.
    get: (_heir, key): unknown => (key === 'listeners' ? () => [] : Reflect.get(object, key)),
  })
}

function withAnother(object: unknown, member: string): unknown {
  if (!isHolder(object)) return object
  return new Proxy(heirOf(object), {
    has: (_heir, key) => Reflect.has(object, key),
    get: (_heir, key): unknown => (key === member ? Symbol('another thing') : Reflect.get(object, key)),
  })
}

// A proxy may not deny what its own target has for good.
function heirOf(object: object): object {
  const heir: unknown = Object.create(object)
  return isHolder(heir) ? heir : {}
}

function descriptionOf(key: string | symbol): string | undefined {
  return typeof key === 'symbol' ? key.description : key
}

function isHolder(object: unknown): object is object {
  return (typeof object === 'object' && object !== null) || typeof object === 'function'
}
