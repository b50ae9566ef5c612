// How a connection is called: the names and addresses by which an override can be for it.
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { hostOf, streamBeneath } from '../closure/socket-internals.js'

/** The names of a connection, in small letters, and its port; each costs a call of the system. */
export interface Addresses {
  readonly hosts: () => readonly string[]
  readonly port: () => number | undefined
}

/** How a connection whose handshake is done is called on that side. */
export function addressesOf(socket: TLSSocket, side: 'server' | 'client'): Addresses {
  let names: readonly string[] | undefined
  const hosts = () => (names ??= namesOf(socket, side))
  return { hosts, port: () => (side === 'client' ? socket.remotePort : socket.localPort) }
}

function namesOf(socket: TLSSocket, side: 'server' | 'client'): readonly string[] {
  const address = side === 'client' ? socket.remoteAddress : socket.localAddress
  const asked = side === 'client' ? [hostOf(socket), hostOf(streamBeneath(socket))] : []
  return [serverNameOf(socket), ...asked, address]
    .filter((name) => typeof name === 'string' && name !== '')
    .map((name) => plain(String(name)))
}

// Node has false where there is none, which its types do not say.
function serverNameOf(socket: Socket): unknown {
  return Reflect.get(socket, 'servername')
}

// A server that listens on both IP versions sees IPv4 as IPv6.
function plain(name: string): string {
  return name.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
}
