/** An error about a wrong value says of it what fits into a line, whatever it is and wherever it was given. */
import { EventEmitter } from 'node:events'
import { createServer as createTcpServer, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { createServer as createTlsServer, TLSSocket } from 'node:tls'
import { afterAll, describe, expect, test } from 'vitest'
import { ClosureError } from '../../lib/errors.js'
import * as closure from '../../lib/index.js'
import * as lab from '../../lib/lab/index.js'
import { checkScenarios } from '../../lib/lab/scenarios/check.js'
import * as openssl from '../../lib/openssl/index.js'
import * as stream from '../../lib/stream/index.js'
import { onOneLineOf, shown } from '../../lib/options.js'

// Behind so much of each value, or inside of it, that no message may come to it.
const inside = 'INSIDE'
const long = `first\nsecond ${'x'.repeat(20_000)}${inside}`
const fields = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`field${index}`, inside]))

class Wrong {
  readonly insides = inside
}

const wrong = Object.assign(new Wrong(), fields)

const throwing = new Proxy({}, Object.fromEntries(Reflect.ownKeys(Reflect).map((trap) => [trap, refuse])))

function refuse(): never {
  throw new Error(inside)
}

const misnamed = class {
  readonly insides = inside
}
Object.defineProperty(misnamed, 'name', { value: long })

const values: Readonly<Record<string, unknown>> = {
  'a long text': long,
  'an instance with much in it': wrong,
  'an instance of a class with a long name': new misnamed(),
  'a class with a long name': misnamed,
  'an object with much in it': { ...fields },
  'an object with much in each of its fields': { a: { deep: long }, b: [long], c: long },
  'an array of much': Array.from({ length: 2000 }, () => fields),
  bytes: Buffer.alloc(5000, 1),
  'a proxy that answers nothing': throwing,
  'an object without a class': { __proto__: null, ...fields },
  'an object that throws where it is read': {
    get [Symbol.toStringTag]() {
      return refuse()
    },
    constructor: undefined,
  },
  'an object that shows itself': Object.assign(new Wrong(), { [Symbol.for('nodejs.util.inspect.custom')]: () => long }),
  'an error': new Error(long),
  'a symbol': Symbol(long),
  'a large number': 10n ** 2000n,
  'a server of Node': createTcpServer(),
}

describe('in a sentence', () => {
  test.each(Object.entries(values))('%s is short, on one line, and not shown from inside', (_name, value) => {
    expectShort(shown(value))
  })

  test.each([
    ['x', "'x'"],
    [`it's\n`, `"it's\\n"`],
    [3, '3'],
    [null, 'null'],
    [undefined, 'undefined'],
    [{ mode: 'quiet' }, "{ mode: 'quiet' }"],
    [{ mode: 'quiet', once: { at: 'end' } }, "{ mode: 'quiet', once: [Object] }"],
    [{ ...fields }, 'an object'],
    [[], '[]'],
    [[1, 'b'], "[ 1, 'b' ]"],
    [values['an array of much'], 'an array of 2000'],
    [wrong, 'an instance of Wrong'],
    [new Socket(), 'an instance of Socket'],
    [Buffer.from('ab'), 'an instance of Buffer'],
    [refuse, 'a function refuse'],
    [new Proxy({}, {}), 'a proxy'],
    ['y'.repeat(61), `'${'y'.repeat(60)}'... (61 characters)`],
  ])('case %#', (value, text) => {
    expect(shown(value)).toBe(text)
  })

  test('the text of another error is put on one line, and cut', () => {
    expect(onOneLineOf('a\n  b\u0000\tc')).toBe('a b c')
    expect(onOneLineOf(long, 20)).toBe('first second xxxxxxx...')
  })
})

const server = createTlsServer()
const library = openssl.loadOpenSSL()
const context = library.createContext({ side: 'client' })
const ssl = context.createSsl()
const transport = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() })
const tlsSocket = new TLSSocket(new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() }))
afterAll(() => {
  for (const each of [ssl, context]) each.free()
  for (const each of [transport, tlsSocket]) each.destroy()
})
const aborted = AbortSignal.abort()

type Call = (value: unknown) => unknown

