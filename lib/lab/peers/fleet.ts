/** All profiles at once: each on a port of its own, or all on one, where the name asked for (SNI) chooses. */
import type { Socket } from 'node:net'
import { helloName } from '../../tls/client-hello.js'
import { checkAll, checkBoolean, invalid, type OptionRules } from '../../options.js'
import { tlsVersions } from '../../tls/versions.js'
import { checkVersions, type PeerOptions } from './options.js'
import { closeServer, hostProfile, listen, type Peer, peerOf, type ProfileHost, startPeer } from './peer.js'
import { checkServerProfiles, profileOf, type ServerProfileName } from './profiles.js'

/** Options of {@link startFleet}. Unknown keys are refused by name. */
export interface FleetOptions {
  /** @default all profiles of servers */
  readonly profiles?: readonly ServerProfileName[]
  /** One port for all: NAME.localhost asks for the profile NAME. @default false */
  readonly sni?: boolean
  /** Of every peer. `port` is the first of as many that follow each other, or with `sni` the only one. */
  readonly peer?: PeerOptions
}

/** Peers of several profiles, which end together; made by {@link startFleet}. */
export interface Fleet {
  readonly peers: readonly Peer[]
  /** Ends all of them at once. Twice is harmless. */
  readonly close: () => Promise<void>
  /** As close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

const fleetRules = {
  profiles: { check: checkServerProfiles, unit: '', default: 'all profiles of servers' },
  sni: { check: (name, value) => checkBoolean(name, value ?? false), unit: '', default: 'false' },
  peer: { check: checkPeer, unit: '', default: 'none' },
} satisfies OptionRules<FleetOptions>

/**
 * Starts a peer for each profile that is for one of the versions asked for. Where one cannot start, those that have are
 * closed again.
 *
 * @throws as `startPeer`
 */
export async function startFleet(options?: FleetOptions): Promise<Fleet> {
  const { profiles, sni, peer } = checkAll(fleetRules, options)
  const asked = peer.versions ?? tlsVersions
  const fitting = profiles.filter((name) => profileOf(name).versions.some((version) => asked.includes(version)))
  const { peers, stop } = sni ? await onOnePort(fitting, peer) : await onManyPorts(fitting, peer)
  const close = async (): Promise<void> => {
    await Promise.all([stop(), ...peers.map((each) => each.close())])
  }
  return { peers, close, [Symbol.asyncDispose]: close }
}

interface Started {
  readonly peers: readonly Peer[]
  /** Ends what belongs to no peer. */
  readonly stop: () => Promise<void>
}

async function onManyPorts(profiles: readonly ServerProfileName[], options: PeerOptions): Promise<Started> {
  const { port = 0 } = options
  const peers: Peer[] = []
  try {
    for (const [index, profile] of profiles.entries()) {
      peers.push(await startPeer(profile, { ...options, port: port === 0 ? 0 : port + index }))
    }
    return { peers, stop: nothingMore }
  } catch (error) {
    await Promise.all(peers.map((peer) => peer.close()))
    throw error
  }
}

async function onOnePort(profiles: readonly ServerProfileName[], options: PeerOptions): Promise<Started> {
  const hosts: ProfileHost[] = []
  try {
    for (const profile of profiles) hosts.push(await hostProfile(profile, options))
    const [first] = hosts
    if (first === undefined) throw invalid('profiles', 'profiles for the versions asked for', profiles)
    const byName = new Map<string, ProfileHost>(hosts.map((host) => [`${host.profile.name}.localhost`, host]))
    const asking = new Set<Socket>()
    const server = await listen(first.options.port, first.options.host, (socket) => {
      asking.add(socket)
      chooseByName(socket, first.options.timeout, {
        hostOf: (name) => byName.get(name),
        onSettled: () => void asking.delete(socket),
      })
    })
    const stop = async (): Promise<void> => {
      const closed = closeServer(server)
      for (const socket of asking) socket.destroy()
      await closed
    }
    return { peers: hosts.map((host) => peerOf(host, server, nothingMore)), stop }
  } catch (error) {
    await Promise.all(hosts.map((host) => host.close()))
    throw error
  }
}

async function nothingMore(): Promise<void> {}

/** A ClientHello longer than this is none. */
const maxHello = 128 * 1024

// fatal, unrecognized_name: RFC 6066 section 3
const unrecognizedName = Buffer.from([21, 3, 3, 0, 2, 2, 112])

interface Choice {
  readonly hostOf: (name: string) => ProfileHost | undefined
  /** The socket has gone, or is in other hands. */
  readonly onSettled: () => void
}

/** Reads the ClientHello, hands the socket with all that came to the host of its name, or refuses it. */
function chooseByName(socket: Socket, ms: number, { hostOf, onSettled }: Choice): void {
  let bytes: Buffer = Buffer.alloc(0)
  const settle = (): void => {
    clearTimeout(timer)
    socket.off('data', onData)
    socket.off('end', onEnd)
    socket.off('error', onError)
    socket.off('close', settle)
    onSettled()
  }
  const refuse = (): void => {
    socket.off('data', onData)
    socket.resume()
    socket.end(unrecognizedName)
  }
  const onData = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk])
    const hello = helloName(bytes)
    if (hello.kind === 'incomplete' && bytes.length <= maxHello) return
    const host = hello.kind === 'hello' && hello.name !== undefined ? hostOf(hello.name) : undefined
    if (host === undefined) {
      refuse()
      return
    }
    socket.pause()
    settle()
    host.accept(socket)
    socket.unshift(bytes)
    socket.resume()
  }
  const onEnd = (): void => void socket.destroy()
  const onError = (): void => {}
  // It is for what comes afterwards too: a client that was refused and stays.
  const timer = setTimeout(() => socket.destroy(), ms)
  socket.on('data', onData)
  socket.on('end', onEnd)
  socket.on('error', onError)
  socket.on('close', settle)
}

function checkPeer(name: string, value: unknown): PeerOptions {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null) throw invalid(name, 'an object', value)
  // Each peer checks the others; by these it is chosen.
  checkVersions('versions', Reflect.get(value, 'versions'))
  return value
}
