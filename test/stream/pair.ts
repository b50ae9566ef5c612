/**
 * A TLS stream of ours and a TLSSocket of Node's with a recording relay between them.
 *
 *     const { local, peer, wire, near, far } = await connectStreams({ version: 'TLSv1.3', near: 'client', openssl })
 */
import type { Server } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { connect, createServer, type StreamClosingOptions, type TlsStream } from '../../lib/stream/index.js'
import { builds } from '../openssl/builds.js'
import type { OpenSSL } from '../../lib/openssl/index.js'
import type { ClosingWay } from '../closure/shared/ways.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { type Relay, type RelayOptions, startRelay } from '../support/relay.js'
import { once, readExactly, turns } from '../support/streams.js'
import type { Side, Wire } from '../support/wire.js'

/** The process's own library, and others beside it where they were fetched. */
export const libraries = builds.filter(({ name }) =>
  ['own', 'openssl-1.1.1', 'openssl-3.0', 'boringssl'].includes(name),
)

export interface StreamSides {
  readonly name: string
  readonly openssl: OpenSSL
  readonly version: TlsVersion
  readonly near: Side
}

export const streamSides: readonly StreamSides[] = libraries.flatMap(({ name, openssl }) =>
  tlsVersions.flatMap((version) => [
    { name, openssl, version, near: 'client' } as const,
    { name, openssl, version, near: 'server' } as const,
  ]),
)

/** All sides of the process's own library, and one of each version on the others. */
export const fewerSides: readonly StreamSides[] = streamSides.filter(
  ({ name, version, near }) => name === 'own' || (version === 'TLSv1.3') === (near === 'client'),
)

export interface MoreOptions extends StreamClosingOptions {
  readonly peerHalfOpen?: boolean
  readonly relay?: Omit<RelayOptions, 'port'> | undefined
}

export interface StreamPair {
  readonly local: TlsStream
  readonly peer: TLSSocket
  readonly wire: Wire
  readonly near: Side
  readonly far: Side
  /** Those of 'error'. */
  readonly localErrors: readonly Error[]
  readonly peerErrors: readonly Error[]
}

const identity = { key: certificate.key, cert: certificate.cert }

/** A TlsStream as one of those whose closing is under test: its end is as Node has it, so that the same is expected. */
export const streamWays: readonly ClosingWay[] = fewerSides.map((sides) => ({
  name: `TlsStream, ${sides.name}`,
  version: sides.version,
  near: sides.near,
  connect: async ({ localHalfOpen = false, ...more } = {}) => {
    const options = { ...more, allowHalfOpen: localHalfOpen, onTruncation: 'report' } as const
    const { local, ...others } = await connectStreams(sides, options)
    return { local, closure: local, ...others }
  },
}))

/** After the handshake; a client has read its tickets. */
export async function connectStreams(sides: StreamSides, more: MoreOptions = {}): Promise<StreamPair> {
  const { near, openssl, version } = sides
  const { peerHalfOpen = false, relay: relayOptions, ...closing } = more
  const range = { minVersion: version, maxVersion: version } as const
  const far = near === 'client' ? 'server' : 'client'
  const ours = { openssl, ...range, ...closing }
  const errors: { readonly local: Error[]; readonly peer: Error[] } = { local: [], peer: [] }
  const pair =
    near === 'client'
      ? await ourClient(ours, { ...range, allowHalfOpen: peerHalfOpen }, relayOptions)
      : await ourServer(ours, { ...range, allowHalfOpen: peerHalfOpen }, relayOptions)
  const { local, peer, relay } = pair
  local.on('error', (error: Error) => errors.local.push(error))
  peer.on('error', (error: Error) => errors.peer.push(error))
  onTestFinished(() => {
    local.destroy()
    peer.destroy()
  })
  await turns(1)
  // A client has read its session tickets once it has this byte.
  const [client, server] = near === 'client' ? [local, peer] : [peer, local]
  server.write('!')
  await readExactly(client, 1)
  return { local, peer, near, far, wire: await relay.nextWire(), localErrors: errors.local, peerErrors: errors.peer }
}

interface Made {
  readonly local: TlsStream
  readonly peer: TLSSocket
  readonly relay: Relay
}

type Ours = StreamClosingOptions & { readonly openssl: OpenSSL }
type Theirs = { readonly allowHalfOpen: boolean; readonly minVersion: TlsVersion; readonly maxVersion: TlsVersion }

async function ourClient(ours: Ours, theirs: Theirs, options: MoreOptions['relay']): Promise<Made> {
  const server = tls.createServer({ ...identity, ...theirs })
  const accepted = new Promise<TLSSocket>((resolve) => {
    server.once('secureConnection', resolve)
  })
  const relay = await behind(server, options)
  const { cert: ca, host: servername } = certificate
  const local = connect({ port: relay.port, host: '127.0.0.1', servername, ca, ...ours })
  local.on('keylog', (line: Buffer) => relay.keys.add(String(line)))
  const [peer] = await Promise.all([accepted, once(local, 'secureConnect')])
  return { local, peer, relay }
}

async function ourServer(ours: Ours, theirs: Theirs, options: MoreOptions['relay']): Promise<Made> {
  const server = createServer({ ...identity, ...ours })
  const accepted = new Promise<TlsStream>((resolve) => {
    server.once('secureConnection', resolve)
  })
  const relay = await behind(server, options)
  const { cert: ca, host: servername } = certificate
  const client = { port: relay.port, host: '127.0.0.1', servername, ca, ...theirs }
  const peer = tls.connect(client)
  peer.on('keylog', (line: Buffer) => relay.keys.add(line))
  const [local] = await Promise.all([accepted, once(peer, 'secureConnect')])
  return { local, peer, relay }
}

/** A relay before a server that listens from now on, both until the test is over. */
async function behind(server: Server, options: MoreOptions['relay'] = {}): Promise<Relay> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const relay = await startRelay({ port: portOf(server), ...options })
  onTestFinished(relay.close)
  return relay
}

export function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}
