// How a connection is called: the names and addresses by which an override can be for it.
import type { TLSSocket } from 'node:tls'
import { plainAddress } from '../closure/peers.js'
import { hostOf, serverNameOf, streamBeneath } from '../closure/socket-internals.js'

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
    .map((name) => plainAddress(String(name)))
}
