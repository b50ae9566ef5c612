// Every call that takes bytes, with everything that looks like a Uint8Array: the real ones are taken, of whatever realm,
// and all others are refused by a typed error.
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { OpenSSL, SslContextOptions } from '../../lib/openssl/index.js'
import { certificate } from '../support/certificate.js'
import { builds } from './builds.js'
import { connectPair } from './ssl-pair.js'
import { thrown, untyped, untypedMethod } from './thrown.js'

type Make = (bytes: Uint8Array) => unknown

/** A part of a larger buffer, so that an offset counts. */
function within(buffer: ArrayBufferLike, bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(buffer, 3, bytes.length)
  view.set(bytes)
  return view
}

const lying = (bytes: Uint8Array, properties: PropertyDescriptorMap): Uint8Array =>
  Object.defineProperties(new Uint8Array(bytes), properties)

const real: Readonly<Record<string, Make>> = {
  'a Uint8Array': (bytes) => new Uint8Array(bytes),
  'a Buffer': (bytes) => Buffer.from(bytes),
  'a part of a buffer': (bytes) => within(new ArrayBuffer(bytes.length + 10), bytes),
  'a Uint8Array of another realm': (bytes): unknown => runInNewContext('Uint8Array.from(bytes)', { bytes }),
  'a subclass of Uint8Array': (bytes) => new (class Bytes extends Uint8Array {})(bytes),
  'a Uint8Array without a prototype': (bytes): unknown => Object.setPrototypeOf(new Uint8Array(bytes), null),
  'shared memory': (bytes) => within(new SharedArrayBuffer(bytes.length + 10), bytes),
  'shared memory that has grown': (bytes) => {
    const shared = untyped(sharedThatGrows)(bytes.length + 10)
    if (!(shared instanceof SharedArrayBuffer)) throw new Error('There is no shared memory')
    const view = within(shared, bytes)
    untypedMethod(shared, 'grow')(bytes.length + 20)
    return view
  },
  'memory that was made smaller, behind it': (bytes) => {
    const buffer = resizable(bytes.length + 100)
    const view = within(buffer, bytes)
    untypedMethod(buffer, 'resize')(bytes.length + 3)
    return view
  },
  'memory whose length it tracks': (bytes) => {
    const buffer = resizable(bytes.length + 100)
    const view = new Uint8Array(buffer)
    view.set(bytes)
    untypedMethod(buffer, 'resize')(bytes.length)
    return view
  },
  'one that says of itself that it is shorter': (bytes) =>
    lying(bytes, { byteLength: { value: 0 }, length: { value: 1 }, byteOffset: { value: 1 } }),
  'one that says of itself that it is longer': (bytes) =>
    lying(bytes, { byteLength: { value: 1e9 }, length: { get: () => 1e9 } }),
  'one whose own buffer throws': (bytes) =>
    lying(bytes, {
      buffer: {
        get: () => {
          throw new Error('buffer was asked')
        },
      },
    }),
}

const pretended: Readonly<Record<string, Make>> = {
  'a detached Uint8Array': (bytes) => detached(new Uint8Array(bytes)),
  'a detached Buffer': (bytes) => detached(Buffer.from(new Uint8Array(bytes).buffer)),
  'a detached Uint8Array that says it has bytes': (bytes) =>
    Object.defineProperties(detached(new Uint8Array(bytes)), { byteLength: { value: 3 }, length: { value: 3 } }),
  'memory that was made too small': (bytes) => {
    const buffer = resizable(bytes.length + 100)
    const view = within(buffer, bytes)
    untypedMethod(buffer, 'resize')(bytes.length)
    return view
  },
  'memory that was made too small for its start': (bytes) => {
    const buffer = resizable(bytes.length + 100)
    const view = new Uint8Array(buffer, 50)
    untypedMethod(buffer, 'resize')(10)
    return view
  },
  'an object that inherits from Uint8Array.prototype': (): unknown => Object.create(Uint8Array.prototype),
  'an object that inherits from a Buffer': (bytes): unknown => Object.create(Buffer.from(bytes)),
  'a Proxy of a Uint8Array': (bytes) => new Proxy(new Uint8Array(bytes), {}),
  'a Proxy that was revoked': (bytes) => {
    const { proxy, revoke } = Proxy.revocable(new Uint8Array(bytes), {})
    revoke()
    return proxy
  },
  'an object that says it is a Uint8Array': () => ({ [Symbol.toStringTag]: 'Uint8Array', byteLength: 3, length: 3 }),
  'an ArrayBuffer': (bytes) => new Uint8Array(bytes).buffer,
  'a SharedArrayBuffer': () => new SharedArrayBuffer(8),
  'a DataView': (bytes) => new DataView(new Uint8Array(bytes).buffer),
  'a Uint8ClampedArray': (bytes) => new Uint8ClampedArray(bytes),
  'an Int8Array': (bytes) => new Int8Array(bytes),
  'a Float64Array': () => new Float64Array(4),
  'an array': (bytes) => [...bytes],
  'a number': () => 3,
  null: () => null,
}

