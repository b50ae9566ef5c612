// The two SSL objects of a scenario and the channels between them. Every step is performed here and returns its result.
import { ClosureError } from '../../errors.js'
import type { OpenSSL, Ssl, SslContext, SslContextOptions, SslResult, SslSession } from '../../openssl/index.js'
import type { Credentials } from '../credentials.js'
import { KeyLog } from '../../tls/keys.js'
import { Session } from '../../tls/records.js'
import { shutdownFlags, shutdownMask } from '../../tls/shutdown-flags.js'
import { Channel } from './channel.js'
import type { Actor, ActorOptions, Observation, Scenario, SslCall, Step } from './types.js'
import type { TlsVersion } from '../../tls/versions.js'

/** The result of a step, without the names of step and actor. */
export type StepResult = Omit<Observation, 'step' | 'actor' | 'call'>

const actors = ['client', 'server'] as const

export class Stage {
  readonly #openssl: OpenSSL
  readonly #contexts: Readonly<Record<Actor, SslContext>>
  readonly #maxOutput: Readonly<Record<Actor, number | undefined>>
  readonly #held: Partial<Record<Actor, SslSession>> = {}
  #pair: Readonly<Record<Actor, Endpoint>>

  constructor(openssl: OpenSSL, scenario: Scenario, tls: TlsVersion, credentials: Credentials) {
    this.#openssl = openssl
    this.#contexts = {
      client: openssl.createContext(contextOptions(openssl, 'client', scenario.client ?? {}, tls)),
      server: openssl.createContext({
        ...contextOptions(openssl, 'server', scenario.server ?? {}, tls),
        cert: credentials.cert,
        key: credentials.key,
      }),
    }
    this.#maxOutput = { client: scenario.client?.maxOutput, server: scenario.server?.maxOutput }
    this.#pair = this.#newPair()
  }

  free(): void {
    for (const actor of actors) {
      this.#pair[actor].free()
      this.#held[actor]?.free()
      this.#contexts[actor].free()
    }
  }

  perform(step: Step): StepResult {
    if ('by' in step) return this.#call(step.by, step)
    switch (step.do) {
      case 'handshake':
        return this.#handshake(step.tickets === 'unread')
      case 'transfer': {
        const sender = this.#pair[step.from]
        sender.flush()
        const { bytes, wire } = sender.channel.take(step.holdBack ?? 0)
        if (step.corrupt && bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
        this.#peerOf(step.from).receive(bytes)
        return { wire }
      }
      case 'eof':
        this.#pair[step.to].ssl.receiveEof()
        return {}
      case 'forge': {
        const sender = this.#pair[step.from]
        const { channel, ssl } = sender
        sender.flush()
        if (!channel.canForge(ssl.inInit())) return { note: 'not possible: this build tells no keys' }
        channel.forge(step.record)
        return {}
      }
      case 'reconnect':
        return this.#reconnect(step.offer)
    }
  }

  #newPair(): Record<Actor, Endpoint> {
    const keys = new KeyLog()
    const session = new Session(keys)
    const endpoint = (actor: Actor) => {
      const maxOutput = this.#maxOutput[actor]
      const ssl = this.#contexts[actor].createSsl(maxOutput === undefined ? {} : { maxOutput })
      return new Endpoint(ssl, new Channel(actor, session), keys, maxOutput !== undefined)
    }
    return { client: endpoint('client'), server: endpoint('server') }
  }

  #peerOf(actor: Actor): Endpoint {
    return this.#pair[actor === 'client' ? 'server' : 'client']
  }

  /** Both sides in turn, until both are done or one fails; then what the server sends afterwards. */
  #handshake(ticketsUnread: boolean): StepResult {
    const done = { client: false, server: false }
    const { client: ofClient, server: ofServer } = this.#maxOutput
    const rounds = ofClient === undefined && ofServer === undefined ? 10 : roundsOfLimited
    for (let round = 0; round < rounds && !(done.client && done.server); round++) {
      for (const actor of actors) {
        if (done[actor]) continue
        const endpoint = this.#pair[actor]
        const result = endpoint.act((ssl) => ssl.doHandshake())
        endpoint.flush()
        const { bytes } = endpoint.channel.take(0)
        this.#peerOf(actor).receive(bytes)
        done[actor] = result.value === 1
        const failed = result.value !== 1 && !unfinished.includes(result.error)
        if (failed) return { ...resultOf(result), ...endpoint.takeEvidence(), note: `of the ${actor}` }
      }
    }
    const client = this.#pair.client
    if (!ticketsUnread) client.act((ssl) => ssl.peek(1))
    for (const actor of actors) this.#pair[actor].takeEvidence()
    return { value: done.client && done.server ? 1 : 0 }
  }

  #reconnect(offer: 'session' | 'copy'): StepResult {
    for (const actor of actors) this.#pair[actor].free()
    this.#pair = this.#newPair()
    const held = this.#held.client
    if (held === undefined) return { note: 'no session is held' }
    if (offer === 'session') return resultOf(this.#pair.client.ssl.setSession(held))
    const copy = this.#openssl.sessionFrom(held.toBuffer())
    const result = resultOf(this.#pair.client.ssl.setSession(copy))
    copy.free()
    return result
  }

  #call(actor: Actor, call: SslCall): StepResult {
    const endpoint = this.#pair[actor]
    try {
      const result = endpoint.act((ssl) => this.#invoke(actor, ssl, call))
      return { ...result, ...endpoint.takeEvidence() }
    } catch (error) {
      if (!(error instanceof ClosureError)) throw error
      return { refused: error.code, ...endpoint.takeEvidence() }
    }
  }

  #invoke(actor: Actor, ssl: Ssl, call: SslCall): StepResult {
    switch (call.do) {
      case 'SSL_do_handshake':
        return resultOf(ssl.doHandshake())
      case 'SSL_shutdown':
        return resultOf(ssl.shutdown())
      case 'SSL_shutdown_ex':
        return resultOf(ssl.shutdownEx())
      case 'SSL_renegotiate':
        return resultOf(ssl.renegotiate())
      case 'SSL_verify_client_post_handshake':
        return resultOf(ssl.verifyClientPostHandshake())
      case 'SSL_set_verify':
        ssl.setVerify(call.mode)
        return {}
      case 'SSL_key_update':
        return resultOf(ssl.keyUpdate(call.update))
      case 'SSL_read':
      case 'SSL_peek': {
        const result = call.do === 'SSL_read' ? ssl.read(call.bytes) : ssl.peek(call.bytes)
        return { ...resultOf(result), ...(result.data.length > 0 && { data: result.data.toString() }) }
      }
      case 'SSL_write':
        return resultOf(ssl.write(Buffer.from(call.data)))
      case 'SSL_in_init':
        return { value: Number(ssl.inInit()) }
      case 'SSL_pending':
        return { value: ssl.pending() }
      case 'SSL_has_pending':
        return { value: Number(ssl.hasPending()) }
      case 'SSL_session_reused':
        return { value: Number(ssl.sessionReused()) }
      case 'SSL_get_shutdown':
        return {}
      case 'SSL_get_quiet_shutdown':
        return { value: Number(ssl.getQuietShutdown()) }
      case 'SSL_set_shutdown':
        ssl.setShutdown(shutdownMask(call.flags))
        return {}
      case 'SSL_set_quiet_shutdown':
        ssl.setQuietShutdown(call.quiet)
        return {}
      case 'SSL_get1_session': {
        this.#held[actor]?.free()
        const session = ssl.getSession()
        if (session !== undefined) this.#held[actor] = session
        return { value: session === undefined ? 0 : 1 }
      }
      case 'SSL_SESSION_is_resumable': {
        const held = this.#held[actor]
        return held === undefined ? { note: 'no session is held' } : { value: Number(held.isResumable()) }
      }
      case 'SSL_free':
        this.#pair[actor].free()
        return {}
    }
  }
}

