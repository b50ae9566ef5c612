/**
 * Probes how a server closes TLS: each question on a connection of its own, one after the other. A connection offers the
 * session of one that ended in a certain way, so that it tells too whether such an ending leaves sessions usable.
 */
import { hash } from 'node:crypto'
import process from 'node:process'
import type { OpenSSL, SslContext } from '../../openssl/index.js'
import { loadOpenSSL } from '../../openssl/index.js'
import type { TlsVersion } from '../../tls/versions.js'
import { parseProxy, type ProxyAddress } from '../transport/proxy-address.js'
import { parseTarget, type Target, targetName } from '../transport/target.js'
import { packageVersion } from '../version.js'
import { adviceFor } from './advice.js'
import { askForCcc } from './ccc.js'
import {
  type Connection,
  type ConnectionOptions,
  type Destination,
  type FirstConnection,
  firstOf,
  isFailure,
  openConnection,
  probeContext,
} from './connection.js'
import { type CheckedProbeOptions, checkProbeOptions, type ProbeOptions, withRequest } from './options.js'
import { OutOfTime, outOfTime } from './out-of-time.js'
import { ask, tenths } from './questions.js'
import { bytesRequest, h2Request, http1Request, misfit, type ProbeRequest } from './request.js'
import type {
  Answer,
  Answers,
  Ccc,
  CloseKind,
  Failure,
  ProbeResult,
  ProbeSettings,
  Question,
  Resumption,
  VersionResult,
} from './result.js'
import { copyOfSession, ends, nextOffer, offering, resumptionOf } from './sessions.js'

/**
 * Probes one server. What is wrong with the server is a result: the promise rejects for wrong options, for a libssl that
 * cannot be loaded, with the reason of `signal`, and with a TransportFailure where this machine has no file descriptor or
 * memory left for a connection.
 *
 * @param target `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT; what `loadOpenSSL` throws
 * @see RFC 8446 section 6.1
 */
export async function probe(target: string, options?: ProbeOptions): Promise<ProbeResult> {
  return await new Prober(options).probe(target)
}

/** Probes many servers with the same options: contexts and requests are made once. */
export class Prober {
  readonly #options: CheckedProbeOptions
  readonly #openssl: OpenSSL
  readonly #contexts = new Map<TlsVersion, SslContext>()

