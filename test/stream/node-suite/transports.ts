/** Streams that TLS stands on in the node-suite's cases, beside sockets. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** Two ends of a pipe in memory: what one is given the other gives, a turn later. */
export function memoryPair(): readonly [Duplex, Duplex] {
  const made: Duplex[] = []
  const make = (other: () => Duplex | undefined) =>
    new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        setImmediate(() => {
          other()?.push(chunk)
          done()
        })
      },
      final: (done) => {
        setImmediate(() => {
          other()?.push(null)
          done()
        })
      },
    })
  const [first, second] = [make(() => made[1]), make(() => made[0])]
  made.push(first, second)
  return [first, second]
}

/** A Duplex that carries a socket by hand; `tellsEnd`: the peer's FIN too. It passes on no end of its own. */
export function carried(socket: Socket, { tellsEnd }: { readonly tellsEnd: boolean }): Duplex {
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, encoding, done) => void socket.write(chunk, encoding, done),
  })
  socket.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) socket.pause()
  })
  if (tellsEnd) socket.on('end', () => stream.push(null))
  return stream
}

/** Each end's data goes to the other, and when one is gone the other goes. */
export function join(one: Duplex, other: Duplex): void {
  one.pipe(other).pipe(one)
  one.on('close', () => other.destroy())
  other.on('close', () => one.destroy())
}
