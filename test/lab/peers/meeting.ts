/**
 * Node's own TLS client and a peer, with the recording relay between them.
 *
 *     const { client, wire, peer } = await meet('silent', 'TLSv1.3')
 *     client.write(request('keep-alive'))
 *     await wholeResponse(wire)
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { expect, onTestFinished, vi } from 'vitest'
import type { PeerOptions } from '../../../lib/lab/peers/options.js'
import { type Peer, startPeer } from '../../../lib/lab/peers/peer.js'
import type { PeerLogEntry } from '../../../lib/lab/peers/log.js'
import type { ServerProfileName } from '../../../lib/lab/peers/profiles.js'
import type { TlsVersion } from '../../../lib/tls/versions.js'
import { startRelay } from '../../support/relay.js'
import { once } from '../../support/streams.js'
import type { Wire } from '../../support/wire.js'

export interface Meeting {
  readonly peer: Peer
  readonly client: TLSSocket
  /** Beneath TLS. */
  readonly tcp: Socket
  readonly wire: Wire
}

/** The body of a response in these tests: two records. */
export const body = 10_000

/** No test waits for these. */
const patient = { patience: 30_000, hold: 30_000, timeout: 30_000 }

export async function started(profile: ServerProfileName, options: PeerOptions = {}): Promise<Peer> {
  const peer = await startPeer(profile, { ...patient, body, ...options })
  onTestFinished(() => peer.close())
  return peer
}

/** With the handshake begun, and completed where `secured`. */
export async function meet(
  profile: ServerProfileName,
  version: TlsVersion,
  { secured = true, ...options }: PeerOptions & { readonly secured?: boolean } = {},
): Promise<Meeting> {
  const peer = await started(profile, { ...options, versions: [version] })
  const relay = await startRelay({ port: peer.port })
  onTestFinished(relay.close)
  const tcp = connectTcp({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true })
  const settings = { socket: tcp, servername: 'localhost', ca: peer.ca, allowHalfOpen: true } as const
  const client = connect({ ...settings, minVersion: version, maxVersion: version })
  client.on('keylog', (line) => relay.keys.add(line))
  client.on('error', () => {})
  tcp.on('error', () => {})
  onTestFinished(() => void tcp.destroy())
  if (secured) await once(client, 'secureConnect')
  client.resume()
  return { peer, client, tcp, wire: await relay.nextWire() }
}

export function request(connection: 'keep-alive' | 'close'): string {
  return `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: ${connection}\r\n\r\n`
}

/** Waits until the body's last bytes have come, in the framing content-length. */
export async function wholeResponse(wire: Wire): Promise<void> {
  await vi.waitFor(() => expect(bodyOf(wire)).toHaveLength(body), { timeout: 20_000 })
}

export function bodyOf(wire: Wire): Buffer {
  const data = wire.data('server')
  const head = data.indexOf('\r\n\r\n')
  return head === -1 ? Buffer.alloc(0) : data.subarray(head + 4)
}

/** The first entry of the log. */
export async function entryOf(peer: Peer): Promise<PeerLogEntry> {
  return await vi.waitFor(
    () => {
      const [entry] = peer.log
      if (entry === undefined) throw new Error('Expected an entry in the log')
      return entry
    },
    { timeout: 20_000 },
  )
}
