/** TLS streams in memory, without a socket. */
import { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { createContext, TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'

/** Two ends of a pipe in memory, each of which gives what is written to the other in the writer's stack, in such pieces. */
export function memoryPair(pieceSize = Number.POSITIVE_INFINITY): readonly [Duplex, Duplex] {
  const ends: Duplex[] = []
  const make = (other: () => Duplex | undefined) =>
    new Duplex({
      allowHalfOpen: true,
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        for (let at = 0; at < chunk.length; at += pieceSize) other()?.push(chunk.subarray(at, at + pieceSize))
        done()
      },
      final: (done) => {
        other()?.push(null)
        done()
      },
    })
  const first = make(() => ends[1])
  const second = make(() => ends[0])
  ends.push(first, second)
  return [first, second]
}

/** A client and a server on both ends. */
export function over(ends: readonly [Duplex, Duplex]): readonly [TlsStream, TlsStream] {
  const [client, server] = overUnkept(ends)
  onTestFinished(() => {
    client.destroy()
    server.destroy()
  })
  return [client, server]
}

/** The same, and nobody holds them. */
export function overUnkept([near, far]: readonly [Duplex, Duplex]): readonly [TlsStream, TlsStream] {
  const { cert, key, host: servername } = certificate
  return [
    new TlsStream(near, { context: createContext('client', { ca: cert }), servername }),
    new TlsStream(far, { context: createContext('server', { cert, key }) }),
  ]
}