  /** @throws as `probe()` */
  constructor(options?: ProbeOptions) {
    this.#options = checkProbeOptions(options)
    this.#openssl = loadOpenSSL(this.#options.library)
    try {
      for (const version of this.#options.versions) this.#contextFor(version)
    } catch (error) {
      this.free()
      throw error
    }
  }

  /** `signal` ends this probe, as that of the options ends all. */
  async probe(text: string, signal?: AbortSignal): Promise<ProbeResult> {
    const { starttls, totalTimeout } = this.#options
    const target = parseTarget(text, starttls === undefined ? {} : { starttls })
    const budget = new AbortController()
    let timer: NodeJS.Timeout | undefined
    // What is waited for before is not the server's time.
    const onBegin = (): void => {
      timer ??= setTimeout(() => budget.abort(new OutOfTime()), totalTimeout)
    }
    const signals = [signal, this.#options.signal, budget.signal].filter((each) => each !== undefined)
    try {
      const run = new Run(this.#options, this.#openssl, target, await this.#requestFor(target), {
        onBegin,
        signal: AbortSignal.any(signals),
      })
      const versions: VersionResult[] = []
      for (const version of this.#options.versions) {
        if (budget.signal.aborted && versions.length > 0) {
          versions.push({ kind: 'failed', version, failure: outOfTime('connect') })
          continue
        }
        const result = await run.version(version, this.#contextFor(version))
        versions.push(result)
        // Where there is no TCP there is no other version of TLS either.
        if (result.kind === 'failed' && isBeforeTls(result.failure)) break
      }
      return this.#result(text.trim(), target, { address: run.address, versions })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Frees what all probes share. */
  free(): void {
    for (const context of this.#contexts.values()) context.free()
    this.#contexts.clear()
  }

  /** {@link Prober.free}, for `using`. */
  [Symbol.dispose](): void {
    this.free()
  }

  #contextFor(version: TlsVersion): SslContext {
    const kept = this.#contexts.get(version)
    if (kept !== undefined) return kept
    const { cert, key, ca, request } = this.#options
    const alpn = this.#options.alpn ?? (request === 'h2' ? ['h2'] : undefined)
    const context = probeContext(this.#openssl, version, {
      ...(alpn !== undefined && { alpn }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(ca !== undefined && { ca }),
    })
    this.#contexts.set(version, context)
    return context
  }

  async #requestFor(target: Target): Promise<ProbeRequest> {
    const { request, path, userAgent, servername } = this.#options
    if (request === 'none') return bytesRequest(Buffer.alloc(0))
    if (typeof request !== 'string') return bytesRequest(request)
    // The zone of an address belongs to this machine: RFC 6874 section 4.
    const host = servername ?? target.host.replace(/%.*$/s, '')
    const authority = targetName({ host, port: target.port })
    const asked = { authority: authority.replace(/:443$/, ''), path, userAgent }
    return request === 'h2' ? await h2Request(asked) : http1Request(asked)
  }

  /** The result of a target of which nothing else is known than that it failed. */
  failed(text: string, failure: Failure): ProbeResult {
    const [version = 'TLSv1.3'] = this.#options.versions
    return this.#result(text, { host: text, port: 0 }, { versions: [{ kind: 'failed', version, failure }] })
  }

  /** ms that a probe takes, at most. */
  get totalTimeout(): number {
    return this.#options.totalTimeout
  }

  /** What the results depend on, as JSON. */
  get settings(): object {
    const { request, versions, questions, path, userAgent, maxBytes, totalTimeout, servername, proxy, family } =
      this.#options
    const { cert, ca } = this.#options
    return {
      ...this.#settings(),
      ...{ versions, questions, path, userAgent, maxBytes, totalTimeout },
      ...(typeof request !== 'string' && { bytes: Buffer.from(request).toString('base64') }),
      ...(servername !== undefined && { servername }),
      ...(family !== undefined && { family }),
      ...(cert !== undefined && { cert: hash('sha256', cert) }),
      ...(ca !== undefined && { ca: hash('sha256', ca) }),
      ...(proxy !== undefined && { proxy: proxyName(parseProxy(proxy)) }),
      library: this.#openssl.version,
    }
  }

  #settings(): ProbeSettings {
    const { request, starttls, ccc, alpn, wait, timeout, idle } = this.#options
    return {
      request: typeof request === 'string' ? request : 'bytes',
      ...(starttls !== undefined && { starttls }),
      ...(ccc !== undefined && { ccc: ccc.login === undefined ? ('no-login' as const) : ('login' as const) }),
      ...(alpn !== undefined && { alpn }),
      ...{ wait, timeout },
      ...(idle !== undefined && { idle }),
    }
  }

  #result(
    text: string,
    { host, port }: Target,
    { address, versions }: { address?: string | undefined; versions: readonly VersionResult[] },
  ): ProbeResult {
    return {
      ...{ format: 1, kind: 'probe', target: text, host, port },
      ...(address !== undefined && { address }),
      date: new Date().toISOString(),
      madeBy: { 'close-notify': packageVersion(), node: process.versions.node, library: this.#openssl.version },
      settings: this.#settings(),
      versions,
    }
  }
}

/** Without its user and password, however they were written. */
function proxyName({ kind, host, port }: ProxyAddress): string {
  return `${kind}://${targetName({ host, port })}`
}

/** The probe of one server. */
class Run {
  address: string | undefined
  readonly #options: CheckedProbeOptions
  #destination: Destination
  readonly #request: ProbeRequest
  readonly #openssl: OpenSSL
  readonly #onBegin: () => void
  readonly #signal: AbortSignal
  /** How far the last connection came. */
  #stage: Failure['stage'] = 'connect'

  constructor(
    options: CheckedProbeOptions,
    openssl: OpenSSL,
    target: Target,
    request: ProbeRequest,
    { onBegin, signal }: { onBegin: () => void; signal: AbortSignal },
  ) {
    this.#openssl = openssl
    const { starttls, proxy, family, timeout, servername } = options
    this.#options = options
    this.#request = request
    this.#onBegin = onBegin
    this.#signal = signal
    this.#destination = {
      target,
      servername: servername ?? target.servername,
      timeout,
      ...(starttls !== undefined && { starttls }),
      ...(proxy !== undefined && { proxy }),
      ...(family !== undefined && { family }),
    }
  }

  async version(version: TlsVersion, context: SslContext): Promise<VersionResult> {
    const answers: { -readonly [K in keyof Answers]: Answers[K] } = {}
    const resumption: Record<CloseKind, Resumption> = {
      afterResponse: 'not-asked',
      afterCloseNotify: 'not-asked',
      afterFin: 'not-asked',
    }
    const sessions = new Map<CloseKind, Buffer>()
    let first: FirstConnection | undefined
    let fastest: number | undefined
    for (const question of this.#options.questions) {
      const offered = offering.includes(question) ? nextOffer(sessions, resumption) : undefined
      const session = offered === undefined ? undefined : sessions.get(offered)
      const outcome = await this.#ask(question, context, session, {
        connected: (connection) => {
          const { servername, target } = this.#destination
          first ??= firstOf(connection, servername === undefined ? target.host : undefined)
          if (connection.connect !== undefined) fastest = Math.min(fastest ?? Infinity, connection.connect)
          if (offered !== undefined) resumption[offered] = resumptionOf(connection)
        },
        asked: (kept) => {
          const kind = ends[question]
          if (kind === undefined) return
          if (kept === undefined) resumption[kind] = 'no-session'
          else sessions.set(kind, kept)
        },
      })
      if (outcome === 'out-of-time') break
      if (first === undefined && outcome.kind === 'not-observed') {
        return { kind: 'failed', version, failure: outcome.failure }
      }
      answers[question] = outcome
    }
    if (first === undefined) return { kind: 'failed', version, failure: outOfTime(this.#stage) }
    for (const question of this.#options.questions) {
      answers[question] ??= { kind: 'not-observed', failure: outOfTime('request') }
    }
    for (;;) {
      const left = nextOffer(sessions, resumption)
      if (left === undefined) break
      const found = await this.#resume(context, sessions.get(left))
      if (found === undefined) break
      resumption[left] = found
    }
    const ccc = await this.#ccc(context)
    const { cipher, alpn, certificate, handshake } = first
    return {
      ...{ kind: 'probed', version },
      ...(cipher !== undefined && { cipher }),
      ...(alpn !== undefined && { alpn }),
      certificate,
      ...(fastest !== undefined && { connect: tenths(fastest) }),
      ...{ handshake: tenths(handshake), answers, resumption },
      ...(ccc !== undefined && { ccc }),
      advice: adviceFor({ answers, resumption, ccc }),
    }
  }

  /** All connections go to one address: behind a name may be servers that close differently. */
  #stayAt({ address, connect }: Connection): void {
    const isProxied = connect === undefined
    if (this.address !== undefined || isProxied) return
    this.address = address
    const { target } = this.#destination
    // Some STARTTLS dialogues name the host.
    this.#destination = { ...this.#destination, target: { ...target, host: address } }
  }