/** Each function of each entry, by where it takes something of a caller's. Those that take nothing have no places. */
const entries: Readonly<Record<string, Readonly<Record<string, readonly [object, Readonly<Record<string, Call>>]>>>> = {
  'close-notify': {
    closureOf: [closure, { socket: (value) => untyped(closure.closureOf, value) }],
    closingConnect: [
      closure,
      {
        policy: (value) => untyped(closure.closingConnect, value),
        connect: (value) => untyped(closure.closingConnect({}), value),
      },
    ],
    controlClosure: [
      closure,
      {
        target: (value) => untyped(closure.controlClosure, value),
        policy: (value) => untyped(closure.controlClosure, server, value),
      },
    ],
    controlProcess: [closure, { policy: (value) => untyped(closure.controlProcess, value) }],
    createSecureContext: [
      closure,
      {
        quietShutdown: (value) => untyped(closure.createSecureContext, { quietShutdown: value }),
      },
    ],
    learnedWaiting: [closure, { options: (value) => untyped(closure.learnedWaiting, value) }],
    startTls: [
      closure,
      {
        socket: (value) => untyped(closure.startTls, value),
        options: (value) => untyped(closure.startTls, new Socket(), value),
      },
    ],
    runtimeSupport: [closure, {}],
  },
  'close-notify/openssl': {
    loadOpenSSL: [
      openssl,
      {
        path: (value) => untyped(openssl.loadOpenSSL, value),
        'createContext()': (value) => callOf(library, 'createContext', value),
        'createSsl()': (value) => callOf(context, 'createSsl', value),
        'receive()': (value) => callOf(ssl, 'receive', value),
        'write()': (value) => callOf(ssl, 'write', value),
        'read()': (value) => callOf(ssl, 'read', value),
        'setShutdown()': (value) => callOf(ssl, 'setShutdown', value),
      },
    ],
  },
  'close-notify/stream': {
    TlsStream: [
      stream,
      {
        transport: (value) => made(stream.TlsStream, value, {}),
        options: (value) => made(stream.TlsStream, transport, value),
      },
    ],
    connect: [stream, { options: (value) => untyped(stream.connect, value) }],
    createContext: [
      stream,
      {
        side: (value) => untyped(stream.createContext, value),
        options: (value) => untyped(stream.createContext, 'client', value),
      },
    ],
    createServer: [stream, { options: (value) => untyped(stream.createServer, value) }],
    learnedWaiting: [stream, {}],
    loadOpenSSL: [stream, {}],
  },
  'close-notify/lab': {
    assess: [
      lab,
      {
        command: (value) => untyped(lab.assess, value, { signal: aborted }),
        options: (value) => untyped(lab.assess, ['x', '{url}'], atOnce(value)),
      },
    ],
    // Checks nothing itself.
    assessServer: [lab, {}],
    connectAs: [
      lab,
      {
        profile: (value) => untyped(lab.connectAs, value, { port: 1, signal: aborted }),
        options: (value) => untyped(lab.connectAs, 'answers', atOnce(value)),
      },
    ],
    credentialsFor: [lab, {}],
    deviationsFrom: [lab, {}],
    probe: [
      lab,
      {
        target: (value) => untyped(lab.probe, value, { signal: aborted }),
        options: (value) => untyped(lab.probe, 'localhost:1', atOnce(value)),
      },
    ],
    startFleet: [lab, { options: (value) => untyped(lab.startFleet, value) }],
    startPeer: [
      lab,
      {
        profile: (value) => untyped(lab.startPeer, value),
        options: (value) => untyped(lab.startPeer, 'answers', value),
      },
    ],
  },
}
const classes = [
  'ClosureError',
  'TruncationError',
  'UnwrapError',
  'SslError',
  'TransportFailure',
  'Prober',
  'LearnedWaiting',
]

describe.each(Object.entries(entries))('of %s', (_entry, functions) => {
  test('each function is in the table', () => {
    const [first] = Object.values(functions)
    const names = Object.entries(first?.[0] ?? {}).filter(([, value]) => typeof value === 'function')
    expect(
      names
        .map(([name]) => name)
        .filter((name) => !classes.includes(name))
        .sort(),
    ).toEqual(Object.keys(functions).sort())
  })

  const places = Object.entries(functions).flatMap(([name, [, calls]]) =>
    Object.entries(calls).map(([place, call]) => [`${name}, ${place}`, call] as const),
  )

  test.each(places)('%s', async (_place, call) => {
    let refused = 0
    for (const value of Object.values(values)) refused += await refusedInShort(call, value)
    expect(refused).toBeGreaterThan(0)
    // Each key that is known, once the place tells of them.
    for (const key of knownKeys(await errorOf(() => call({ [inside]: 1 })))) {
      for (const value of Object.values(values)) await refusedInShort((given) => call({ [key]: given }), value)
    }
  })
})

test('scenarios of a file', async () => {
  let refused = 0
  for (const value of Object.values(values)) {
    refused += await refusedInShort((given) => checkScenarios(given, 'file'), value)
    refused += await refusedInShort((given) => checkScenarios({ name: long, steps: given }, 'file'), value)
  }
  expect(refused).toBeGreaterThan(20)
})

/** 1 where it is refused, by an error in short; 0 where that value will do there. */
async function refusedInShort(call: Call, value: unknown): Promise<number> {
  const error = await errorOf(() => call(value))
  if (!(error instanceof ClosureError)) return 0
  const { facts, message } = error
  if (facts?.code === 'ERR_CLOSURE_INVALID_ARGUMENT') expectShort(facts.received)
  else expectShort(message)
  expect(message).not.toMatch(/[\r\n]/)
  return 1
}

function expectShort(text: string): void {
  expect(text).not.toMatch(/[\r\n]/)
  expect(text).not.toContain(inside)
  expect(text.length).toBeLessThan(450)
}

/** The same options, and over as soon as it begins, where they will do. */
function atOnce(value: unknown): unknown {
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  return isPlain ? { signal: aborted, ...value } : value
}

/** The error that a call throws or rejects with; what it opens is closed. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    const result = await call()
    if (result instanceof EventEmitter) result.on('error', () => undefined)
    for (const name of ['stop', 'destroy', 'close']) {
      const end: unknown = typeof result === 'object' && result !== null ? Reflect.get(result, name) : undefined
      if (typeof end === 'function') await Reflect.apply(end, result, [])
    }
    return undefined
  } catch (error) {
    return error
  }
}

function knownKeys(error: unknown): readonly string[] {
  const facts = error instanceof ClosureError ? error.facts : undefined
  const keys = facts?.code === 'ERR_CLOSURE_INVALID_ARGUMENT' ? /^one of the keys (.*)$/.exec(facts.expected)?.[1] : ''
  return keys?.split(', ') ?? []
}

function untyped(callee: (...args: never[]) => unknown, ...args: readonly unknown[]): unknown {
  return Reflect.apply(callee, undefined, args)
}

function made(Class: new (...args: never[]) => unknown, ...args: readonly unknown[]): unknown {
  return Reflect.construct(Class, args)
}

function callOf(object: object, name: string, value: unknown): unknown {
  const method: unknown = Reflect.get(object, name)
  return typeof method === 'function' ? Reflect.apply(method, object, [value]) : undefined
}
