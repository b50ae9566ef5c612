/**
 * TCP connections to a host. Every address of the host is tried, one after the other, in the order of the resolver
 * (RFC 6724): the next one only after the one before has failed, or has used up its share of the time. Node's own way,
 * autoSelectFamily, gives each address 250 ms and can have two connections under way at once: a slow host would fail, and a
 * host be asked more than once.
 */
import { isIP, Socket } from 'node:net'
import { Deadline } from '../../deadline.js'
import { codeOf, isExhaustion, TransportFailure } from './failure.js'
import { lookUp } from './lookup.js'
import { Opening } from './opening.js'

export interface ConnectOptions {
  /** Names are looked up for addresses of this family alone. */
  readonly family: 4 | 6 | undefined
  readonly localAddress: string | undefined
  readonly signal: AbortSignal
  /**
   * ms that connecting may take. An address that does not answer has its share of them, so that the others have theirs; the
   * last one has until the signal. Default: none, until the signal.
   */
  readonly timeout?: number | undefined
  /** Called when nothing is waited for any more but the resolver and the host. It may be called again for a proxy. */
  readonly onBegin?: (() => void) | undefined
}

export interface Connected {
  /** Connected, paused, without Nagle's algorithm; it stays writable when the peer ends. */
  readonly opening: Opening
  readonly address: string
  /** From the first segment to the established connection, by performance.now(). */
  readonly startedAt: number
  readonly connectedAt: number
}

/** @throws TransportFailure, or the reason of the signal */
export async function connect(host: string, port: number, options: ConnectOptions): Promise<Connected> {
  return await connectToOneOf(await addressesOf(host, options), port, options)
}

/** @throws TransportFailure of the address that failed in the most telling way, or the reason of the signal */
export async function connectToOneOf(
  addresses: readonly string[],
  port: number,
  options: ConnectOptions,
): Promise<Connected> {
  const end = performance.now() + (options.timeout ?? Infinity)
  let failure: TransportFailure | undefined
  for (const [index, address] of addresses.entries()) {
    const others = addresses.length - index - 1
    const share = others === 0 ? Infinity : Math.max(0, end - performance.now()) / (others + 1)
    try {
      return await connectTo(address, port, share, options)
    } catch (error) {
      if (!(error instanceof TransportFailure) || isExhaustion(error)) throw error
      failure = moreTelling(failure, error)
    }
  }
  throw failure ?? new TransportFailure('host-not-found', { detail: 'the name has no address' })
}

/** The addresses of a host; one that is an address has itself. */
export async function addressesOf(
  host: string,
  { family, signal, onBegin = () => {} }: Pick<ConnectOptions, 'family' | 'signal' | 'onBegin'>,
): Promise<readonly string[]> {
  if (isIP(host) !== 0) {
    onBegin()
    return [host]
  }
  try {
    const found = await unlessAborted(lookUp(host, { family, signal, onBegin }), signal)
    return found.map(({ address }) => address)
  } catch (error) {
    signal.throwIfAborted()
    const code = codeOf(error)
    const what = family === undefined ? '' : `no IPv${family} address of `
    const detail = code === 'EAI_AGAIN' ? `${host}: the resolver gave no answer` : `${what}${host}`
    throw new TransportFailure('host-not-found', { code, detail, cause: error })
  }
}

async function connectTo(
  address: string,
  port: number,
  ms: number,
  { localAddress, signal }: ConnectOptions,
): Promise<Connected> {
  const opening = new Opening(new Socket({ allowHalfOpen: true }), signal)
  const { socket } = opening
  const detail = `${address} gave no answer`
  const giveUp = (): void => opening.fail(new TransportFailure('unreachable', { code: 'ETIMEDOUT', detail }))
  const deadline = ms === Infinity ? undefined : new Deadline(ms, giveUp).ref()
  try {
    const startedAt = performance.now()
    const connectedAt = await opening.wait<number>((done) => {
      const onConnect = () => done(performance.now())
      socket.once('connect', onConnect)
      socket.connect({ host: address, port, ...(localAddress !== undefined && { localAddress }) })
      return () => socket.off('connect', onConnect)
    })
    socket.setNoDelay(true)
    return { opening, address, startedAt, connectedAt }
  } catch (error) {
    opening.destroy()
    throw error
  } finally {
    deadline?.stop()
  }
}

// A host with an IPv6 address that this machine has no way to says nothing by it; that it refuses IPv4 does.
function moreTelling(before: TransportFailure | undefined, failure: TransportFailure): TransportFailure {
  return before !== undefined && failure.reason === 'unreachable' ? before : failure
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let forget = () => {}
  const aborted = new Promise<undefined>((resolve) => {
    const onAbort = () => resolve(undefined)
    signal.addEventListener('abort', onAbort, { once: true })
    forget = () => signal.removeEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  })
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), aborted])
    if (first !== undefined) return first.value
    signal.throwIfAborted()
    throw new Error('Expected an aborted signal')
  } finally {
    forget()
  }
}
