/**
 * A sample of shutdown.ts: `SIDE LIBSSL OBJECTS ROUNDS`. Gives nanoseconds per shutdown, as native/loop.h does: fresh, cold,
 * warm.
 */
import { loadEngine } from '../../../../lib/native/addon.js'
import { loadOpenSSL, type Ssl } from '../../../../lib/openssl/index.js'
import type { NativeSsl } from '../../../../lib/native/engine.js'
import { statusIndex } from '../../../../lib/native/engine.js'
import { certificate, key } from '../../../support/certificate.js'
import { answerParent } from '../numbers.js'

const [side = '', libssl = '', objectsText, roundsText] = process.argv.slice(2)

// As in native/loop.h.
const warmObjects = 64
const warmPasses = 2000
const forgetEvery = 50
const ciphersuites = 'TLS_AES_128_GCM_SHA256'
// 5 bytes of header, 2 of alert, 1 of type, 16 of tag.
const recordBytes = 24

interface Reopened {
  readonly setShutdown: (mask: number) => void
  readonly takeEvents: () => unknown
}

/** Servers whose handshake is done, in a form that a loop over them takes. */
interface Side<T extends Reopened> {
  readonly make: () => T
  /** The loop that is timed: bytes of all records. */
  readonly pass: (objects: readonly T[]) => number
}

const openssl = loadOpenSSL(libssl)
const server = openssl.createContext({
  side: 'server',
  cert: certificate,
  key,
  ciphersuites,
  minVersion: 'TLSv1.3',
  tickets: 0,
})
const client = openssl.createContext({ side: 'client' })

function connected(): Ssl {
  const near = server.createSsl()
  const far = client.createSsl()
  for (let done = false; !done; ) {
    const clientDone = far.doHandshake().value === 1
    near.receive(far.transmit())
    done = near.doHandshake().value === 1 && clientDone
    far.receive(near.transmit())
  }
  far.free()
  near.takeEvents()
  return near
}

const combined: Side<Ssl> = {
  make: connected,
  pass: (objects) => {
    let bytes = 0
    for (const ssl of objects) bytes += ssl.shutdownAndTransmit().output.length
    return bytes
  },
}

const twoCalls: Side<Ssl> = {
  make: connected,
  pass: (objects) => {
    let bytes = 0
    for (const ssl of objects) {
      ssl.shutdown()
      bytes += ssl.transmit().length
    }
    return bytes
  },
}

interface RawSsl extends Reopened {
  readonly id: number
}

/** The addon without lib/openssl. */
function rawSide(): Side<RawSsl> {
  const engine = loadEngine()
  const status = engine.slabs?.status
  const output = engine.slabs?.output
  if (status === undefined || output === undefined) throw new Error('Expected memory that is set up')
  const library = engine.openLibrary({
    libssl: openssl.libssl ?? '',
    libcrypto: openssl.libcrypto ?? '',
    libsslSoname: 'libssl.so.3',
    libcryptoSoname: 'libcrypto.so.3',
  })
  if ('failure' in library) throw new Error(library.message)
  const near = library.createContext(true)
  near.useCertificateChain(Buffer.from(certificate))
  near.usePrivateKey(Buffer.from(key), undefined)
  near.setCiphersuites(ciphersuites)
  near.setMinProtoVersion(0x0304)
  near.setNumTickets(0)
  const far = library.createContext(false)
  const move = (from: NativeSsl, to: NativeSsl): void => {
    status[statusIndex.ssl] = from.id
    engine.calls.transmit()
    status[statusIndex.ssl] = to.id
    engine.calls.receive(output.slice(0, status[statusIndex.output]))
  }
  return {
    make: () => {
      const [accepting, connecting] = [near.createSsl(), far.createSsl()]
      for (let done = false; !done; ) {
        const clientDone = connecting.doHandshake() === 1
        move(connecting, accepting)
        done = accepting.doHandshake() === 1 && clientDone
        move(accepting, connecting)
      }
      connecting.free()
      return {
        id: accepting.id,
        setShutdown: (mask) => accepting.setShutdown(mask),
        takeEvents: () => accepting.takeEvents(),
      }
    },
    pass: (objects) => {
      let bytes = 0
      for (const { id } of objects) {
        status[statusIndex.ssl] = id
        engine.calls.shutdownAndTransmit()
        bytes += status[statusIndex.output] ?? 0
      }
      return bytes
    },
  }
}

function timedPass<T extends Reopened>({ pass }: Side<T>, objects: readonly T[]): number {
  const began = process.hrtime.bigint()
  const bytes = pass(objects)
  const took = Number(process.hrtime.bigint() - began)
  if (bytes !== recordBytes * objects.length) throw new Error(`Expected one record of each, received ${bytes} bytes`)
  return took / objects.length
}

function medianOfPasses<T extends Reopened>(side: Side<T>, objects: readonly T[], passes: number): number {
  const times: number[] = []
  for (let i = 0; i < passes; i++) {
    for (const object of objects) {
      object.setShutdown(0)
      if (i % forgetEvery === 0) object.takeEvents()
    }
    times.push(timedPass(side, objects))
  }
  times.sort((a, b) => a - b)
  return times[Math.floor(times.length / 2)] ?? Number.NaN
}

function measureSide<T extends Reopened>(side: Side<T>): readonly number[] {
  const few = Array.from({ length: warmObjects }, side.make)
  timedPass(side, few)
  medianOfPasses(side, few, warmPasses)
  const many = Array.from({ length: Number(objectsText) }, side.make)
  const fresh = timedPass(side, many)
  const cold = medianOfPasses(side, many, Number(roundsText))
  return [fresh, cold, medianOfPasses(side, few, warmPasses)]
}

function measure(): readonly number[] {
  switch (side) {
    case 'combined':
      return measureSide(combined)
    case 'two calls':
      return measureSide(twoCalls)
    case 'raw':
      return measureSide(rawSide())
    default:
      throw new Error(`Unknown side ${side}`)
  }
}

answerParent({ measure })
