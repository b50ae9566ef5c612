/**
 * Probes how a server closes TLS: each question on a connection of its own, one after the other. A connection offers the
 * session of one that ended in a certain way, so that it tells too whether such an ending leaves sessions usable.
 */
import process from 'node:process'
import type { OpenSSL, SslContext } from '../../openssl/index.js'
import { loadOpenSSL } from '../../openssl/index.js'
import type { TlsVersion } from '../../tls/versions.js'
import { parseTarget, type Target, targetName } from '../transport/target.js'
import { packageVersion } from '../version.js'
import type { Wire } from '../wire/wire.js'
import { adviceFor } from './advice.js'
import { askForCcc } from './ccc.js'
import {
  certificateOf,
  type Connection,
  type ConnectionOptions,
  type Destination,
  isFailure,
  openConnection,
  probeContext,
} from './connection.js'
import { type CheckedProbeOptions, checkProbeOptions, type ProbeOptions } from './options.js'
import { ask, tenths } from './questions.js'
import { bytesRequest, h2Request, http1Request, type ProbeRequest } from './request.js'
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

/**
 * Probes one server. What is wrong with the server is a result: the promise rejects for wrong options, for a libssl that
 * cannot be loaded, and with the reason of `signal`.
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
  }

  /** `signal` ends this probe, as that of the options ends all. */
  async probe(text: string, signal?: AbortSignal): Promise<ProbeResult> {
    const { starttls, totalTimeout } = this.#options
    const target = parseTarget(text, starttls === undefined ? {} : { starttls })
    const budget = new AbortController()
    const timer = setTimeout(() => budget.abort(new OutOfTime()), totalTimeout)
    const signals = [signal, this.#options.signal, budget.signal].filter((each) => each !== undefined)
    try {
      const run = new Run(
        this.#options,
        this.#openssl,
        target,
        await this.#requestFor(target),
        AbortSignal.any(signals),
      )
      const versions: VersionResult[] = []
      for (const version of this.#options.versions) {
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
    const authority = servername === undefined ? targetName(target) : `${servername}:${target.port}`
    const asked = { authority: authority.replace(/:443$/, ''), path, userAgent }
    return request === 'h2' ? await h2Request(asked) : http1Request(asked)
  }

  /** The result of a target of which nothing else is known than that it failed. */
  failed(text: string, failure: Failure): ProbeResult {
    const [version = 'TLSv1.3'] = this.#options.versions
    return this.#result(text, { host: text, port: 0 }, { versions: [{ kind: 'failed', version, failure }] })
  }

  /** What the results depend on, as JSON. */
  get settings(): object {
    const { request, versions, questions, path, userAgent, maxBytes, totalTimeout, servername, proxy } = this.#options
    return {
      ...this.#settings(),
      ...{ versions, questions, path, userAgent, maxBytes, totalTimeout },
      ...(typeof request !== 'string' && { bytes: Buffer.from(request).toString('base64') }),
      ...(servername !== undefined && { servername }),
      ...(proxy !== undefined && { proxy: proxy.replace(/\/\/[^@/]*@/, '//') }),
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

class OutOfTime extends Error {}

/**
 * Questions whose connections offer a session. A resumed connection may bring no session of its own, so that these are
 * not those that one is taken from.
 */
const offering: readonly Question[] = ['onCloseNotifyAfterRequest', 'onFinInRequest', 'idle']

/** The way in which the connection of a question ends. */
const ends: Readonly<Partial<Record<Question, CloseKind>>> = {
  afterResponse: 'afterResponse',
  onCloseNotify: 'afterCloseNotify',
  onFin: 'afterFin',
}

/** The probe of one server. */
class Run {
  address: string | undefined
  readonly #options: CheckedProbeOptions
  #destination: Destination
  readonly #request: ProbeRequest
  readonly #openssl: OpenSSL
  readonly #signal: AbortSignal

  constructor(
    options: CheckedProbeOptions,
    openssl: OpenSSL,
    target: Target,
    request: ProbeRequest,
    signal: AbortSignal,
  ) {
    this.#openssl = openssl
    const { starttls, proxy, family, timeout, servername } = options
    this.#options = options
    this.#request = request
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
      const outcome = await this.#ask(question, context, session, (connection, kept) => {
        first ??= firstOf(connection)
        if (connection.connect !== undefined) fastest = Math.min(fastest ?? Infinity, connection.connect)
        if (offered !== undefined) resumption[offered] = resumptionOf(connection)
        const kind = ends[question]
        if (kind === undefined) return
        if (kept === undefined) resumption[kind] = 'no-session'
        else sessions.set(kind, kept)
      })
      if (outcome === 'out-of-time') break
      if (first === undefined && outcome.kind === 'not-observed') {
        return { kind: 'failed', version, failure: outcome.failure }
      }
      answers[question] = outcome
    }
    if (first === undefined) return { kind: 'failed', version, failure: { stage: 'connect', reason: 'timeout' } }
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

  /** Undefined where it is not asked, or the time is over. */
  async #ccc(context: SslContext): Promise<Ccc | undefined> {
    const { ccc, wait } = this.#options
    if (ccc === undefined) return undefined
    const connect = (options: Pick<ConnectionOptions, 'onData'>) => this.#connect(context, undefined, options)
    try {
      return await askForCcc({ connect, login: ccc.login, wait, signal: this.#signal })
    } catch (error) {
      if (error instanceof OutOfTime) return undefined
      throw error
    }
  }

  async #connect(
    context: SslContext,
    der: Buffer | undefined,
    options: Omit<ConnectionOptions, 'session' | 'signal'>,
  ): Promise<Connection | Failure> {
    const session = der === undefined ? undefined : this.#openssl.sessionFrom(der)
    try {
      return await openConnection(this.#destination, context, {
        ...options,
        signal: this.#signal,
        ...(session !== undefined && { session }),
      })
    } finally {
      session?.free()
    }
  }

  /** `done` gets the connection while its SSL still is there, and the session that it leaves. */
  async #ask(
    question: Question,
    context: SslContext,
    der: Buffer | undefined,
    done: (connection: Connection, kept: Buffer | undefined) => void,
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
      const found = await ask[question]({
        ...{ wire, request: this.#request, reader, sendRequest, signal: this.#signal },
        roundTrip: Math.max(connection.connect ?? connection.handshake, 1),
        limits: { wait, timeout, maxBytes, idle },
      })
      done(connection, copyOfSession(wire))
      return found
    } catch (error) {
      if (error instanceof OutOfTime) return 'out-of-time'
      throw error
    } finally {
      wire?.destroy()
    }
  }
}

/** The next way of ending of which there is a session that was not offered yet. */
function nextOffer(
  sessions: ReadonlyMap<CloseKind, Buffer>,
  resumption: Readonly<Record<CloseKind, Resumption>>,
): CloseKind | undefined {
  return [...sessions.keys()].find((kind) => resumption[kind] === 'not-asked')
}

function resumptionOf({ wire }: Connection): Resumption {
  return wire.ssl.sessionReused() ? 'resumed' : 'full-handshake'
}

/**
 * The session, where it can be resumed. A copy: OpenSSL marks the session of an SSL that is freed without a close_notify
 * as not resumable, and whether the server thinks so too is the question.
 */
function copyOfSession({ ssl, newSession }: Wire): Buffer | undefined {
  const session = ssl.getSession()
  try {
    return session?.isResumable() === true ? session.toBuffer() : newSession
  } finally {
    session?.free()
  }
}

interface FirstConnection {
  readonly cipher: string | undefined
  readonly alpn: string | undefined
  readonly certificate: ReturnType<typeof certificateOf>
  readonly handshake: number
}

function firstOf({ wire, handshake }: Connection): FirstConnection {
  const { ssl } = wire
  return { cipher: ssl.getCipher(), alpn: ssl.getAlpn(), certificate: certificateOf(ssl), handshake }
}

function isBeforeTls({ stage }: Failure): boolean {
  return stage !== 'handshake' && stage !== 'request'
}
