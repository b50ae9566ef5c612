/** A server that plays a profile, to test clients against. */
import { createServer, type Server, type Socket } from 'node:net'
import { loadOpenSSL, type SslContext } from '../../openssl/index.js'
import { ClosureError } from '../../errors.js'
import { type Credentials, makeCredentials } from '../credentials.js'
import { playServer } from './connection.js'
import type { PeerLogEntry } from './log.js'
import { type CheckedPeerOptions, checkPeerOptions, type PeerOptions, versionRange } from './options.js'
import {
  checkServerProfile,
  type Profile,
  profileOf,
  serverDefinition,
  serverProfileNames,
  type ServerProfileName,
} from './profiles.js'

/** A server that plays a profile, with its log; made by {@link startPeer}, or with others by `startFleet()`. */
export interface Peer {
  readonly profile: Profile
  readonly port: number
  readonly host: string
  /** PEM: who trusts this trusts the peer. */
  readonly ca: string
  /** One entry for each connection that has ended. Grows as they end. */
  readonly log: readonly PeerLogEntry[]
  /** Connections that have not ended. */
  readonly open: number
  /** Ends every connection at once and frees the port. Resolves when each has its entry. Twice is harmless. */
  readonly close: () => Promise<void>
  /** As close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a server that plays a profile on every connection, and keeps a log of how the other sides close. Nothing that
 * a client does throws.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for a profile or an option; what `loadOpenSSL` and
 * `OpenSSL.createContext` throw. The system's error where it cannot listen there.
 */
export async function startPeer(profile: ServerProfileName, options?: PeerOptions): Promise<Peer> {
  const host = await hostProfile(profile, options)
  const { port, host: address } = host.options
  try {
    const server = await listen(port, address, (socket) => host.accept(socket))
    return peerOf(host, server, () => closeServer(server))
  } catch (error) {
    await host.close()
    throw error
  }
}

/** A profile with its log, which is handed its connections. */
export class ProfileHost {
  readonly profile: Profile
  readonly options: CheckedPeerOptions
  readonly ca: string
  readonly log: PeerLogEntry[] = []
  readonly #context: SslContext
  readonly #running = new Map<Promise<void>, AbortController>()
  #connections = 0
  #isClosed = false

  constructor(name: ServerProfileName, options: CheckedPeerOptions, credentials: Credentials) {
    this.profile = profileOf(name)
    this.options = options
    this.ca = credentials.cert
    this.#context = contextOf(name, options, credentials)
  }

  get open(): number {
    return this.#running.size
  }

  accept(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy()
      return
    }
    const controller = new AbortController()
    this.#connections += 1
    const { name } = this.profile
    const playing: Promise<void> = playServer(socket, {
      profile: name,
      definition: serverDefinition(checkServerProfile(name)),
      context: this.#context,
      options: this.options,
      connection: this.#connections,
      signal: controller.signal,
    }).then(
      (entry) => {
        this.log.push(entry)
        this.#running.delete(playing)
        const { onEntry } = this.options
        // Outside of the promise: what it throws is the caller's.
        if (onEntry !== undefined) queueMicrotask(() => onEntry(entry))
      },
      () => {
        // There was no memory for an SSL.
        socket.destroy()
        this.#running.delete(playing)
      },
    )
    this.#running.set(playing, controller)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const controller of this.#running.values()) {
      controller.abort(new ClosureError('ERR_CLOSURE_CLOSED', 'The peer was closed'))
    }
    await Promise.all(this.#running.keys())
    this.#context.free()
  }
}

/** Checks the options and makes what a profile needs. */
export async function hostProfile(profile: ServerProfileName, options?: PeerOptions): Promise<ProfileHost> {
  const name = checkServerProfile(profile)
  const checked = checkPeerOptions(profileOf(name), options)
  return new ProfileHost(name, checked, checked.credentials ?? (await peerCredentials()))
}

export function peerOf(host: ProfileHost, server: Server, stop: () => Promise<void>): Peer {
  const { profile, ca, log } = host
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : host.options.port
  const close = async (): Promise<void> => {
    await Promise.all([stop(), host.close()])
  }
  return {
    profile,
    port,
    host: host.options.host,
    ca,
    log,
    get open() {
      return host.open
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** @throws the system's error */
export function listen(port: number, host: string, accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, backlog: 4096 }, () => {
      server.off('error', reject)
      // What the system says later concerns one connection that did not come to be.
      server.on('error', () => {})
      resolve(server)
    })
  })
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()))
}

let made: Promise<Credentials> | undefined

/** For every name under which a profile can be asked for; the same ones whenever this process asks. */
function peerCredentials(): Promise<Credentials> {
  made ??= makeCredentials({
    host: 'localhost',
    ca: true,
    alsoFor: serverProfileNames.map((name) => `${name}.localhost`),
  })
  return made
}

// Those whose records can be forged: AES-GCM and ChaCha20-Poly1305.
const ciphers = 'ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM'

function contextOf(name: ServerProfileName, options: CheckedPeerOptions, credentials: Credentials): SslContext {
  const { versions, library } = options
  const { forges, tickets = 0 } = serverDefinition(name)
  const openssl = loadOpenSSL(library)
  return openssl.createContext({
    side: 'server',
    ...versionRange(versions),
    key: credentials.key,
    cert: credentials.cert,
    ciphers,
    sessionCache: 'off',
    ...(openssl.kind === 'OpenSSL' && { tickets }),
    ...(forges !== undefined && { keylog: true }),
  })
}
