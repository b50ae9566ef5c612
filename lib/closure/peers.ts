// Whom a connection is with, and how that one has ended it: the same for sockets of Node's and for TLS streams.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Peer } from '../closing/peer.js'
import type { PeerAct } from '../closing/side.js'
import type { Received, TcpEnd } from '../report/facts.js'

/** The peer of a socket, or of the stream beneath TLS; `names` are those that a client knows the server by, the best first. */
export function peerOf(side: 'client' | 'server', stream: Duplex, names: readonly unknown[]): Peer {
  const { remoteAddress, remotePort } = stream instanceof Socket ? stream : nowhere
  const [host] = side === 'client' ? names.filter(isName) : []
  return {
    side,
    host: host === undefined ? undefined : plainAddress(host),
    address: remoteAddress === undefined ? undefined : plainAddress(remoteAddress),
    port: remotePort,
  }
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== ''
}

const nowhere = { remoteAddress: undefined, remotePort: undefined }

interface SeenOfPeer {
  readonly tcp: TcpEnd
  received(): Received
}

/** How the peer has ended TLS, or else TCP, by the evidence. */
export function peerActOf(evidence: SeenOfPeer): PeerAct | undefined {
  const { kind } = evidence.received()
  if (kind === 'close_notify' || kind === 'fatal-alert') return kind
  return evidence.tcp.kind === 'open' ? undefined : evidence.tcp.kind
}

/** A name or an address in small letters. A server that listens on both IP versions sees IPv4 as IPv6. */
export function plainAddress(name: string): string {
  return name.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
}