  /** A connection for nothing but to offer a session; undefined where it does not come to be. */
  async #resume(context: SslContext, der: Buffer | undefined): Promise<Resumption | undefined> {
    try {
      const connection = await this.#connect(context, der, { onData: () => {} })
      if (isFailure(connection)) return undefined
      const found = resumptionOf(connection)
      connection.wire.closeNotify()
      connection.wire.destroy()
      return found
    } catch (error) {
      if (error instanceof OutOfTime) return undefined
      throw error
    }
  }

  /** Undefined where it is not asked. */
  async #ccc(context: SslContext): Promise<Ccc | undefined> {
    const { ccc, wait } = this.#options
    if (ccc === undefined) return undefined
    const connect = (options: Pick<ConnectionOptions, 'onData'>) => this.#connect(context, undefined, options)
    try {
      return await askForCcc({ connect, login: ccc.login, wait, signal: this.#signal })
    } catch (error) {
      if (error instanceof OutOfTime) return { kind: 'not-observed', failure: outOfTime(this.#stage) }
      throw error
    }
  }

  async #connect(
    context: SslContext,
    der: Buffer | undefined,
    options: Pick<ConnectionOptions, 'onData' | 'incoming'>,
  ): Promise<Connection | Failure> {
    const session = der === undefined ? undefined : this.#openssl.sessionFrom(der)
    this.#stage = this.#destination.starttls === undefined ? 'connect' : 'starttls'
    try {
      const outcome = await openConnection(this.#destination, context, {
        ...options,
        signal: this.#signal,
        ...(session !== undefined && { session }),
        onBegin: this.#onBegin,
        onTransport: () => {
          this.#stage = 'handshake'
        },
      })
      if (!isFailure(outcome)) this.#stage = 'request'
      return outcome
    } finally {
      session?.free()
    }
  }

  /** `connected` gets the connection behind its handshake, `asked` the session that it leaves behind the answer. */
  async #ask(
    question: Question,
    context: SslContext,
    der: Buffer | undefined,
    { connected, asked }: { connected: (connection: Connection) => void; asked: (kept: Buffer | undefined) => void },
  ): Promise<Answer | 'out-of-time'> {
    const { wait, timeout, maxBytes, idle = 0 } = this.#options
    const reader = this.#request.newReader()
    let wire: Connection['wire'] | undefined
    let isRequested = false
    // A server of HTTP/2 may send its settings with the handshake; the client's preface has to come before all else.
    const toAnswer: Buffer[] = []
    const answer = (): void => {
      if (isRequested) for (const bytes of toAnswer.splice(0)) wire?.write(bytes)
    }
    const onData = (bytes: Buffer): void => {
      const due = reader.push(bytes)
      if (due !== undefined && due.length > 0) toAnswer.push(due)
      answer()
    }
    const sendRequest = (): void => {
      wire?.write(this.#request.bytes)
      isRequested = true
      answer()
    }
    try {
      const connection = await this.#connect(context, der, { onData })
      if (isFailure(connection)) return { kind: 'not-observed', failure: connection }
      wire = connection.wire
      this.#stayAt(connection)
      connected(connection)
      const failure = withRequest.includes(question) ? misfit(this.#request.kind, wire.ssl.getAlpn()) : undefined
      if (failure !== undefined) return { kind: 'not-observed', failure }
      const found = await ask[question]({
        ...{ wire, request: this.#request, reader, sendRequest, signal: this.#signal },
        roundTrip: Math.max(connection.connect ?? connection.handshake, 1),
        limits: { wait, timeout, maxBytes, idle },
      })
      asked(copyOfSession(wire))
      return found
    } catch (error) {
      if (error instanceof OutOfTime) return 'out-of-time'
      throw error
    } finally {
      wire?.destroy()
    }
  }
}

function isBeforeTls({ stage }: Failure): boolean {
  return stage !== 'handshake' && stage !== 'request'
}