interface Entry {
  readonly bytes: (openssl: OpenSSL) => Uint8Array
  readonly use: (openssl: OpenSSL, bytes: unknown) => unknown
}

const context = (option: keyof SslContextOptions): Entry['use'] => {
  return (openssl, bytes) =>
    untypedMethod(openssl, 'createContext')({ side: 'server', cert: certificate.cert, [option]: bytes })
}
const call = (name: string, ...before: readonly unknown[]): Entry['use'] => {
  return (openssl, bytes) => untypedMethod(connectPair(openssl).client, name)(...before, bytes)
}
const record = () => Buffer.from('no record of TLS, which is none of the concerns here')

const entries: Readonly<Record<string, Entry>> = {
  receive: { bytes: record, use: call('receive') },
  write: { bytes: record, use: call('write') },
  pump: { bytes: record, use: call('pump') },
  exportKeyingMaterial: { bytes: record, use: call('exportKeyingMaterial', 16, 'EXPERIMENTAL') },
  sessionFrom: { bytes: session, use: (openssl, bytes) => untypedMethod(openssl, 'sessionFrom')(bytes) },
  'the option cert': { bytes: () => Buffer.from(certificate.cert), use: context('cert') },
  'the option key': { bytes: () => Buffer.from(certificate.key), use: context('key') },
  'the option ca': { bytes: () => Buffer.from(certificate.cert), use: context('ca') },
}

describe.each(builds)('on $name', ({ openssl }) => {
  test.each(Object.entries(entries))('%s takes every real Uint8Array', (_name, { bytes, use }) => {
    for (const [what, make] of Object.entries(real)) {
      expect(() => use(openssl, make(bytes(openssl))), what).not.toThrow()
    }
  })

  test.each(Object.entries(entries))(
    '%s refuses what only looks like one, by a typed error',
    (_name, { bytes, use }) => {
      for (const [what, make] of Object.entries(pretended)) {
        const bad = make(bytes(openssl))
        expect(
          thrown(() => use(openssl, bad)),
          what,
        ).toMatch(/^ERR_CLOSURE_INVALID_ARGUMENT Expected /)
      }
    },
  )

  test('all of the bytes are written, whatever an array says of itself', () => {
    for (const [what, make] of Object.entries(real)) {
      const { client, server } = connectPair(openssl)
      untypedMethod(client, 'write')(make(Buffer.from('some bytes')))
      server.receive(client.transmit())
      expect(String(server.read().data), what).toBe('some bytes')
    }
  })

  test('bytes that a getter of the same options detaches are refused, or fail in OpenSSL', () => {
    const cert = new Uint8Array(Buffer.from(certificate.cert))
    const options = {
      side: 'server',
      cert,
      get key() {
        detached(cert)
        return certificate.key
      },
    }
    expect(thrown(() => untypedMethod(openssl, 'createContext')(options))).toMatch(
      /^ERR_(CLOSURE_INVALID_ARGUMENT|OPENSSL_CALL_FAILED) /,
    )
  })

  test('an SSL that a getter frees while a call reads its options is freed, and says so', () => {
    const { client } = connectPair(openssl)
    const options = {
      get flags() {
        client.free()
        return []
      },
    }
    expect(thrown(() => untypedMethod(client, 'shutdownEx')(options))).toMatch(/^ERR_OPENSSL_FREED /)
  })
})

function session(openssl: OpenSSL): Uint8Array {
  const der = connectPair(openssl, { version: 'TLSv1.2' }).client.getSession()?.toBuffer()
  if (der === undefined) throw new Error('There is no session')
  return der
}

function detached<T extends Uint8Array>(bytes: T): T {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] })
  return bytes
}

// Newer than the types of this project.
function resizable(length: number): ArrayBuffer {
  const buffer: unknown = Reflect.construct(ArrayBuffer, [length, { maxByteLength: length * 2 }])
  if (!(buffer instanceof ArrayBuffer)) throw new Error('There is no buffer')
  return buffer
}

function sharedThatGrows(length: unknown): unknown {
  return Reflect.construct(SharedArrayBuffer, [length, { maxByteLength: Number(length) * 2 }])
}
