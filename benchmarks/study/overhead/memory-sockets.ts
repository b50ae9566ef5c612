/** Node's TLS sockets without a file descriptor, over streams in memory. */
import { Duplex } from 'node:stream'
import tls from 'node:tls'

export interface SocketPair {
  readonly server: tls.TLSSocket
  readonly client: tls.TLSSocket
}

/** A server's socket and its client's, whose handshake begins. */
export function securedPair(serverContext: tls.SecureContext, clientContext: tls.SecureContext): SocketPair {
  const [near, far] = streamPair()
  const server = new tls.TLSSocket(far, { isServer: true, secureContext: serverContext })
  const client = tls.connect({ socket: near, servername: 'localhost', secureContext: clientContext })
  return { server, client }
}

/** A server's socket whose client never says anything. */
export function unfinishedSocket(secureContext: tls.SecureContext): tls.TLSSocket {
  const dead = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  return new tls.TLSSocket(dead, { isServer: true, secureContext })
}

/** Two streams, each of which reads what is written to the other. */
function streamPair(): readonly [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        other().push(chunk)
        setImmediate(done)
      },
    })
  const near: Duplex = make(() => far)
  const far: Duplex = make(() => near)
  return [near, far]
}
