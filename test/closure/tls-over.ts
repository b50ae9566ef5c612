/** Our TLSSocket, made in each way that Node has, over each kind of transport; its peer is an end of the engine's. */
import { randomUUID } from 'node:crypto'
import { connect as connectTcp, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect, createServer, type TlsOptions, TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { closureOf } from '../../lib/index.js'
import type { Side } from '../../lib/tls/records.js'
import { certificate } from '../support/certificate.js'
import { EngineEnd } from '../support/engine-end.js'
import { connectPair, type TlsVersion } from '../support/pair.js'
import { once } from '../support/streams.js'
import { listen } from './servers.js'
import { turns } from './sides.js'

export interface TlsOver {
  readonly socket: TLSSocket
  readonly peer: EngineEnd
}

/** How a program begins TLS on a stream that it has. */
export interface Way {
  readonly way: string
  readonly near: Side
  /** `inHandshake` is called in Node's own callback of the handshake. */
  readonly begin: (stream: Duplex, version: TlsVersion, inHandshake?: InHandshake) => Promise<TLSSocket>
}

type InHandshake = (socket: TLSSocket) => void

export const ways: readonly Way[] = [
  {
    way: 'tls.connect({ socket })',
    near: 'client',
    begin: (socket, version, inHandshake) => secured(connect({ socket, ...clientOptions(version) }), inHandshake),
  },
  {
    way: 'new TLSSocket(), a client',
    near: 'client',
    begin: (stream, version, inHandshake) => {
      const socket = new TLSSocket(stream, clientOptions(version))
      // Nothing else begins its handshake.
      socket.write('')
      return secured(socket, inHandshake)
    },
  },
  {
    way: 'new TLSSocket(), a server',
    near: 'server',
    begin: (stream, version, inHandshake) =>
      secured(new TLSSocket(stream, { isServer: true, ...serverOptions(version) }), inHandshake),
  },
  {
    way: "a tls server's 'connection'",
    near: 'server',
    begin: (stream, version, inHandshake) =>
      new Promise((resolve, reject) => {
        const server = createServer(serverOptions(version)).once('tlsClientError', reject)
        server.once('secureConnection', (socket) => {
          inHandshake?.(socket)
          resolve(socket)
        })
        server.emit('connection', stream)
      }),
  },
]

/** Begins TLS over our end of a pair of streams; `peerStream` gives the other one. */
export async function tlsOver(
  { near, begin }: Way,
  version: TlsVersion,
  stream: Duplex,
  peerStream: Duplex | Promise<Duplex>,
  inHandshake?: InHandshake,
): Promise<TlsOver> {
  const secured = begin(stream, version, inHandshake)
  const peer = new EngineEnd(await peerStream, { side: near === 'client' ? 'server' : 'client', version })
  return settled(await secured, peer)
}

/** Sockets that Node itself connects or accepts: the program has no stream beneath. */
export const nodesOwn: readonly { readonly way: string; readonly make: (version: TlsVersion) => Promise<TlsOver> }[] = [
  { way: 'tls.connect({ host })', make: (version) => connected(version, (port) => ({ host: '127.0.0.1', port })) },
  { way: 'tls.connect({ path })', make: (version) => connected(version, undefined) },
  {
    way: 'a socket that a tls server has accepted',
    make: async (version) => {
      const server = createServer(serverOptions(version))
      const accepted = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
      const stream = connectTcp({ host: '127.0.0.1', port: await listen(server), allowHalfOpen: true })
      const peer = new EngineEnd(stream, { side: 'client', version })
      return settled(await accepted, peer)
    },
  },
]

async function connected(
  version: TlsVersion,
  address: ((port: number) => ConnectionOptions) | undefined,
): Promise<TlsOver> {
  const server = createTcpServer({ allowHalfOpen: true })
  const accepted = acceptedBy(server)
  const to = address === undefined ? { path: await listenOnPath(server) } : address(await listen(server))
  const secure = secured(connect({ ...to, ...clientOptions(version) }))
  const peer = new EngineEnd(await accepted, { side: 'server', version })
  return settled(await secure, peer)
}

/** Two ends of one connection; `near` may still be connecting, and then `far` comes when it is done. */
export interface Streams {
  readonly near: Duplex
  readonly far: Duplex | Promise<Duplex>
}

export async function tcpPair(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const { near, far } = await connectingPair()
  await once(near, 'connect')
  return { near, far: await far }
}

export async function connectingPair(): Promise<{ readonly near: Socket; readonly far: Promise<Socket> }> {
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true })
  const far = acceptedBy(server)
  return { near: kept(connectTcp({ host: '127.0.0.1', port: await listen(server), allowHalfOpen: true })), far }
}

/** Connects a socket that has no handle yet; returns the other end. */
export async function connectTo(near: Socket): Promise<Socket> {
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true })
  const far = acceptedBy(server)
  kept(near).connect(await listen(server), '127.0.0.1')
  return far
}

export async function pipePair(): Promise<Streams> {
  const server = createTcpServer({ allowHalfOpen: true })
  const far = acceptedBy(server)
  const near = kept(connectTcp({ path: await listenOnPath(server), allowHalfOpen: true }))
  await once(near, 'connect')
  return { near, far }
}

export async function tlsPair(): Promise<Streams> {
  const { client, server, close } = await connectPair({ version: 'TLSv1.3', allowHalfOpen: true })
  onTestFinished(close)
  return { near: client, far: server }
}

function acceptedBy(server: Server): Promise<Socket> {
  return new Promise((resolve) => server.once('connection', (socket) => resolve(kept(socket))))
}

async function listenOnPath(server: Server): Promise<string> {
  const name = path.join(tmpdir(), `close-notify-${randomUUID()}`)
  server.listen(name)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return name
}

async function settled(socket: TLSSocket, peer: EngineEnd): Promise<TlsOver> {
  // Out of the callback of the handshake, and past the session tickets.
  await peer.until(() => peer.isSecure())
  await turns(5)
  return { socket: kept(socket), peer }
}

async function secured(socket: TLSSocket, inHandshake?: InHandshake): Promise<TLSSocket> {
  // So that it is joined with its SSL in the callback.
  closureOf(socket)
  if (inHandshake !== undefined) socket.once('secure', () => inHandshake(socket))
  await once(socket, 'secure')
  return socket
}

function kept<T extends Socket>(socket: T): T {
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  return socket
}

function clientOptions(version: TlsVersion): ConnectionOptions {
  const { cert: ca, host: servername } = certificate
  return { ca, servername, minVersion: version, maxVersion: version }
}

function serverOptions(version: TlsVersion): TlsOptions {
  const { key, cert } = certificate
  return { key, cert, minVersion: version, maxVersion: version }
}