/** Of SSL_do_handshake, where it is to be called again. */
const unfinished: readonly string[] = ['SSL_ERROR_WANT_READ', 'SSL_ERROR_WANT_WRITE']

/** Enough for a handshake of some KiB whose output takes a few bytes at a time. */
const roundsOfLimited = 4096

/** One SSL object with the channel that it writes into. */
class Endpoint {
  readonly ssl: Ssl
  readonly channel: Channel
  readonly #keys: KeyLog
  readonly #holdsOutput: boolean
  #freed = false
  #alerts: string[] = []
  #newSessions = 0

  /** `holdsOutput`: what it writes stays with it until flush(), for its output is limited. */
  constructor(ssl: Ssl, channel: Channel, keys: KeyLog, holdsOutput: boolean) {
    this.ssl = ssl
    this.channel = channel
    this.#keys = keys
    this.#holdsOutput = holdsOutput
  }

  /** The bytes that it wrote go into the channel at once, keys first, unless it holds them. */
  act<T>(action: (ssl: Ssl) => T): T {
    try {
      return action(this.ssl)
    } finally {
      if (!this.#freed) this.#collect()
    }
  }

  /** Into the channel with all that it has written. */
  flush(): void {
    if (!this.#freed) this.channel.write(this.ssl.transmit())
  }

  receive(bytes: Uint8Array): void {
    if (!this.#freed && bytes.length > 0) this.ssl.receive(bytes)
  }

  /** Flags now; alerts and sessions since the last time. */
  takeEvidence(): Pick<StepResult, 'flags' | 'alerts' | 'newSessions'> {
    const evidence = {
      ...(this.#alerts.length > 0 && { alerts: this.#alerts }),
      ...(this.#newSessions > 0 && { newSessions: this.#newSessions }),
      ...(!this.#freed && { flags: shutdownFlags(this.ssl.getShutdown()) }),
    }
    this.#alerts = []
    this.#newSessions = 0
    return evidence
  }

  free(): void {
    if (this.#freed) return
    this.flush()
    this.ssl.free()
    this.#freed = true
  }

  #collect(): void {
    for (const event of this.ssl.takeEvents()) {
      if (event.type === 'keylog') this.#keys.add(event.line)
      if (event.type === 'alert') this.#alerts.push(`${event.direction} ${event.level} ${event.name}`)
      if (event.type === 'new_session') this.#newSessions++
    }
    if (!this.#holdsOutput) this.flush()
  }
}

function contextOptions(openssl: OpenSSL, side: Actor, wanted: ActorOptions, tls: TlsVersion): SslContextOptions {
  return {
    side,
    minVersion: tls,
    maxVersion: tls,
    keylog: true,
    // As SSL_CTX_new(3) leaves it for servers; a client has to ask.
    sessionCache: side,
    // One suite that forging knows. Where TLS 1.3 leaves no choice, all that builds choose themselves are known.
    ...(tls === 'TLSv1.2' && { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }),
    ...(tls === 'TLSv1.3' && openssl.has('SSL_CTX_set_ciphersuites') && { ciphersuites: 'TLS_AES_128_GCM_SHA256' }),
    ...(side === 'server' && { sessionIdContext: 'close-notify' }),
    ...(wanted.options !== undefined && { options: wanted.options }),
    ...(wanted.quietShutdown !== undefined && { quietShutdown: wanted.quietShutdown }),
    ...(wanted.postHandshakeAuth !== undefined && { postHandshakeAuth: wanted.postHandshakeAuth }),
    ...(side === 'server' && tls === 'TLSv1.3' && { tickets: wanted.tickets ?? 0 }),
  }
}

function resultOf({ value, error, queue }: SslResult): StepResult {
  const reasons = queue.map((entry) => spelledAsOpenssl(entry.reason ?? 'a reason without a name'))
  return { value, error, ...(reasons.length > 0 && { reasons }) }
}

function spelledAsOpenssl(reason: string): string {
  return reason.toLowerCase().replaceAll('_', ' ')
}
