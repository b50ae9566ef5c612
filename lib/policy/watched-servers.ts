// A policy on a server. Nothing here is a listener: a program that counts its own, or takes all of them away, finds the
// server as it left it.
import { Duplex } from 'node:stream'
import { type Server, TLSSocket } from 'node:tls'
import { serverOf } from '../closure/socket-internals.js'
import { replaceRemovably } from '../closure/stand-ins.js'
import { type ControlledSockets, isControlled } from './controlled-sockets.js'
import { HandshakeWatch } from './handshake-watch.js'
import { comesTooLate, spareClosings } from './http-server.js'

/** The policy at work on one server. */
export interface ServerWatch {
  readonly sockets: ControlledSockets
  readonly handshakes: HandshakeWatch
  /** Takes away what stands on the server. */
  readonly end: () => void
}

/** The policy on a server, unless it has ended. */
export function watchOf(server: Server): ServerWatch | undefined {
  const watch = watches.get(server)
  return watch?.sockets.isActive === true ? watch : undefined
}

/** Lays a policy on a server: each connection whose handshake is done from now on. One that gives way is ended. */
export function watchServer(server: Server, sockets: ControlledSockets): ServerWatch {
  watchOf(server)?.end()
  const handshakes = new HandshakeWatch(sockets.policy.flushTimeout, sockets)
  let hasEnded = false
  // Each of these gives what takes it away again.
  const forget = [
    replaceRemovably(server, 'emit', (emit) => (...args) => {
      // Somebody may stand on top of this, so that it cannot be taken away.
      if (hasEnded) return Reflect.apply(emit, server, args)
      const [event, first, second] = args
      if (event === 'connection') return accept(server, handshakes, first, () => Reflect.apply(emit, server, args))
      // Before all listeners: http and http2 take the socket over in one of theirs.
      if (event === 'secureConnection' && first instanceof TLSSocket) handshakes.secured(first)
      if (event === 'tlsClientError' && second instanceof TLSSocket) handshakes.failed(second)
      return comesTooLate(args, isControlledSocket) || Reflect.apply(emit, server, args)
    }),
    spareClosings(server, () => closingSocketsOf(sockets, server)),
  ]
  const end = (): void => {
    hasEnded = true
    if (watches.get(server) === watch) watches.delete(server)
    handshakes.stop()
    for (const one of forget) one()
  }
  const watch: ServerWatch = { sockets, handshakes, end }
  watches.set(server, watch)
  return watch
}

/** The server that is making a TLS socket of a connection at this moment, if a policy is on it. */
export function acceptingServer(): Server | undefined {
  return accepting
}

const watches = new WeakMap<Server, ServerWatch>()
let accepting: Server | undefined

function accept(server: Server, handshakes: HandshakeWatch, raw: unknown, emit: () => unknown): unknown {
  // A listener may emit the event of another server.
  const before = accepting
  accepting = server
  handshakes.accepting()
  try {
    return emit()
  } finally {
    accepting = before
    if (raw instanceof Duplex) handshakes.hasAccepted(raw)
  }
}

function isControlledSocket(socket: object): boolean {
  return socket instanceof TLSSocket && isControlled(socket)
}

// A policy on many servers knows all of their sockets.
function closingSocketsOf(sockets: ControlledSockets, server: Server): readonly TLSSocket[] {
  const closing = sockets.closingSockets
  return sockets.givesWay ? closing.filter((socket) => serverOf(socket) === server) : closing
}
